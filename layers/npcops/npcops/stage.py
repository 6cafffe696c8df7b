"""What a listener has heard of a turn, whichever model spoke it; what may be heard of a reply before it is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from npcops.model_calls import Delta
from npcops.turn_ports import Listener


class Saying(Protocol):
    """What of a reply may be shown while it is written."""

    def feed(self, delta: Delta) -> str:
        """What more may be shown now, possibly nothing. Raises Leaked."""

    def sentences(self) -> str:
        """The whole sentences among what was shown."""


class Stage:
    """Between the models and the listener. Words of an answer that failed stay until others take their place."""

    def __init__(self, listener: Listener, now: Callable[[], float]) -> None:
        self._listener, self._now = listener, now
        self._said, self._failed = "", False
        self.first_at = 0.0
        """The moment of the first words of all that counts."""

    def say(self, text: str) -> None:
        """More of the present answer."""
        if not text:
            return
        if self._failed:
            self.clear()
        if not self._said:
            self.first_at = self._now()
        self._said += text
        self._listener.said(text)

    def fail(self) -> None:
        """The present answer has failed; what is said next is another one."""
        self._failed = True

    def clear(self) -> None:
        """Nothing that was said counts."""
        self._failed = False
        if self._said:
            self._said = ""
            self._listener.unsaid()

    def settle(self, say: str) -> None:
        """All that was said is to be `say`, no more and no less; what was said of it already is not said again."""
        if self._said == say:
            return
        if not say.startswith(self._said):
            self._failed = True
        self.say(say if self._failed else say[len(self._said) :])
