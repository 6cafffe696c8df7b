"""Use case: find the lore that answers a player's question, as passages that fill a token budget."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from npcops.fusion import fuse
from npcops.lore import Chunk, Passage, Viewer
from npcops.ports import EmbeddingModel, VectorStore
from npcops.tokens import estimate

# More finds per side change nothing in the first passages; fewer leave large budgets unfilled.
FINDS_PER_SIDE = 50
PER_DOCUMENT = 3
# Counting the tokens of everything that was found would cost more than the rest of a turn.
MISFITS = 12
# A question this short often leans on what was said before ("And who built it?"). Longer ones name what they mean, and
# would be drawn back to the last topic.
SHORT_TOKENS = 12
REMEMBERED_MESSAGES = 2
MEMORY_WEIGHT = 0.3


class Found(msgspec.Struct, frozen=True):
    """Passages, best first, and the vector they were found with; it is empty where nothing was searched."""

    passages: tuple[Passage, ...] = ()
    vector: tuple[float, ...] = ()


class Retriever:
    """Searches by meaning and by words, fuses both, and makes passages of the best chunks."""

    def __init__(self, embeddings: EmbeddingModel, store: VectorStore) -> None:
        self._embeddings, self._store = embeddings, store

    def find(
        self,
        title: str,
        question: str,
        viewer: Viewer,
        budget_tokens: int,
        limit: int = FINDS_PER_SIDE,
        history: Sequence[str] = (),
    ) -> Found:
        """Passages that `viewer` may see, best first, of at most `budget_tokens` (npcops.tokens) with their headings.

        `limit` is how many chunks each side of the search may find. `history` holds the player's last messages, oldest
        first; a short question is understood with them, by a second vector from the same call of the model. Raises
        ModelFailed, ModelUnavailable or StoreUnavailable. A question without letters finds nothing.
        """
        if not any(character.isalnum() for character in question):
            return Found()
        said = " ".join(history[-REMEMBERED_MESSAGES:])
        if any(character.isalnum() for character in said) and not stands_alone(question):
            vector = _blend(*self._embeddings.embed_queries([question, said]))
            question = f"{question} {said}"
        else:
            (vector,) = self._embeddings.embed_queries([question])
        ranked = fuse(self._store.search(title, question, vector, viewer, limit))
        return Found(tuple(_passages(select(ranked, budget_tokens))), vector)


def stands_alone(question: str) -> bool:
    """Whether a question says by itself what it is about: it is understood without what was said before."""
    return estimate(question) > SHORT_TOKENS


def _blend(vector: Sequence[float], memory: Sequence[float]) -> tuple[float, ...]:
    """A unit vector between two, nearer to the first."""
    mixed = [(1 - MEMORY_WEIGHT) * one + MEMORY_WEIGHT * other for one, other in zip(vector, memory, strict=True)]
    length = math.hypot(*mixed) or 1.0
    return tuple(number / length for number in mixed)


def select(ranked: Sequence[tuple[Chunk, float]], budget_tokens: int) -> list[tuple[Chunk, float]]:
    """The best chunks that fit the budget together: first at most three of a document, then whatever has room left.

    A chunk that does not fit is passed over, for a smaller one may; after some of them the budget counts as filled.
    """
    first: list[tuple[Chunk, float]] = []
    later: list[tuple[Chunk, float]] = []
    of_document: Counter[str] = Counter()
    for chunk, score in ranked:
        of_document[chunk.document] += 1
        (first if of_document[chunk.document] <= PER_DOCUMENT else later).append((chunk, score))
    return list(_fitting([*first, *later], budget_tokens))


def _fitting(ranked: Iterable[tuple[Chunk, float]], budget_tokens: int) -> Iterator[tuple[Chunk, float]]:
    misfits = 0
    for chunk, score in ranked:
        cost = estimate(chunk.search_text)
        if cost <= budget_tokens:
            budget_tokens -= cost
            yield chunk, score
        elif (misfits := misfits + 1) == MISFITS:
            return


def _passages(chosen: Iterable[tuple[Chunk, float]]) -> list[Passage]:
    """Neighbours joined in their order; best first."""
    runs: list[list[tuple[Chunk, float]]] = []
    for item in sorted(chosen, key=lambda item: (item[0].document, item[0].position)):
        if runs and _follows(runs[-1][-1][0], item[0]):
            runs[-1].append(item)
        else:
            runs.append([item])
    return sorted((_passage(run) for run in runs), key=lambda passage: -passage.score)


def _follows(first: Chunk, second: Chunk) -> bool:
    """Whether two chunks are one text cut in two. Those with different gates are not shown as one."""
    return (
        first.document == second.document
        and first.position + 1 == second.position
        and first.heading_path == second.heading_path
        and (first.gate, first.canon) == (second.gate, second.canon)
    )


def _passage(run: Sequence[tuple[Chunk, float]]) -> Passage:
    best, score = max(run, key=lambda item: item[1])
    return Passage(
        id=best.id,
        document=best.document,
        title=best.title,
        heading_path=best.heading_path,
        text="\n".join(chunk.text for chunk, _ in run),
        score=score,
        gate=best.gate,
        canon=best.canon,
        chunks=tuple(chunk.id for chunk, _ in run),
    )
