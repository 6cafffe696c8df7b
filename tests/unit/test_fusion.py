"""Fusing both sides of a search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.fusion import VECTOR_WEIGHT, WORD_WEIGHT, fuse
from npcops.lore import OPEN, Chunk, ScoredChunk


def scored(name: str, similarity: float | None, bm25: float | None) -> ScoredChunk:
    return ScoredChunk(Chunk(name, f"{name}.md", "T", (), name, 0, OPEN), similarity, bm25)


def names(candidates: list[ScoredChunk]) -> list[str]:
    return [chunk.id for chunk, _ in fuse(candidates)]


def test_the_scores_of_each_side_are_scaled_and_weighed() -> None:
    found = [scored("a", 0.9, 4.0), scored("b", 0.5, 14.0), scored("c", 0.7, 9.0), scored("d", 0.6, None)]
    assert {chunk.id: score for chunk, score in fuse(found)} == pytest.approx(
        {
            "a": VECTOR_WEIGHT,
            "b": WORD_WEIGHT,
            "c": VECTOR_WEIGHT / 2 + WORD_WEIGHT / 2,
            "d": VECTOR_WEIGHT / 4,
        }
    )


def test_a_far_better_find_by_words_beats_a_little_better_one_by_vector() -> None:
    assert names([scored("near", 0.52, 1.0), scored("named", 0.50, 9.0), scored("far", 0.1, 1.0)])[0] == "named"


def test_words_that_find_nothing_leave_the_order_of_the_vectors() -> None:
    assert names([scored("b", 0.2, None), scored("a", 0.8, None), scored("c", -0.3, None)]) == ["a", "b", "c"]


def test_a_question_without_vector_leaves_the_order_of_the_words() -> None:
    assert names([scored("b", None, 2.0), scored("a", None, 8.0)]) == ["a", "b"]


def test_nothing_found_is_nothing_fused() -> None:
    assert fuse([]) == []


def test_a_single_candidate_has_the_weights_of_the_sides_that_know_it() -> None:
    assert fuse([scored("a", 0.4, None)])[0][1] == pytest.approx(VECTOR_WEIGHT)
    assert fuse([scored("a", 0.4, 3.0)])[0][1] == pytest.approx(1.0)


def test_equal_scores_keep_the_order_of_the_documents() -> None:
    assert names([scored(name, 0.5, 2.0) for name in "cab"]) == ["a", "b", "c"]


scores = st.none() | st.floats(-1, 1)


@given(st.lists(st.tuples(scores, st.none() | st.floats(0, 1e6)), max_size=20))
def test_every_candidate_is_ranked_once_between_0_and_1(pairs: list[tuple[float | None, float | None]]) -> None:
    candidates = [scored(f"{n:02}", *pair) for n, pair in enumerate(pairs)]
    fused = fuse(candidates)
    assert sorted(chunk.id for chunk, _ in fused) == [candidate.chunk.id for candidate in candidates]
    assert all(0 <= score <= 1 + 1e-9 for _, score in fused)
    assert [score for _, score in fused] == sorted((score for _, score in fused), reverse=True)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 100)), min_size=2, max_size=12), st.randoms())
def test_the_ranking_does_not_depend_on_the_order_of_the_candidates(
    pairs: list[tuple[float, float]], shuffler: object
) -> None:
    candidates = [scored(f"{n:02}", *pair) for n, pair in enumerate(pairs)]
    mixed = list(candidates)
    shuffler.shuffle(mixed)
    assert fuse(mixed) == fuse(candidates)
