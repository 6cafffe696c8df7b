"""Turns that nobody hears while they are spoken: whoever asked wants the whole answer."""

from __future__ import annotations

from collections.abc import Callable

from npcops.model_calls import Delta
from npcops.stage import Saying


class Silence:
    """A listener who does not listen."""

    def started(self, turn_id: str) -> None:
        """See Listener."""

    def said(self, text: str) -> None:
        """See Listener."""

    def unsaid(self) -> None:
        """See Listener."""


class Unheard:
    """A reply of which nothing is shown; it is gone through only if it has to be cut, for that costs time."""

    def __init__(self, saying: Callable[[], Saying]) -> None:
        self._saying = saying
        self._deltas: list[Delta] = []

    def feed(self, delta: Delta) -> str:
        """See Saying."""
        self._deltas.append(delta)
        return ""

    def sentences(self) -> str:
        """See Saying. Raises Leaked."""
        saying = self._saying()
        for delta in self._deltas:
            saying.feed(delta)
        return saying.sentences()
