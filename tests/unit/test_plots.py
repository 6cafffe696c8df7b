"""Where things stand in a report's plots."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.evaluations import Comparison
from npcops.figures import FIGURES, amount, change, figure
from npcops.plots import HEIGHT, WIDTH, column, histogram, interval, track

NUMBERS = st.floats(0, 1e6, allow_nan=False)


def seconds(value: float | None) -> str:
    return amount("ms", value)


@pytest.mark.parametrize(
    ("low", "high", "higher_is_better", "meaning"),
    [
        (0.01, 0.03, True, "better"),
        (-0.03, -0.01, True, "worse"),
        (-0.01, 0.03, True, "unclear"),
        (0.0, 0.03, True, "unclear"),
        (0.01, 0.03, False, "worse"),
        (-0.03, -0.01, False, "better"),
    ],
)
def test_better_is_on_the_right_whatever_the_figure(
    low: float, high: float, higher_is_better: bool, meaning: str
) -> None:
    drawn = interval(Comparison("any", 1.0, 1.0, (low + high) / 2, low, high, 9, higher_is_better))
    assert drawn is not None
    assert drawn.meaning == meaning
    assert drawn.low is not None
    assert drawn.high is not None
    assert 0 <= drawn.low <= drawn.x <= drawn.high <= 100
    assert (drawn.x > 50) == ((low + high > 0) == higher_is_better)


def test_without_a_difference_there_is_no_interval() -> None:
    assert interval(Comparison("any", 1.0)) is None


def test_without_bounds_a_difference_says_nothing_clear() -> None:
    drawn = interval(Comparison("any", 2.0, 1.0, 1.0, None, None, 1))
    assert drawn is not None
    assert (drawn.low, drawn.high, drawn.meaning) == (None, None, "unknown")


def test_no_difference_at_all_is_in_the_middle() -> None:
    drawn = interval(Comparison("any", 1.0, 1.0, 0.0, 0.0, 0.0, 5))
    assert drawn is not None
    assert (drawn.x, drawn.meaning) == (50, "unclear")


@given(st.lists(NUMBERS, max_size=30), st.lists(NUMBERS, max_size=30))
def test_every_bar_of_a_histogram_is_within_its_box(ours: list[float], theirs: list[float]) -> None:
    drawn = histogram(ours, theirs, seconds)
    if not [*ours, *theirs]:
        assert drawn is None
        return
    assert drawn is not None
    for bar in drawn.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert drawn.middle - bar.up >= 0
        assert drawn.middle + bar.down <= HEIGHT
    assert ("Candidate" in drawn.told) == bool(ours)
    assert ("Baseline" in drawn.told) == bool(theirs)


@given(st.lists(st.none() | NUMBERS, max_size=20))
def test_every_point_of_a_track_is_within_its_box(values: list[float | None]) -> None:
    drawn = track(values, ["passed"] * len(values), ["2026-05-01"] * len(values), seconds)
    if drawn is None:
        assert not [value for value in values if value is not None]
        return
    assert len(drawn.dots) == len([value for value in values if value is not None])
    for dot in drawn.dots:
        assert 0 <= dot.x <= WIDTH
        assert 0 <= dot.y <= HEIGHT
    assert [dot.x for dot in drawn.dots] == sorted({dot.x for dot in drawn.dots})


def test_higher_values_stand_higher() -> None:
    drawn = track([0.2, 0.9, 0.5], ["passed"] * 3, ["d"] * 3, seconds)
    assert drawn is not None
    first, second, third = (dot.y for dot in drawn.dots)
    assert second < third < first


def test_steps_are_equal() -> None:
    places = [column(number, 4) for number in range(4)]
    assert len({round(after - before, 1) for before, after in pairwise(places)}) == 1
    assert column(1.5, 4) == pytest.approx((places[1] + places[2]) / 2, abs=0.1)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("groundedness", 0.875, "87.5 %"),
        ("groundedness", 1.0, "100 %"),
        ("ms", 1240.0, "1.24 s"),
        ("cost_usd", 0.000423, "$0.00042"),
        ("cost_usd", 0.0, "$0.00"),
        ("cost_usd", 12.5, "$12.50"),
        ("input_tokens", 1812.4, "1,812"),
        ("something_new", 3.25, "3.2"),
        ("ms", None, "–"),
    ],
)
def test_values_are_read_with_their_units(name: str, value: float | None, text: str) -> None:
    assert amount(name, value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("groundedness", -0.031, "−3.1 points"),
        ("pass_rate", 0.04, "+4 points"),
        ("ms", -310.0, "−0.31 s"),
        ("ms", 0.0, "0.00 s"),
        ("cost_usd", 0.00002, "+$0.000020"),
        ("cost_usd", None, "–"),
    ],
)
def test_differences_are_read_with_their_sign(name: str, value: float | None, text: str) -> None:
    assert change(name, value) == text


def test_every_figure_is_told_in_sentences() -> None:
    assert all(known.told.endswith(".") for known in FIGURES.values())
    assert figure("something_new").label == "Something new"
