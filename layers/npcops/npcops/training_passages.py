"""Cuts plain text into passages for continued pre-training: whole paragraphs, as many as fit into one record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from npcops.training_records import Passage

# Some 700 to 1,000 tokens: within what every model that can be pre-trained further takes, with room for other scripts.
MOST_CHARACTERS = 4000
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+")


def passages_of(text: str) -> tuple[Passage, ...]:
    """The passages of a file in their order; each is split from others on its own."""
    found: list[Passage] = []
    waiting: list[str] = []
    begun, size = 0, 0
    for line, paragraph in _paragraphs(text):
        for piece in _pieces(paragraph):
            if waiting and size + len(piece) > MOST_CHARACTERS:
                found.append(_passage(waiting, begun))
                waiting, size = [], 0
            begun = begun if waiting else line
            waiting.append(piece)
            size += len(piece) + 2
    if waiting:
        found.append(_passage(waiting, begun))
    return tuple(found)


def _passage(pieces: list[str], line: int) -> Passage:
    text = "\n\n".join(pieces)
    return Passage(hashlib.blake2b(text.encode(), digest_size=12).hexdigest(), text, line)


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Paragraphs, each with the number of its first line."""
    lines: list[str] = []
    begun = 0
    for number, line in enumerate((*text.split("\n"), ""), 1):
        if line.strip():
            begun = begun if lines else number
            lines.append(line.strip())
        elif lines:
            yield begun, "\n".join(lines)
            lines = []


def _pieces(paragraph: str) -> Iterator[str]:
    """The paragraph, or its sentences if it is too long, or parts of these if they are."""
    if len(paragraph) <= MOST_CHARACTERS:
        yield paragraph
        return
    for sentence in _SENTENCE_END.split(paragraph):
        for start in range(0, len(sentence), MOST_CHARACTERS):
            if piece := sentence[start : start + MOST_CHARACTERS].strip():
                yield piece
