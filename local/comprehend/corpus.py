"""The labelled texts that the classifier learns from: comments and short messages, found toxic or not by people."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from pathlib import Path

NAME = "toxicity-texts"
# Texts are drawn by their own checksum, in hundredths, so that which ones are held out does not hang on any order.
HELD_OUT = range(10)
LEARNED = range(10, 35)
# Players' lines are short; the beginning of a long comment is enough to learn from.
CHARACTERS = 300
Labelled = tuple[str, bool]


def read(file: Path, share: range) -> Iterator[Labelled]:
    """The texts of that share, each with whether people found it toxic."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream)
        next(rows)
        for toxic, text in rows:
            if zlib.crc32(text.encode()) % 100 in share:
                yield text[:CHARACTERS], toxic == "1"
