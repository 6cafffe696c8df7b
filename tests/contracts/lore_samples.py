"""Small lore for store tests: chunks whose vectors point where a test wants them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npcops.lore import OPEN, Chunk, Gate, IndexedChunk, Viewer, chunk_id
from npcops.ports import VectorStore

DIMENSIONS = 8
ANYONE = Viewer(npc=None)


@dataclass(frozen=True)
class Adapter:
    """A store with `settle`, which makes a Serverless collection's pending writes visible."""

    store: VectorStore
    settle: Callable[[], None]

    def publish(self, title: str, *documents: Sequence[IndexedChunk]) -> None:
        """Stage and commit documents."""
        for chunks in documents:
            self.store.stage(title, chunks)
            self.store.commit(title, chunks[0].chunk.document, ids(chunks))
        self.settle()


def pointing(degrees: float, plane: int = 0) -> tuple[float, ...]:
    """A unit vector at an angle from axis `plane` towards the next one: two in one plane have cos(difference)."""
    vector = [0.0] * DIMENSIONS
    vector[plane] = math.cos(math.radians(degrees))
    vector[plane + 1] = math.sin(math.radians(degrees))
    return tuple(vector)


def indexed(
    text: str,
    vector: Sequence[float] | None = None,
    document: str = "a.md",
    position: int = 0,
    gate: Gate = OPEN,
    title: str = "Lore",
    headings: tuple[str, ...] = (),
) -> IndexedChunk:
    """A chunk with its vector; without one it points away from every `pointing` vector of the first planes."""
    identity = chunk_id(document, title, headings, text, gate, True)
    chunk = Chunk(identity, document, title, headings, text, position, gate)
    return IndexedChunk(chunk, tuple(vector) if vector is not None else pointing(90, 6))


def ids(chunks: Sequence[IndexedChunk]) -> list[str]:
    """Their ids, in order."""
    return [item.chunk.id for item in chunks]
