"""Measures of agreement, against published figures and what they must be in plain cases."""

from __future__ import annotations

import pytest

from npcops.agreement import alpha, kappa, wilson

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section D: four observers, twelve units.
OBSERVERS = {
    "A": "1 2 3 3 2 1 4 1 2 . . .",
    "B": "1 2 3 3 2 2 4 1 2 5 . 3",
    "C": ". 3 3 3 2 3 4 2 2 5 1 .",
    "D": "1 2 3 3 2 4 4 1 2 5 1 .",
}
SCORES = (1, 2, 3, 4, 5)


def units(observers: dict[str, str]) -> list[dict[str, int]]:
    columns = {name: values.split() for name, values in observers.items()}
    count = len(next(iter(columns.values())))
    return [
        {name: int(values[place]) for name, values in columns.items() if values[place] != "."} for place in range(count)
    ]


def test_alpha_is_the_published_one() -> None:
    assert alpha(units(OBSERVERS)) == pytest.approx(0.743, abs=0.0005)
    assert alpha(units(OBSERVERS), "ordinal", SCORES) == pytest.approx(0.815, abs=0.0005)


def test_alpha_of_two_observers_and_two_values_is_the_published_one() -> None:
    """The same paper, section A: ten binary units."""
    two = {"Meg": "0 1 0 0 0 0 0 0 1 0", "Owen": "1 1 1 0 0 1 0 0 0 0"}
    assert alpha(units(two)) == pytest.approx(0.095, abs=0.0005)


def test_who_always_agrees_and_who_never_does() -> None:
    assert alpha([{"a": 1, "b": 1}, {"a": 5, "b": 5}]) == 1
    opposite = alpha([{"a": 1, "b": 5}, {"a": 5, "b": 1}], "ordinal", SCORES)
    assert opposite is not None
    assert opposite < 0


def test_on_an_ordinal_scale_near_misses_weigh_less() -> None:
    near = alpha([{"a": 1, "b": 2}, {"a": 5, "b": 5}, {"a": 3, "b": 3}], "ordinal", SCORES)
    far = alpha([{"a": 1, "b": 5}, {"a": 5, "b": 5}, {"a": 3, "b": 3}], "ordinal", SCORES)
    assert near is not None
    assert far is not None
    assert near > far


@pytest.mark.parametrize("nothing", [[], [{}], [{"a": 1}], [{"a": 1}, {"b": 2}], [{"a": 1, "b": 1}, {"a": 1, "b": 1}]])
def test_where_there_is_nothing_to_agree_about_there_is_no_alpha(nothing: list[dict[str, int]]) -> None:
    assert alpha(nothing) is None
    assert alpha(nothing, "ordinal", SCORES) is None


def test_kappa_is_the_textbooks() -> None:
    """20 yes and 15 no of both, 5 and 10 of one alone: agreement .7, by chance .5."""
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([(True, True), (False, False)]) == 1
    assert kappa([(True, False), (False, True)]) == -1
    assert kappa([(True, True), (True, False)]) == 0


def test_two_who_say_one_thing_throughout_have_no_kappa() -> None:
    assert kappa([]) is None
    assert kappa([(True, True)] * 9) is None


def test_wilsons_interval_is_the_published_one() -> None:
    """Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for share, count, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(share / count, count) == pytest.approx((low, high), abs=0.00006)
    assert wilson(0.5, 0) is None
