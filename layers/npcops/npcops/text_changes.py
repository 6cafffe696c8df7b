"""What changed between two texts, line by line and, within a changed line, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

# How many unchanged lines are shown around a change.
AROUND = 2
# Comparing takes the square of the length at worst; longer texts are shown whole, the old one and the new one.
MOST_LINES, MOST_WORDS = 2_000, 1_500
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class Part(msgspec.Struct, frozen=True):
    """A piece of a line; `changed` if the other text does not have it."""

    text: str
    changed: bool = False


class Line(msgspec.Struct, frozen=True):
    """A line that stayed (`=`), went (`-`) or came (`+`); `…` stands for `left_out` lines that stayed."""

    sign: Literal["=", "-", "+", "…"]
    parts: tuple[Part, ...] = ()
    left_out: int = 0


def changed_lines(before: str, after: str) -> list[Line]:
    """The changed lines of a text with `AROUND` unchanged ones on either side. Nothing for equal texts."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MOST_LINES:
        return [*_whole("-", old), *_whole("+", new)]
    found: list[Line] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, first, last, low, high in matcher.get_opcodes():
        if tag == "equal":
            found.extend(_unchanged(old[first:last], first == 0, last == len(old)))
        else:
            found.extend(_replaced(old[first:last], new[low:high]))
    return found if any(line.sign in "+-" for line in found) else []


def _unchanged(lines: Sequence[str], at_start: bool, at_end: bool) -> Iterator[Line]:
    head = 0 if at_start else AROUND
    tail = 0 if at_end else AROUND
    hidden = len(lines) - head - tail
    if hidden <= 1:
        yield from _whole("=", lines)
        return
    yield from _whole("=", lines[:head])
    yield Line("…", left_out=hidden)
    yield from _whole("=", lines[len(lines) - tail :])


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Lines that stand in the place of others are compared pair by pair."""
    pairs = [_words(*pair) for pair in zip(old, new, strict=False)]
    yield from (Line("-", gone) for gone, _ in pairs)
    yield from _whole("-", old[len(pairs) :])
    yield from (Line("+", come) for _, come in pairs)
    yield from _whole("+", new[len(pairs) :])


def _whole(sign: Literal["=", "-", "+"], lines: Sequence[str]) -> Iterator[Line]:
    yield from (Line(sign, (Part(line),)) for line in lines)


def _words(old: str, new: str) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    ours, theirs = _WORDS.findall(old), _WORDS.findall(new)
    if max(len(ours), len(theirs)) > MOST_WORDS:
        return (Part(old, True),), (Part(new, True),)
    gone: list[Part] = []
    come: list[Part] = []
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for tag, first, last, low, high in matcher.get_opcodes():
        changed = tag != "equal"
        if last > first:
            gone.append(Part("".join(ours[first:last]), changed))
        if high > low:
            come.append(Part("".join(theirs[low:high]), changed))
    return tuple(gone), tuple(come)
