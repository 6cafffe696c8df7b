"""Reads Ink scripts: one section per knot and stitch, text and choices as lines.

There is no well-kept Python parser for Ink. Only what a player can read is kept: logic, diverts, tags, notes and
comments are dropped; of alternatives all are kept, with slashes between them.
"""

from __future__ import annotations

import re

from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.front_matter import split_front_matter
from npcops.readers.ink_braces import render
from npcops.readers.metadata import refuse_bare_gate
from npcops.readers.outline import Outline

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|//[^\n]*", re.DOTALL)
_LOGIC = re.compile(r"^[ \t]*(?:~|TODO:|(?:VAR|CONST|LIST|INCLUDE|EXTERNAL)[ \t]).*$", re.MULTILINE)
_CHOICE_CONDITION = re.compile(
    r"^([ \t]*(?:[*+][ \t]*)+(?:\([ \t]*\w+[ \t]*\)[ \t]*)?)(?:\{[^{}]*\}\s*)+", re.MULTILINE
)
_KNOT_OR_STITCH = re.compile(r"\s*(=+)\s*(?:function\s+)?(\w+)")
_CHOICE = re.compile(r"\s*(?:[*+]\s*)+(?:\(\s*\w+\s*\)\s*)?")
_GATHER = re.compile(r"\s*(?:-(?!>)\s*)+(?:\(\s*\w+\s*\)\s*)?")
_SUPPRESSED = re.compile(r"([^\[\]]*)\[([^\[\]]*)\](.*)")
_DIVERT = re.compile(r"(?:->|<-).*")
_TAG = re.compile(r"#.*")
_GLOBAL_TAG = re.compile(r"\s*#\s*(.*)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = 0xF500
_REVEALED = re.compile(f"[{chr(_HIDDEN)}-{chr(_HIDDEN + 0x7F)}]")
_ADVICE = "A gate holds for a whole file: put it into a sidecar file."


def read(data: bytes, suffix: str) -> Content:
    """The content of an Ink file. Raises UnreadableDocument or TooLarge."""
    metadata, text = split_front_matter(decode(data))
    text = _ESCAPED.sub(lambda found: chr(_HIDDEN + ord(found[1])), text)
    text = _LOGIC.sub("", _COMMENT.sub("", text))
    title = _global_title(text)
    outline = Outline()
    for line in render(_CHOICE_CONDITION.sub(r"\1", text)).split("\n"):
        if heading := _KNOT_OR_STITCH.match(line):
            outline.heading(3 if heading[1] == "=" else 2, heading[2].replace("_", " "))
        elif line.strip():
            for said in _readable(line):
                outline.line(_REVEALED.sub(lambda found: chr(ord(found[0]) - _HIDDEN), said))
        else:
            outline.end_block()
    return Content(outline.sections(), title, metadata)


def _global_title(text: str) -> str | None:
    """The `# title: Name` among the tags at the top of a story."""
    title = None
    for line in text.split("\n"):
        if not line.strip():
            continue
        tag = _GLOBAL_TAG.fullmatch(line)
        if not tag:
            break
        refuse_bare_gate([tag[1]], _ADVICE)
        if tag[1].lower().startswith("title:"):
            title = tag[1][len("title:") :].strip()
    return title


def _readable(line: str) -> list[str]:
    """What a player reads of one line: for a choice, the choice as offered and then as spoken."""
    text = _TAG.sub("", line)
    if choice := _CHOICE.match(text):
        text = _DIVERT.sub("", text[choice.end() :]).replace("<>", "").strip()
        split = _SUPPRESSED.fullmatch(text)
        if not split:
            return [f"- {text}"] if text else []
        before, only_offered, after = split.groups()
        offered = f"{before}{only_offered}".strip()
        return ([f"- {offered}"] if offered else []) + ([f"{before}{after}"] if after.strip() else [])
    if gather := _GATHER.match(text):
        text = text[gather.end() :]
    return [_DIVERT.sub("", text).replace("<>", "")]
