"""The token estimate: on the safe side of known counts, and steady when texts are put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.tokens import estimate


@given(st.text(), st.text())
def test_estimates_add_up(one: str, other: str) -> None:
    together = estimate(one + other)
    assert max(estimate(one), estimate(other)) <= together
    assert estimate(one) + estimate(other) - 1 <= together <= estimate(one) + estimate(other)


@given(st.text())
def test_bounds(text: str) -> None:
    assert 0 <= estimate(text) <= 3 * len(text)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        # Counted with the byte-pair vocabulary of Qwen 2.5.
        ("The lamp burns white on ordinary nights.", 8),
        ("Hobb Light stands on Hobb Rock, nine miles out across the Pale Flats.", 18),
        ("In the year 196 a whole wagon of church candles sank here with its ox.", 19),
        ("Маяк Хобб стоит на скале, в девяти милях от берега.", 23),
        ("老人们说，那一年雪下了四十天，井水都结了冰。", 18),
    ],
)
def test_estimates_lie_a_little_above_real_counts(text: str, counted: int) -> None:
    assert counted <= estimate(text) <= 1.7 * counted


def test_nothing_costs_nothing() -> None:
    assert estimate("") == estimate("  \t ") == 0
    assert estimate("\n\n") == 2
    assert estimate("🙂") == 3
