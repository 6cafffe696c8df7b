"""Joins the two sides of a search into one ranking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npcops.lore import Chunk, ScoredChunk

VECTOR_WEIGHT = 0.7
WORD_WEIGHT = 0.3


def fuse(candidates: Sequence[ScoredChunk]) -> list[tuple[Chunk, float]]:
    """The chunks with a score from 0 to 1, best first; equal scores are in the order of document and position.

    Each side's scores are scaled so that the worst candidate has 0 and the best 1, and added with fixed weights: unlike
    ranks, they keep how much better a find is. A candidate that a side knows nothing of has its 0; where all that a
    side knows are equal, they have 1.
    """
    similarity = _scaled(candidate.similarity for candidate in candidates)
    bm25 = _scaled(candidate.bm25 for candidate in candidates)
    fused = [
        (candidate.chunk, VECTOR_WEIGHT * near + WORD_WEIGHT * worded)
        for candidate, near, worded in zip(candidates, similarity, bm25, strict=True)
    ]
    return sorted(fused, key=lambda item: (-item[1], item[0].document, item[0].position))


def _scaled(scores: Iterable[float | None]) -> list[float]:
    values = list(scores)
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    if high == low:
        return [0.0 if value is None else 1.0 for value in values]
    return [0.0 if value is None else (value - low) / (high - low) for value in values]
