"""Finds exchanges that say again what another one has said, in the same words or in nearly the same ones."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable

from rapidfuzz import fuzz

from npcops.likeness import normalised
from npcops.training_records import Exchange

SAME, NEARLY = "a duplicate", "nearly a duplicate"
# Both what is said and what is answered must be so much alike (RapidFuzz's ratio, 0 to 100).
ALIKE = 90.0
# Nearly equal texts share one of so many of their runs of words, those with the lowest hashes (a bottom-k sketch).
_SKETCH, _RUN = 8, 3
# Phrases that everybody uses are in many sketches; the latest ones are looked at.
_MOST_ALIKE = 200
_NUMBERS = re.compile(r"\d+")


class Duplicates:
    """What was said so far. What differs in a number is no duplicate: prices and dates are facts."""

    def __init__(self) -> None:
        self._same: set[tuple[str, str]] = set()
        self._near: dict[int, list[tuple[str, str]]] = defaultdict(list)

    def why(self, exchange: Exchange) -> str:
        """Why the exchange is not needed; empty if it is new, and then it is remembered."""
        pair = (normalised(exchange.prompt), normalised(exchange.completion))
        if pair in self._same:
            return SAME
        sketch = _sketch(pair)
        near = dict.fromkeys(other for run in sketch for other in self._near[run][-_MOST_ALIKE:])
        if any(_alike(pair, other) for other in near):
            return NEARLY
        self._same.add(pair)
        for run in sketch:
            self._near[run].append(pair)
        return ""


def _alike(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return all(fuzz.ratio(text, against, score_cutoff=ALIKE) >= ALIKE for text, against in zip(one, other, strict=True))


def _sketch(pair: tuple[str, str]) -> list[int]:
    """Texts with other numbers have nothing in common."""
    numbers = hashlib.blake2b(repr([_NUMBERS.findall(text) for text in pair]).encode(), digest_size=8).hexdigest()
    words = " ".join(pair).split()
    runs = (" ".join(words[start : start + _RUN]) for start in range(max(len(words) - _RUN + 1, 1)))
    return sorted(_hashes(f"{run} {numbers}" for run in runs))[:_SKETCH]


def _hashes(runs: Iterable[str]) -> set[int]:
    return {int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest()) for run in runs}
