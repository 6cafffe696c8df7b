"""Packed vectors: as good as vectors for telling what is alike."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.vectors import cosine, pack

numbers = st.floats(-1, 1, allow_nan=False, width=32).filter(lambda value: abs(value) > 1e-6 or not value)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    size = draw(st.integers(1, 80))
    one, other = (draw(st.lists(numbers, min_size=size, max_size=size).filter(any)) for _ in range(2))
    return one, other


@given(pairs())
def test_the_cosine_of_packed_vectors_is_nearly_that_of_the_vectors(pair: tuple[list[float], list[float]]) -> None:
    one, other = pair
    exact = sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))
    assert cosine(pack(one), pack(other)) == pytest.approx(exact, abs=0.01)


@given(st.lists(numbers, min_size=1, max_size=80).filter(any))
def test_a_vector_is_like_itself_whatever_its_length(vector: list[float]) -> None:
    assert cosine(pack(vector), pack([value * 0.01 for value in vector])) == pytest.approx(1, abs=1e-5)


def test_a_packed_vector_takes_a_byte_a_dimension() -> None:
    assert len(pack([0.1] * 1024)) == 1024 + 4


@pytest.mark.parametrize(("one", "other"), [([], []), ([1.0], []), ([0.0, 0.0], [1.0, 0.0]), ([1.0], [1.0, 0.0])])
def test_what_cannot_be_compared_has_no_cosine(one: list[float], other: list[float]) -> None:
    assert cosine(pack(one), pack(other)) is None
