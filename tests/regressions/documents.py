"""The lore of the sample world, read and cut as hydration does it."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import msgspec

from npcops.chunking import chunk
from npcops.lore import OPEN, Chunk, chunk_id
from npcops.readers import read_document
from tests.regressions.changes import WORLD

SIDECAR = ".meta.yaml"


@functools.cache
def documents() -> tuple[tuple[Chunk, ...], ...]:
    """The chunks of every document of the sample world."""
    return tuple(_chunks())


def _chunks() -> Iterator[tuple[Chunk, ...]]:
    root = WORLD / "lore"
    for path in sorted(path for path in root.rglob("*") if path.is_file() and not path.name.endswith(SIDECAR)):
        beside = path.with_name(path.name + SIDECAR)
        sidecar = beside.read_bytes() if beside.exists() else None
        found = tuple(chunk(read_document(path.relative_to(root).as_posix(), path.read_bytes(), sidecar)))
        if found:
            yield found


def without_gate(one: Chunk) -> Chunk:
    """The same text for everybody."""
    name = chunk_id(one.document, one.title, one.headings, one.text, OPEN, one.canon)
    return msgspec.structs.replace(one, id=name, gate=OPEN)
