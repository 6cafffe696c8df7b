"""Paired differences: their interval, and what there is to say of next to nothing."""

from __future__ import annotations

from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.statistics import interval, percentile

VALUES = st.floats(-1, 1, allow_subnormal=False)


@settings(deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_interval_holds_the_mean_and_hangs_on_no_order(values: list[float], random: object) -> None:
    found = interval(values, "seed")
    assert found is not None
    low, high = found
    assert min(values) <= low <= high <= max(values)
    assert interval(sorted(values), "seed") == found
    assert interval(values[::-1], "seed") == found


@settings(deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=40))
def test_the_other_sides_view_is_the_mirror_image_but_for_chance(values: list[float]) -> None:
    low, high = interval(values, "seed") or (0, 0)
    other = interval([-value for value in values], "seed") or (0, 0)
    spread = max(values) - min(values)
    assert abs(low + other[1]) <= 0.15 * spread + 1e-9
    assert abs(high + other[0]) <= 0.15 * spread + 1e-9


@pytest.mark.parametrize("values", [[], [0.5]])
def test_fewer_than_two_pairs_have_no_interval(values: list[float]) -> None:
    assert interval(values, "seed") is None


def test_equal_differences_leave_no_doubt() -> None:
    assert interval([-0.25] * 7, "seed") == (-0.25, -0.25)


def test_it_finds_a_loss_and_not_a_coincidence() -> None:
    lost = interval([-1.0] * 5 + [0.0] * 15, "seed")
    assert lost is not None
    assert lost[1] < 0
    for values in ([-1.0, 1.0] * 10, [-1.0] + [0.0] * 19, [0.0] * 20):
        found = interval(values, "seed")
        assert found is not None
        assert found[0] <= 0 <= found[1]


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    """300 samples of 30 from a lopsided distribution whose mean is known."""
    import random

    drawn, covered = random.Random(7), 0
    for number in range(300):
        low, high = interval([drawn.expovariate(1.0) for _ in range(30)], str(number)) or (0, 0)
        covered += low <= 1 <= high
    assert 0.88 <= covered / 300 <= 0.98


def test_percentiles() -> None:
    assert percentile([], 0.95) is None
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([float(n) for n in range(101)], 0.95) == pytest.approx(95)
    assert percentile([1.0, 3.0], 0.5) == fmean([1, 3])
