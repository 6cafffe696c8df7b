"""Circuit breakers: a model that failed several times in a row is left alone for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Breaker:
    """The circuit of one model, shared by all turns of a process.

    It opens after `failures` in a row and stays open for `rest` seconds. Then one call is let through; a success closes
    it. A trial of which nothing was heard, for somebody hung up, is followed by another one after the same `rest`.
    """

    def __init__(self, now: Callable[[], float], failures: int = 5, rest: float = 30.0) -> None:
        self._now, self._limit, self._rest = now, failures, rest
        self._lock = threading.Lock()
        self._failures, self._until = 0, 0.0

    @property
    def resting(self) -> bool:
        """Whether a call would not be let through now."""
        return self._failures >= self._limit and self._now() < self._until

    def admits(self) -> bool:
        """Whether a call may be made; whoever asks makes it, for it may be the one trial."""
        with self._lock:
            if self.resting:
                return False
            if self._failures >= self._limit:
                self._until = self._now() + self._rest
            return True

    def succeeded(self) -> None:
        """The model answered in time, well or badly."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """The model was too slow, throttled or not there."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._until = self._now() + self._rest


class Breakers:
    """One breaker per model; `None` is the stage's."""

    def __init__(self, now: Callable[[], float], failures: int = 5, rest: float = 30.0) -> None:
        self._now, self._failures, self._rest = now, failures, rest
        self._breakers: dict[str | None, Breaker] = {}

    def of(self, model: str | None) -> Breaker:
        """The breaker of a model."""
        if model not in self._breakers:
            self._breakers.setdefault(model, Breaker(self._now, self._failures, self._rest))
        return self._breakers[model]
