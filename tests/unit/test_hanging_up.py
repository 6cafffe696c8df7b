"""Calls that nobody wants any more: they are hung up at once, and a turn without a listener sees them out."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from npcops.background import Threads
from npcops.errors import Disconnected, ModelUnavailable
from npcops.ladder import Ladder, Take
from tests.climbing import END, Climbing
from tests.fake_time import FakeTime

# Longer than anything here takes, even on a busy machine; nothing waits so long unless it has failed.
LONG = 30.0


class Telephone:
    """An iterator that waits until it is hung up."""

    def __init__(self, error: Exception | None = None) -> None:
        self.waits, self.hung_up, self._error = threading.Event(), threading.Event(), error

    def __iter__(self) -> Telephone:
        return self

    def __next__(self) -> int:
        self.waits.set()
        assert self.hung_up.wait(LONG)
        raise ModelUnavailable("hung up")

    def hang_up(self) -> None:
        self.hung_up.set()
        if self._error:
            raise self._error


@pytest.mark.parametrize("error", [None, OSError("no such socket")])
def test_an_iterator_that_waits_is_hung_up_by_whoever_cancels(error: Exception | None) -> None:
    background, telephone = Threads(), Telephone(error)
    flow = background.flow(lambda: telephone)
    assert telephone.waits.wait(LONG)
    flow.cancel()
    assert telephone.hung_up.is_set()
    assert flow.ended(LONG)
    assert background.wait([flow], 0.01) is None


def test_whoever_cancels_may_wait_for_the_end() -> None:
    background, go = Threads(), threading.Event()

    def stalled() -> Iterator[int]:
        yield 1
        assert go.wait(LONG)
        yield 2

    flow = background.flow(stalled)
    assert background.wait([flow], LONG) == (flow, 1)
    flow.cancel()
    assert not flow.ended(0.01)
    assert not flow.ended(-1)
    go.set()
    assert flow.ended(LONG)


class Lingering:
    """A `Background` whose flows take a while to end once they are cancelled."""

    def __init__(self, fake: FakeTime, seconds: float) -> None:
        self._fake, self._seconds = fake, seconds
        self.waited: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fake, name)

    def flow(self, source: Callable[[], Iterator[Any]]) -> Any:
        flow: Any = self._fake.flow(source)

        def ended(seconds: float) -> bool:
            self.waited.append(seconds)
            self._fake.spend(min(max(seconds, 0), self._seconds))
            return True

        flow.ended = ended
        return flow


@pytest.mark.parametrize(("takes", "at"), [(0.1, 0.2), (9, 0.3)])
def test_calls_may_end_before_a_listener_that_went_is_told(takes: float, at: float) -> None:
    climb = Climbing(hangs_up_at="Aye", big=[1, "Aye.", END], small=[math.inf])
    lingering = Lingering(climb.fake, takes)
    climb.ladder = Ladder(climb.models, lingering, climb.breakers)
    with pytest.raises(Disconnected):
        climb.speak(hedge=0.5)
    assert len(lingering.waited) == 2
    assert climb.fake.now() == pytest.approx(1 + at)
    assert climb.all_ended


def test_an_answer_does_not_wait_for_calls_to_end() -> None:
    climb = Climbing(big=[0.5, "Aye.", END], small=[math.inf])
    lingering = Lingering(climb.fake, 9)
    climb.ladder = Ladder(climb.models, lingering, climb.breakers)
    assert isinstance(climb.speak(hedge=0.1), Take)
    assert (lingering.waited, climb.models.calls) == ([], ["big", "small"])
