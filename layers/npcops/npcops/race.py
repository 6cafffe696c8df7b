"""Which models are asked, when, and how long each may be silent."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from npcops.background import Background, Flow
from npcops.breaker import Breakers
from npcops.dialogue import Answered
from npcops.stage import Saying

LEAST_SECONDS = 0.25
"""With less time than this no further model is asked: none begins to answer so soon, and all would be billed."""


class Rung(msgspec.Struct, frozen=True):
    """A model to be asked (None: the stage's), and what a turn is called that it answers."""

    answer: Answered
    model: str | None = None


class Pace(msgspec.Struct, frozen=True):
    """How long is waited: in all until the moment `until`, for a first token and for the next one beside it so many
    seconds. Moments are those of `Background.now`.
    """

    until: float
    first_token: float
    hedge: float | None = None


class Attempt:
    """The rung at `place` of the ladder while it is being asked."""

    def __init__(self, place: int, rung: Rung, flow: Flow, saying: Saying, started: float) -> None:
        self.place, self.rung, self.flow, self.saying, self.started = place, rung, flow, saying, started


class Race:
    """The attempts under way, of which at most one is `heard`."""

    def __init__(
        self,
        background: Background,
        breakers: Breakers,
        ask: Callable[[int, Rung], Attempt],
        rungs: Sequence[Rung],
        pace: Pace,
    ) -> None:
        self._background, self._breakers, self._ask, self._pace = background, breakers, ask, pace
        self._left = deque(enumerate(rungs))
        self._causes: list[tuple[int, str]] = []
        self._ending: list[Flow] = []
        self.running: list[Attempt] = []
        self.heard: Attempt | None = None

    def goes_on(self) -> bool:
        """Gives up who is late and asks who is due; False when there is nobody or nothing left to wait for."""
        now = self._background.now()
        if now >= self._pace.until:
            return False
        if self.heard:
            return True
        for attempt in tuple(self.running):
            if now >= self._limit(attempt):
                self.fail(attempt, "model-slow")
        if not self.running or now >= self._hedge_moment():
            self._ask_next(now)
        return bool(self.running)

    def wait(self) -> tuple[Attempt, Any] | None:
        """What comes next of any attempt, or None as soon as `goes_on` has something to do."""
        moment = self._pace.until
        if not self.heard:
            moment = min(moment, self._hedge_moment(), *map(self._limit, self.running))
        flows = {attempt.flow: attempt for attempt in self.running}
        come = self._background.wait(tuple(flows), moment - self._background.now())
        return (flows[come[0]], come[1]) if come else None

    def hear(self, attempt: Attempt) -> None:
        """This one spoke first: whoever had a head start was slow, and nobody else goes on.

        Who was asked after it has not failed, and may be asked anew if this one does.
        """
        self.heard = attempt
        for other in [other for other in self.running if other is not attempt]:
            if other.place < attempt.place:
                self.fail(other, "model-slow")
            else:
                self._leave(other)
                self._left.append((other.place, other.rung))
        self._left = deque(sorted(self._left, key=lambda left: left[0]))

    def succeed(self, attempt: Attempt) -> None:
        """The model has answered, well or badly."""
        self._breakers.of(attempt.rung.model).succeeded()

    def fail(self, attempt: Attempt, cause: str) -> None:
        """Nothing more is wanted of this one."""
        self._leave(attempt)
        self._causes.append((attempt.place, cause))
        if cause in ("model-slow", "model-unavailable"):
            self._breakers.of(attempt.rung.model).failed()
        if attempt is self.heard:
            self.heard = None

    def stop(self) -> None:
        """Nothing more is wanted of anybody."""
        for attempt in tuple(self.running):
            self._leave(attempt)

    def see_out(self, seconds: float) -> None:
        """Waits up to so long for the end of all calls that nobody wants any more."""
        ends = self._background.now() + seconds
        for flow in self._ending:
            flow.ended(ends - self._background.now())

    def why(self, before: int | None = None) -> tuple[str, ...]:
        """The causes, once each in the order of the rungs; those of rungs `before` one only."""
        causes = sorted(self._causes, key=lambda cause: cause[0])
        return tuple(dict.fromkeys(cause for place, cause in causes if before is None or place < before))

    def _ask_next(self, now: float) -> None:
        while self._left and now + LEAST_SECONDS <= self._pace.until:
            place, rung = self._left.popleft()
            if self._breakers.of(rung.model).admits():
                self.running.append(self._ask(place, rung))
                return
            self._causes.append((place, "model-resting"))

    def _leave(self, attempt: Attempt) -> None:
        self.running.remove(attempt)
        attempt.flow.cancel()
        self._ending.append(attempt.flow)

    def _limit(self, attempt: Attempt) -> float:
        """Until when an attempt may be silent: to the end, if nobody is left who could be asked instead."""
        limit = attempt.started + self._pace.first_token
        return limit if self._another_at(limit) else self._pace.until

    def _hedge_moment(self) -> float:
        """When the next rung is to be asked beside those that are silent."""
        if self._pace.hedge is None or not self.running:
            return self._pace.until
        moment = self.running[-1].started + self._pace.hedge
        return moment if self._another_at(moment) else self._pace.until

    def _another_at(self, moment: float) -> bool:
        """Whether there would be another model to ask at this moment."""
        in_time = moment + LEAST_SECONDS <= self._pace.until
        return in_time and any(not self._breakers.of(rung.model).resting for _, rung in self._left)
