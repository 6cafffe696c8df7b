"""Reads Yarn Spinner scripts: one section per node, dialogue and options as lines.

There is no well-kept Python parser for Yarn. Only what a player can read is kept: commands, line tags, comments and
markup are dropped, and variables become words.
"""

from __future__ import annotations

import re

from npcops.errors import UnreadableDocument
from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.front_matter import split_front_matter
from npcops.readers.metadata import refuse_bare_gate
from npcops.readers.outline import Outline

_BODY, _END = "---", "==="
_COMMENT = re.compile(r"(?:^|(?<=\s))//.*")
_COMMAND = re.compile(r"<<(?:(?!<<).)*?>>")
_OPTION = re.compile(r"(?:->|=>)\s*")
_OLD_OPTION = re.compile(r"\[\[(?:([^\[\]|]*)\|)?[^\[\]]*\]\]")
_CHOOSING_MARKUP = re.compile(r"\[(?:select|plural|ordinal)\b([^\[\]]*)\]")
_MARKUP = re.compile(r"\[/?[A-Za-z_][^\[\]]*\]|\[/\]")
_QUOTED = re.compile(r'=\s*"([^"]*)"')
_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_VARIABLE = re.compile(r"\$(\w+)")
_ESCAPED = re.compile(r"\\([\[\]{}<>#/\\:])")
_HIDDEN = 0xF500
_REVEALED = re.compile(f"[{chr(_HIDDEN)}-{chr(_HIDDEN + 0x7F)}]")
_ADVICE = "A gate holds for a whole file: put it into a sidecar file."


def read(data: bytes, suffix: str) -> Content:
    """The content of a Yarn file. Raises UnreadableDocument or TooLarge."""
    metadata, text = split_front_matter(decode(data))
    outline = Outline()
    header: list[str] = []
    in_body, nodes = False, 0
    for line in text.split("\n"):
        mark = line.strip()
        if not in_body and mark == _BODY:
            in_body, nodes = True, nodes + 1
            refuse_bare_gate(header, _ADVICE)
            outline.heading(2, _node_title(header))
        elif mark == _END:
            in_body, header = False, []
            outline.end_block()
        elif not in_body:
            header.append(line)
        elif mark:
            outline.line(_spoken(mark))
        else:
            outline.end_block()
    if not nodes:
        raise UnreadableDocument(
            "This Yarn file has no node. A node starts with a line `title: Name`, then ---, its lines, and ===."
        )
    return Content(outline.sections(), None, metadata)


def _node_title(header: list[str]) -> str:
    for line in header:
        key, _, value = line.partition(":")
        if key.strip().lower() == "title" and value.strip():
            return value.replace("_", " ")
    raise UnreadableDocument("A node of this Yarn file has no line `title: Name` above its ---.")


def _spoken(line: str) -> str:
    """What a player reads of one line; empty if nothing."""
    text = _ESCAPED.sub(lambda found: chr(_HIDDEN + ord(found[1])), line)
    text = _without_tags(_COMMAND.sub("", _COMMENT.sub("", text)))
    option, text = _OPTION.match(text), _OPTION.sub("", text, count=1) if _OPTION.match(text) else text
    text = _OLD_OPTION.sub(lambda found: found[1] or "", text)
    text = _EXPRESSION.sub(_variables, text)
    text = _CHOOSING_MARKUP.sub(lambda found: "/".join(_QUOTED.findall(found[1])), text)
    text = _REVEALED.sub(lambda found: chr(ord(found[0]) - _HIDDEN), _MARKUP.sub("", text)).strip()
    return f"- {text}" if option and text else text


def _without_tags(text: str) -> str:
    words = text.split()
    while words and words[-1].startswith("#"):
        words.pop()
    return " ".join(words)


def _variables(found: re.Match[str]) -> str:
    return " ".join(name.replace("_", " ") for name in _VARIABLE.findall(found[1]))
