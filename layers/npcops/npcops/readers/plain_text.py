"""Reads plain text: paragraphs between blank lines, front matter if there is any."""

from __future__ import annotations

import re
from itertools import pairwise

from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.front_matter import split_front_matter
from npcops.readers.outline import Outline

_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
_STARTS_ITEM = re.compile(r"\s*(?:[-*•–—]\s|\d+[.)]\s|[^\s:][^:]{0,30}:\s)")
_WRAPPED_AT = 50


def read(data: bytes, suffix: str) -> Content:
    """The content of a text file. Raises UnreadableDocument or TooLarge."""
    metadata, text = split_front_matter(decode(data))
    outline = Outline()
    for paragraph in _BLANK_LINES.split(text):
        outline.paragraph(unwrap(paragraph))
    return Content(outline.sections(), None, metadata)


def unwrap(paragraph: str) -> str:
    """Join the lines of prose that was broken at a column, and leave lists, verse and dialogue as they are.

    A line that is nearly as long as its paragraph's longest was broken for width; a short one was meant to end.
    """
    lines = [line.strip() for line in paragraph.strip("\n").split("\n")]
    longest = max(map(len, lines))
    if longest < _WRAPPED_AT:
        return "\n".join(lines)
    joined = lines[:1]
    for before, line in pairwise(lines):
        wrapped = len(before) >= 0.75 * longest and not _STARTS_ITEM.match(line)
        joined.append(f" {line}" if wrapped else f"\n{line}")
    return "".join(joined)
