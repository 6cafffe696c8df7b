"""Reads Yarn Spinner scripts: one section per node, dialogue and options as lines."""

from __future__ import annotations

from npcops.errors import UnreadableDocument
from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.front_matter import split_front_matter
from npcops.readers.metadata import refuse_bare_gate
from npcops.readers.outline import Outline
from npcops.readers.yarn_lines import spoken

_BODY, _END = "---", "==="
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
            outline.line(spoken(mark))
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
