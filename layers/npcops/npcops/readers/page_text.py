"""Makes paragraphs again of the lines that a page was printed with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from npcops.readers.outline import squeeze

_NUMBERS = re.compile(r"\d+")
_ENDS = re.compile(r"[.!?:…。！？][\"'”’»)\]]*$")
_HYPHEN = re.compile(r"\w[-\u2010]$")
_ITEM = re.compile(r"\s*(?:[-*•▪●◦–]\s|\d+[.)]\s)")
_MANY_PAGES = 4


def without_running_heads(pages: Sequence[str]) -> list[list[str]]:
    """The lines of every page, without those at top and bottom that most pages repeat but for their numbers."""
    split = [_trimmed([squeeze(line) for line in page.split("\n")]) for page in pages]
    if len(split) < _MANY_PAGES:
        return split
    edges = Counter(key for lines in split for key in {_shape(line) for line in (*lines[:1], *lines[-1:])})
    running = {key for key, count in edges.items() if count > len(split) / 2}
    for lines in split:
        while lines and _shape(lines[0]) in running:
            del lines[0]
        while lines and _shape(lines[-1]) in running:
            del lines[-1]
    return split


def paragraphs(pages: Sequence[Sequence[str]], headings: Collection[str]) -> Iterator[str]:
    """Join lines into paragraphs, also across pages; a line that is one of `headings` (folded) stays alone.

    A paragraph ends at an empty line, before a list item, after a line of less than half the page's width (a
    heading, a row), and after one that is a little shorter if it ends a sentence.
    """
    current: list[str] = []
    for lines in pages:
        width = max(map(len, lines), default=0)
        for line in lines:
            is_heading = line.casefold() in headings
            if current and (not line or is_heading or _ITEM.match(line)):
                yield "".join(current)
                current = []
            if is_heading:
                yield line
            elif line:
                _append(current, line)
                if len(line) < (0.8 if _ENDS.search(line) else 0.5) * width:
                    yield "".join(current)
                    current = []
    if current:
        yield "".join(current)


def _append(parts: list[str], line: str) -> None:
    """Add a line to a paragraph; a word that was divided at the end of the line before is made whole."""
    if parts and line[:1].islower() and _HYPHEN.search(parts[-1][-2:]):
        parts[-1] = parts[-1][:-1]
        parts.append(line)
    else:
        parts.append(f" {line}" if parts else line)


def _trimmed(lines: list[str]) -> list[str]:
    first = next((number for number, line in enumerate(lines) if line), len(lines))
    last = next((number for number in range(len(lines), 0, -1) if lines[number - 1]), 0)
    return lines[first:last]


def _shape(line: str) -> str:
    return _NUMBERS.sub("#", line)
