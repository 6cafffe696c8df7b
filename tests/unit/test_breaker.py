"""Circuit breakers: open after failures in a row, one trial after a rest, closed by a success."""

from __future__ import annotations

import pytest

from npcops.breaker import Breaker, Breakers
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock, failures=3, rest=30)


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_failures_in_a_row_open_it(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert breaker.admits()
    assert not breaker.resting
    fail(breaker, 1)
    assert not breaker.admits()
    assert breaker.resting


def test_failures_with_a_success_between_them_do_not(breaker: Breaker) -> None:
    fail(breaker, 2)
    breaker.succeeded()
    fail(breaker, 2)
    assert breaker.admits()


def test_after_a_rest_one_trial_is_let_through(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 29
    assert not breaker.admits()
    clock.now += 1
    assert not breaker.resting
    assert breaker.admits()
    assert breaker.resting
    assert not breaker.admits()


def test_a_trial_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 30
    assert breaker.admits()
    breaker.succeeded()
    fail(breaker, 2)
    assert [breaker.admits() for _ in range(3)] == [True] * 3


def test_a_trial_that_fails_lets_it_rest_again(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 30
    assert breaker.admits()
    clock.now += 10
    breaker.failed()
    clock.now += 29
    assert not breaker.admits()
    clock.now += 1
    assert breaker.admits()


def test_a_trial_of_which_nothing_was_heard_is_followed_by_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 30
    assert breaker.admits()
    clock.now += 30
    assert breaker.admits()


def test_each_model_has_its_own(clock: Clock) -> None:
    breakers = Breakers(clock, failures=1, rest=30)
    breakers.of("one").failed()
    assert not breakers.of("one").admits()
    assert breakers.of("two").admits()
    assert breakers.of(None).admits()
    assert Breakers(clock).of("one").admits()
