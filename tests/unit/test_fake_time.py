"""The simulated clock keeps the promises of `Background`, and time passes only where a test says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from npcops.background import Done, TimedOut
from tests.fake_time import FakeTime


def talk(fake: FakeTime, *steps: float | str) -> Callable[[], Iterator[str]]:
    """A flow that spends the numbers and yields the words."""

    def items() -> Iterator[str]:
        for step in steps:
            if isinstance(step, str):
                yield step
            else:
                fake.spend(step)

    return items


def test_work_in_time_takes_its_time() -> None:
    fake = FakeTime(start=10)

    def work() -> str:
        fake.spend(2)
        return "done"

    assert fake.run(work, 2) == "done"
    assert fake.now() == 12


def test_what_work_raises_is_raised_when_it_happens() -> None:
    fake = FakeTime(start=10)

    def work() -> None:
        fake.spend(1)
        raise ValueError

    with pytest.raises(ValueError):
        fake.run(work, 2)
    assert fake.now() == 11


@pytest.mark.parametrize(("late", "happened"), [(False, ["before"]), (True, ["before", "after"])])
def test_work_is_given_up_when_its_time_is_up(late: bool, happened: list[str]) -> None:
    fake, seen = FakeTime(start=10, late=late), []

    def work() -> None:
        seen.append("before")
        try:
            fake.spend(5)
        except Exception:
            seen.append("swallowed")
        seen.append("after")

    with pytest.raises(TimedOut):
        fake.run(work, 2)
    assert (fake.now(), seen) == (12, happened)


@pytest.mark.parametrize("late", [False, True])
def test_work_may_hang_for_ever(late: bool) -> None:
    fake = FakeTime(start=10, late=late)
    with pytest.raises(TimedOut):
        fake.run(lambda: fake.spend(math.inf), 3)
    assert fake.now() == 13


@pytest.mark.parametrize("seconds", [0, -1])
def test_without_time_no_work_begins(seconds: float) -> None:
    begun: list[int] = []
    with pytest.raises(TimedOut):
        FakeTime().run(lambda: begun.append(1), seconds)
    assert begun == []


def test_the_shorter_of_two_allowances_ends_work_within_work() -> None:
    fake = FakeTime(start=0)
    with pytest.raises(TimedOut):
        fake.run(lambda: fake.run(lambda: fake.spend(9), 8), 3)
    assert fake.now() == 3


def test_flows_run_beside_each_other() -> None:
    fake = FakeTime(start=0)
    flows = [fake.flow(talk(fake, 3, "c", 3, "f")), fake.flow(talk(fake, 1, "a", 1, "b", 3, "e", 2))]
    told: list[tuple[float, Any]] = []
    while len([item for _, item in told if isinstance(item, Done)]) < 2:
        found = fake.wait(flows, 100)
        assert found
        told.append((fake.now(), found[1]))
    assert [(at, item) for at, item in told if isinstance(item, str)] == [
        (1, "a"), (2, "b"), (3, "c"), (5, "e"), (6, "f"),
    ]  # fmt: skip
    assert [at for at, item in told if isinstance(item, Done)] == [6, 7]
    assert not any(flow.open for flow in fake.flows)


def test_waiting_takes_as_long_as_nothing_comes() -> None:
    fake = FakeTime(start=0)
    flow = fake.flow(talk(fake, 3, "a"))
    assert fake.wait([flow], 1) is None
    assert fake.now() == 1
    assert fake.wait([flow], -1) is None
    assert fake.wait([flow], 2) == (flow, "a")
    assert fake.now() == 3


def test_what_came_while_nobody_waited_is_heard_at_once() -> None:
    fake = FakeTime(start=0)
    flow = fake.flow(talk(fake, 1, "a", 1, "b"))
    fake.spend(10)
    assert [fake.wait([flow], 0), fake.wait([flow], 0)] == [(flow, "a"), (flow, "b")]
    assert fake.now() == 10


def test_a_flow_that_hangs_says_nothing_more() -> None:
    fake = FakeTime(start=0)
    flow = fake.flow(talk(fake, "a", math.inf, "b"))
    assert fake.wait([flow], 5) == (flow, "a")
    assert fake.wait([flow], 5) is None
    assert fake.now() == 5
    assert fake.flows[0].open


def test_a_flow_carries_its_error_in_time() -> None:
    fake, error = FakeTime(start=0), ValueError("broken")

    def broken() -> Iterator[str]:
        fake.spend(4)
        raise error

    found = fake.wait([fake.flow(broken)], 9)
    assert found
    assert (fake.now(), found[1].error) == (4, error)


def test_a_cancelled_flow_is_closed_and_not_heard() -> None:
    fake, closed = FakeTime(start=0), []

    def items() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    flow = fake.flow(items)
    assert not flow.ended(5)
    flow.cancel()
    assert flow.ended(5)
    assert (closed, fake.wait([flow], 1)) == ([True], None)
    assert not fake.flows[0].open


def test_a_flow_sees_its_own_time() -> None:
    fake, seen = FakeTime(start=0), []

    def items() -> Iterator[int]:
        fake.spend(2)
        seen.append(fake.now())
        yield 1

    fake.flow(items)
    assert (seen, fake.now()) == ([2], 0)
