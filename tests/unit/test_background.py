"""Work on real threads: waited for so long and no longer, never lost, never left behind open."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from npcops.background import Background, Done, Flow, Threads, TimedOut
from npcops.errors import ModelUnavailable

# Longer than anything here takes, even on a busy machine; nothing waits so long unless it has failed.
LONG = 30.0


@pytest.fixture
def background() -> Background:
    return Threads()


def heard(background: Background, *flows: Flow) -> list[Any]:
    """Everything until all flows have ended; of a `Done` its error."""
    items, open_flows = [], list(flows)
    while open_flows:
        found = background.wait(open_flows, LONG)
        assert found, "nothing came"
        flow, item = found
        if isinstance(item, Done):
            open_flows.remove(flow)
            item = item.error
        items.append(item)
    return items


class Stalled:
    """An iterator that yields, waits to be let on, and tells when it was closed."""

    def __init__(self, *items: Any) -> None:
        self.items, self.begun, self.go, self.closed = items, threading.Event(), threading.Event(), threading.Event()

    def __call__(self) -> Iterator[Any]:
        try:
            self.begun.set()
            for item in self.items:
                yield item
                assert self.go.wait(LONG)
        finally:
            self.closed.set()


def test_work_gives_its_result(background: Background) -> None:
    assert background.run(lambda: 41 + 1, LONG) == 42
    assert background.run(lambda: None, math.inf) is None


def test_work_runs_beside_the_turn(background: Background) -> None:
    assert background.run(threading.get_ident, LONG) != threading.get_ident()


@pytest.mark.parametrize("error", [ModelUnavailable("busy"), SystemExit(3)])
def test_what_work_raises_is_raised(background: Background, error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        background.run(work, LONG)
    assert raised.value is error


@pytest.mark.parametrize("seconds", [0, -1, -math.inf])
def test_without_time_no_work_begins(background: Background, seconds: float) -> None:
    begun: list[int] = []
    with pytest.raises(TimedOut):
        background.run(lambda: begun.append(1), seconds)
    assert background.run(lambda: begun, LONG) == []


def test_work_that_takes_too_long_goes_on_unheard(background: Background) -> None:
    go, done = threading.Event(), threading.Event()

    def work() -> None:
        go.wait(LONG)
        done.set()

    with pytest.raises(TimedOut):
        background.run(work, 0.01)
    assert background.run(lambda: "meanwhile", LONG) == "meanwhile"
    go.set()
    assert done.wait(LONG)


def test_threads_are_used_again() -> None:
    background = Threads()
    threads = {background.run(threading.get_ident, LONG) for _ in range(50)}
    assert len(threads) == 1


def test_no_more_threads_stay_than_are_spared() -> None:
    background, before = Threads(spare=1), set(threading.enumerate())
    flows = [Stalled(1) for _ in range(4)]
    begun = [background.flow(flow) for flow in flows]
    made = set(threading.enumerate()) - before
    assert len(made) == 4
    assert all(thread.daemon for thread in made)
    for flow in flows:
        flow.go.set()
    heard(background, *begun)
    stays = background.run(threading.current_thread, LONG)
    for thread in made - {stays}:
        thread.join(LONG)
    assert set(threading.enumerate()) - before == {stays}


def test_time_only_goes_forward(background: Background) -> None:
    moments = [background.now() for _ in range(100)]
    assert moments == sorted(moments)


def test_a_flow_gives_its_items_in_order_and_then_its_end(background: Background) -> None:
    items = [None, *range(200)]
    assert heard(background, background.flow(lambda: iter(items))) == [*items, None]


def test_a_flow_carries_what_its_iterator_raises(background: Background) -> None:
    error = ModelUnavailable("busy")

    def broken() -> Iterator[int]:
        yield 1
        raise error

    def refused() -> Iterator[int]:
        raise error

    assert heard(background, background.flow(broken)) == [1, error]
    assert heard(background, background.flow(refused)) == [error]


def test_several_flows_are_heard_as_they_come(background: Background) -> None:
    slow, quick = Stalled("slow"), Stalled("quick")
    first, second = background.flow(slow), background.flow(quick)
    assert {found[1] for _ in range(2) if (found := background.wait([first, second], LONG))} == {"slow", "quick"}
    quick.go.set()
    found = background.wait([first, second], LONG)
    assert found
    assert found[0] is second
    assert isinstance(found[1], Done)
    slow.go.set()
    assert heard(background, first) == [None]


def test_many_flows_lose_nothing(background: Background) -> None:
    flows = [background.flow(lambda start=start: iter(range(start, start + 100))) for start in range(0, 800, 100)]
    assert sorted(item for item in heard(background, *flows) if item is not None) == list(range(800))


@pytest.mark.parametrize("seconds", [-1, 0, 0.01])
def test_nothing_comes_of_a_flow_that_is_silent(background: Background, seconds: float) -> None:
    silent = Stalled("word")
    flow = background.flow(silent)
    assert background.wait([flow], LONG) == (flow, "word")
    assert background.wait([flow], seconds) is None
    assert background.wait([], seconds) is None
    silent.go.set()
    assert heard(background, flow) == [None]


def test_what_has_come_is_heard_without_any_time_left(background: Background) -> None:
    ready = Stalled("word", "more")
    flow = background.flow(ready)
    ready.go.set()
    assert ready.closed.wait(LONG)
    assert background.wait([flow], -1) == (flow, "word")


def test_a_cancelled_flow_is_closed_as_soon_as_it_yields(background: Background) -> None:
    stalled = Stalled(*range(1000))
    flow = background.flow(stalled)
    assert background.wait([flow], LONG) == (flow, 0)
    flow.cancel()
    stalled.go.set()
    assert stalled.closed.wait(LONG)
    assert background.wait([flow], 0.01) is None


def test_what_was_read_of_a_cancelled_flow_is_not_heard(background: Background) -> None:
    stalled = Stalled(1, 2)
    flow = background.flow(stalled)
    stalled.go.set()
    assert stalled.closed.wait(LONG)
    flow.cancel()
    assert background.wait([flow], 0.01) is None


def test_an_iterator_that_fails_while_it_is_closed_harms_nobody(background: Background) -> None:
    stalled = Stalled(1, 2)

    def fails() -> Iterator[int]:
        try:
            yield from stalled()
        finally:
            raise ModelUnavailable("busy")

    flow = background.flow(fails)
    assert background.wait([flow], LONG) == (flow, 1)
    flow.cancel()
    stalled.go.set()
    assert stalled.closed.wait(LONG)
    assert background.run(lambda: "on", LONG) == "on"


class Answer:
    """Something large."""


def test_nothing_is_kept_of_work_that_is_over() -> None:
    background, go = Threads(), threading.Event()
    kept: list[weakref.ref[Answer]] = []

    def work(wait: bool = False) -> Answer:
        answer = Answer()
        kept.append(weakref.ref(answer))
        assert not wait or go.wait(LONG)
        return answer

    def raises() -> None:
        answer = work()
        raise ValueError(answer)

    background.run(work, LONG)
    heard(background, background.flow(lambda: iter([work()])))
    with pytest.raises(TimedOut):
        background.run(lambda: work(wait=True), 0.01)
    with pytest.raises(ValueError):
        background.run(raises, LONG)
    cancelled = background.flow(lambda: (work(wait) for wait in (False, True)))
    assert background.wait([cancelled], LONG)
    cancelled.cancel()
    go.set()
    # Each thread lets go of its work after it has told the result, which takes a moment.
    for _ in range(1000):
        if all(answer() is None for answer in kept):
            break
        background.run(lambda: threading.Event().wait(0.001), LONG)
    assert [answer() for answer in kept] == [None] * 6
