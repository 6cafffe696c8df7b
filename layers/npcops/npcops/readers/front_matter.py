"""Splits the YAML between two lines of --- off the top of a text file, and reads sidecars."""

from __future__ import annotations

import re

from npcops.errors import TooLarge, UnreadableDocument
from npcops.lore_paths import MAX_SIDECAR_BYTES
from npcops.readers.decoding import decode
from npcops.readers.limits import MAX_FRONT_MATTER_BYTES
from npcops.readers.metadata import NOTHING, Metadata, read_metadata, refuse_bare_gate
from npcops.readers.yaml_text import load_yaml

_FENCE = re.compile(r"\s*-{3,}\s*")
_CLOSE = re.compile(r"-{3,}\s*|\.\.\.\s*")
# What a word processor makes of ---, and the fence of TOML.
_DASHES = frozenset("-–—―−")
_TOML_FENCE = "+++"
_FRONT_MATTER = "The front matter"
_SIDECAR = "The sidecar file"
_ADVICE = "Put it between two lines of --- at the very top of the file, or into a sidecar file."
_OPENING_LINES = 20


def split_front_matter(text: str) -> tuple[Metadata, str]:
    """The metadata at the top of `text` and the text below it.

    Raises UnreadableDocument for front matter that is not closed or cannot be read, and for gates that stand at the
    top of the file outside front matter.
    """
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return NOTHING, ""
    start = lines[first].strip()
    if start == _TOML_FENCE or (start != "-" and _DASHES.issuperset(start) and not _FENCE.fullmatch(start)):
        raise UnreadableDocument(
            f"Line {first + 1} looks like the start of front matter but is not three hyphens (---). Correct it."
        )
    if not _FENCE.fullmatch(start):
        _refuse_unfenced(lines[first : first + _OPENING_LINES])
        return NOTHING, text
    for last in range(first + 1, len(lines)):
        if _CLOSE.fullmatch(lines[last]):
            matter = "\n".join(lines[first + 1 : last])
            return _metadata(matter, _FRONT_MATTER, line_offset=first + 1), "\n".join(lines[last + 1 :])
    raise UnreadableDocument(f"The front matter that starts at line {first + 1} has no closing line ---.")


def read_sidecar(data: bytes) -> Metadata:
    """The metadata in a `<name>.meta.yaml`. Raises UnreadableDocument or TooLarge."""
    if len(data) > MAX_SIDECAR_BYTES:
        raise TooLarge(f"{_SIDECAR} is larger than {MAX_SIDECAR_BYTES:,} bytes.")
    try:
        text = decode(data)
    except UnreadableDocument as error:
        raise UnreadableDocument(f"The sidecar file cannot be read. {error}") from error
    if not text.strip():
        raise UnreadableDocument("The sidecar file is empty. Fill it or delete it.")
    if not _FENCE.fullmatch(text.lstrip().split("\n", 1)[0]):
        return _metadata(text, _SIDECAR, line_offset=0)
    metadata, rest = split_front_matter(text if _closed(text) else f"{text}\n---")
    if rest.strip():
        raise UnreadableDocument(
            "The sidecar file may hold only keys such as `title` and `known_by`, no text below them."
        )
    return metadata


def _closed(text: str) -> bool:
    return any(_CLOSE.fullmatch(line) for line in text.strip().split("\n")[1:])


def _metadata(text: str, what: str, line_offset: int) -> Metadata:
    if len(text.encode()) > MAX_FRONT_MATTER_BYTES:
        raise TooLarge(f"{what} is larger than {MAX_FRONT_MATTER_BYTES:,} bytes.")
    values = load_yaml(text, what, line_offset)
    if values is None:
        return NOTHING
    if not isinstance(values, dict):
        raise UnreadableDocument(f"{what} must be lines like `title: Something`, one key per line.")
    return read_metadata(values, what)


def _refuse_unfenced(lines: list[str]) -> None:
    opening = []
    for line in lines:
        if not line.strip() or _CLOSE.fullmatch(line):
            break
        opening.append(line)
    refuse_bare_gate(opening, _ADVICE)
