"""When figures fall: exact tests, few false alarms on noise, and falls that are found soon."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.trend import (
    CHANCE,
    WINDOW,
    Fall,
    Point,
    chance_of_broken,
    chance_of_newest,
    lasting_fall,
    sudden_fall,
)

LEAST = 0.05
SHARES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=4, max_size=9)


def series(values: list[float]) -> list[Point]:
    """As of live turns."""
    return [Point(f"{number:04d}", {"": value}) for number, value in enumerate(values)]


def cases(name: str, passed: int, of: int = 40) -> Point:
    return Point(name, {f"c{number}": float(number < passed) for number in range(of)})


def alarms(draw: Callable[[random.Random, int], Point], seed: int, weeks: int) -> list[int]:
    """The weeks in which a fall is told; after that only what comes later is looked at."""
    source, points, found = random.Random(seed), list[Point](), list[int]()
    for week in range(weeks):
        points.append(draw(source, week))
        if lasting_fall(points, LEAST) or sudden_fall(points):
            found.append(week)
            points = []
    return found


@given(SHARES, st.integers(1, 3))
def test_the_chance_is_the_share_of_orders_whose_last_values_are_as_low(values: list[float], newest: int) -> None:
    least = sum(values[-newest:])
    orders = list(itertools.permutations(range(len(values)), newest))
    as_low = sum(sum(values[place] for place in drawn) <= least + 1e-9 for drawn in orders)
    chance = as_low / len(orders)
    assert chance_of_newest(values, newest) == pytest.approx(chance)
    assert chance_of_newest(values, newest, 0.2) == pytest.approx(1.0 if chance > 0.2 + 1e-12 else chance)


@given(st.integers(0, 30), st.integers(0, 30))
def test_the_chance_that_so_many_broke_is_that_of_a_fair_coin(broken: int, mended: int) -> None:
    tosses = broken + mended
    assert chance_of_broken(broken, mended) == pytest.approx(
        math.fsum(math.comb(tosses, heads) * 0.5**tosses for heads in range(broken, tosses + 1))
    )


@given(st.lists(st.floats(0, 1), max_size=40))
@settings(max_examples=60)
def test_what_never_falls_is_never_a_fall(values: list[float]) -> None:
    assert lasting_fall(series(sorted(values)), LEAST) is None
    assert sudden_fall(series(sorted(values))) is None


@given(st.lists(st.floats(0, 1), max_size=30), st.integers(2, 5), st.floats(-1, 1))
@settings(max_examples=60)
def test_neither_scale_nor_origin_matters_to_what_is_found(values: list[float], times: int, more: float) -> None:
    values = [round(value, 3) for value in values]
    before, after = (
        lasting_fall(series([factor * value + shift for value in values]), factor * LEAST)
        for factor, shift in ((1, 0.0), (times, round(more, 3)))
    )
    clear = [abs(_drop(values, newest) - LEAST) > 1e-6 for newest in (3, 6) if len(values) > newest]
    if all(clear):
        assert (before is None) == (after is None)


def _drop(values: list[float], newest: int) -> float:
    return math.fsum(values[:-newest]) / (len(values) - newest) - math.fsum(values[-newest:]) / newest


@pytest.mark.parametrize("high", range(13))
def test_a_dozen_points_are_never_enough(high: int) -> None:
    assert lasting_fall(series([1.0] * high + [0.0] * (12 - high)), LEAST) is None
    assert lasting_fall(series([1.0] * 7 + [0.0] * 6), LEAST) is not None


def test_three_low_points_after_half_a_year_are_found() -> None:
    assert lasting_fall(series([0.9] * 23 + [0.8, 0.81]), LEAST) is None
    found = lasting_fall(series([0.9] * 23 + [0.8, 0.81, 0.79]), LEAST)
    expected = Fall("lasting", pytest.approx(0.9), pytest.approx(0.8), 3, 26, "0000", 1 / math.comb(26, 3))
    assert found == expected


def test_with_less_history_it_takes_six() -> None:
    values = [0.9] * 8 + [0.8] * 6
    assert lasting_fall(series(values[:-1]), LEAST) is None
    found = lasting_fall(series(values), LEAST)
    assert found is not None
    assert (found.newest, found.chance) == (6, 1 / math.comb(14, 6))


def test_a_fall_that_is_too_small_to_matter_is_none() -> None:
    assert lasting_fall(series([0.9] * 23 + [0.86] * 3), LEAST) is None
    assert lasting_fall(series([0.9] * 23 + [0.86] * 3), 0.03) is not None


def test_what_is_older_than_the_window_does_not_count() -> None:
    assert lasting_fall(series([1.0] * 30 + [0.5] * WINDOW), LEAST) is None


def test_what_has_risen_again_is_no_fall() -> None:
    assert lasting_fall(series([0.9] * 20 + [0.5] * 2 + [0.9] * 4), LEAST) is None


NOISE: dict[str, Callable[[random.Random, int], Point]] = {
    "40 cases pass nine times in ten": lambda source, week: Point(
        f"{week:04d}", {f"c{number}": float(source.random() < 0.9) for number in range(40)}
    ),
    "8 cases pass every other time": lambda source, week: Point(
        f"{week:04d}", {f"c{number}": float(source.random() < 0.5) for number in range(8)}
    ),
    "live groundedness scatters by 3 points": lambda source, week: Point(f"{week:04d}", {"": source.gauss(0.8, 0.03)}),
    "live groundedness scatters by 10 points": lambda source, week: Point(f"{week:04d}", {"": source.gauss(0.8, 0.1)}),
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_gives_no_more_false_alarms_than_is_stated(name: str) -> None:
    """Once in ten years of weekly points at most: then more than 6 in 30 years come by a chance of 3 %."""
    found = sum(len(alarms(NOISE[name], seed, 52)) for seed in range(30))
    assert found <= 6


@pytest.mark.parametrize(("history", "within"), [(20, 5), (10, 6)])
@pytest.mark.parametrize("seed", range(5))
def test_a_seeded_fall_is_found_within_weeks(history: int, within: int, seed: int) -> None:
    def draw(source: random.Random, week: int) -> Point:
        chance = 0.95 if week < history else 0.7
        return Point(f"{week:04d}", {f"c{number}": float(source.random() < chance) for number in range(40)})

    found = alarms(draw, seed, history + within)
    assert [week for week in found if week >= history]


@pytest.mark.parametrize("seed", range(5))
def test_a_slow_fall_is_found(seed: int) -> None:
    """One point a week, with as much noise."""
    found = alarms(lambda source, week: Point(f"{week:04d}", {"": source.gauss(0.85 - 0.01 * week, 0.01)}), seed, 16)
    assert found


def test_what_breaks_at_once_is_found_at_once() -> None:
    points = [cases("a", 38), cases("b", 37), cases("c", 38), cases("d", 20)]
    found = sudden_fall(points)
    assert found == Fall("sudden", 37 / 40, 0.5, 1, 4, "a", 1 / 2**18)


@pytest.mark.parametrize(
    "points",
    [
        [cases("c", 38), cases("d", 10)],
        [cases("a", 38), cases("b", 20), cases("c", 38), cases("d", 20)],
        [cases("a", 38), cases("b", 38), cases("c", 38), cases("d", 30)],
        [cases("a", 8, 8), cases("b", 8, 8), cases("c", 8, 8), cases("d", 0, 8)],
        [],
    ],
    ids=["little is known", "it has been so low before", "it is not much", "these are few cases", "nothing is known"],
)
def test_what_may_be_chance_is_not_sudden(points: list[Point]) -> None:
    assert sudden_fall(points) is None


def test_a_good_and_a_bad_day_of_all_cases_are_seldom_taken_for_a_break() -> None:
    def draw(source: random.Random, week: int) -> Point:
        chance = 0.9 - abs(source.gauss(0, 0.08))
        return Point(f"{week:04d}", {f"c{number}": float(source.random() < chance) for number in range(40)})

    found = sum(len(alarms(draw, seed, 52)) for seed in range(20))
    assert found <= 5


def test_only_cases_that_points_share_are_compared() -> None:
    """A suite that gets harder cases is no fall, and one that lost them hides none."""
    easy = {f"e{number}": 1.0 for number in range(20)}
    hard = {f"h{number}": 0.0 for number in range(20)}
    grown = [Point(f"{n:04d}", dict(easy)) for n in range(23)] + [Point(f"{n:04d}", easy | hard) for n in range(23, 26)]
    assert lasting_fall(grown, LEAST) is None
    assert sudden_fall(grown[:24]) is None
    broken = {case: float(int(case[1:]) % 2) for case in easy}
    mixed = [Point(f"{n:04d}", easy | hard) for n in range(23)] + [
        Point(f"{n:04d}", dict(broken)) for n in range(23, 26)
    ]
    found = lasting_fall(mixed, LEAST)
    assert found is not None
    assert (found.before, found.after) == (1.0, 0.5)


def test_what_has_too_little_in_common_begins_anew() -> None:
    old = [Point(f"{n:04d}", {f"o{number}": 1.0 for number in range(20)} | {"shared": 1.0}) for n in range(23)]
    new = [Point(f"{n:04d}", {f"n{number}": 0.0 for number in range(20)} | {"shared": 0.0}) for n in range(23, 26)]
    assert lasting_fall(old + new, LEAST) is None


def test_cases_without_a_figure_are_left_out_of_its_mean() -> None:
    """Who claims nothing has no groundedness: that is neither good nor bad."""
    points = [Point(f"{n:04d}", {"a": 0.9, "b": None if n % 2 else 0.9, "c": None}) for n in range(23)]
    points += [Point(f"{n:04d}", {"a": 0.5, "b": 0.5, "c": None}) for n in range(23, 26)]
    found = lasting_fall(points, LEAST)
    assert found is not None
    assert (found.before, found.after) == (pytest.approx(0.9), pytest.approx(0.5))
    assert lasting_fall([Point("0", {"a": None})], LEAST) is None


def test_what_is_found_is_as_unlikely_as_is_said() -> None:
    found = lasting_fall(series([0.9, 0.92, 0.88, 0.91] * 6 + [0.7, 0.72, 0.69]), LEAST)
    assert found is not None
    assert found.chance <= CHANCE
