"""Splits training data into parts by conversation, always the same way, so that no occasion is in two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, TypeVar

from npcops.training_records import Lesson, Passage

Part = Literal["train", "validation", "heldout"]
PARTS: tuple[Part, ...] = ("train", "validation", "heldout")
HELDOUT, VALIDATION = 0.1, 0.1
# No part but `train` may have more than this share of the records, or small data would hardly be learned.
_MOST = 1 / 3
# Fewer tell nothing; of small data this share has to do.
_LEAST: dict[Part, int] = {"heldout": 10, "validation": 5}
_LEAST_OF_TEXTS: dict[Part, int] = {"validation": 5}
_SMALL = 0.15

_Record = TypeVar("_Record", Lesson, Passage)


def split(records: Sequence[_Record], heldout: float = HELDOUT) -> dict[Part, list[_Record]]:
    """The records by part, in their order; `heldout` 0 holds none back.

    A conversation's part hangs on its name: more data later leaves it where it was, so that what was once held out is
    not learned by the next model. Only of small data, parts that would be too small to tell anything are given the
    next conversations. Of two conversations one is held out, of three one is for validation too.
    """
    sizes: dict[str, int] = {}
    for record in records:
        sizes[record.conversation] = sizes.get(record.conversation, 0) + _size(record)
    placed = _filled({name: _part(_place(name), heldout) for name in sizes}, sizes, heldout)
    parts: dict[Part, list[_Record]] = {part: [] for part in PARTS}
    for record in records:
        parts[placed[record.conversation]].append(record)
    return parts


def _size(record: Lesson | Passage) -> int:
    return len(record.exchanges) if isinstance(record, Lesson) else 1


def _place(conversation: str) -> float:
    """From 0 to 1, the same for the same name."""
    return int.from_bytes(hashlib.blake2b(conversation.encode(), digest_size=8).digest()) / 2**64


def _part(place: float, heldout: float) -> Part:
    if place < heldout:
        return "heldout"
    return "validation" if place < heldout + VALIDATION else "train"


def _filled(placed: dict[str, Part], sizes: dict[str, int], heldout: float) -> dict[str, Part]:
    """The same, with parts that are too large made smaller and those that are too small larger, as far as that goes."""
    placed, total = dict(placed), sum(sizes.values())
    most = total * _MOST
    for part in _LEAST if heldout else _LEAST_OF_TEXTS:
        names = _ordered(placed, part)
        while len(names) > 1 and sum(sizes[name] for name in names) > most:
            placed[names.pop()] = "train"
    if placed and "train" not in placed.values():
        placed[max(placed, key=lambda name: (sizes[name], name))] = "train"
    if heldout and "heldout" not in placed.values() and len(_ordered(placed, "train")) < 2:
        # To judge the model comes before watching it learn.
        placed |= dict.fromkeys(_ordered(placed, "validation")[:1], "heldout")
    for part, least in (_LEAST if heldout else _LEAST_OF_TEXTS).items():
        while (more := _next(placed, part, sizes, min(least, total * _SMALL), most)) is not None:
            placed[more] = part
    return placed


def _ordered(placed: dict[str, Part], part: Part) -> list[str]:
    return sorted((name for name in placed if placed[name] == part), key=_place)


def _next(placed: dict[str, Part], part: Part, sizes: dict[str, int], least: float, most: float) -> str | None:
    """The conversation that a part still lacks: the first that fits into it, or the smallest if it has none at all."""
    size = sum(sizes[name] for name in placed if placed[name] == part)
    learned = _ordered(placed, "train")
    if size >= least or len(learned) < 2:
        return None
    fitting = next((name for name in learned if size + sizes[name] <= most), None)
    return fitting if fitting or size else min(learned, key=lambda name: sizes[name])
