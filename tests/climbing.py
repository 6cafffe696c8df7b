"""Models that speak by a script on a simulated clock, and what a listener and a player get of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from npcops.breaker import Breakers
from npcops.dialogue import Speech, Usage
from npcops.errors import Disconnected, ModelFailed
from npcops.ladder import Ladder, Nothing, Pace, Rung, Take
from npcops.leaks import Leaked
from npcops.model_calls import Delta, Prompt, Reply
from tests.fake_time import FakeTime

USAGE = Usage(input_tokens=100, output_tokens=10, cost_usd=0.5, ms=7)
PROMPT = Prompt("You are Mira.", "", ())
MALFORMED, LEAKING = "{malformed}", "{leak}"
FIRST, SMALLER = Rung("model", "big"), Rung("smaller-model", "small")
Step = float | str | Exception | Reply
"""Seconds that pass, words that come, what the call raises, or the whole reply (END: of the words that came)."""
END = Reply("", None, "", "end_turn", USAGE)


class ScriptedModels:
    """A `ChatModel` whose models go through their steps; `calls` are the models asked, `closed` those that ended."""

    def __init__(self, fake: FakeTime, scripts: dict[str, Sequence[Step]]) -> None:
        self._fake, self.scripts = fake, scripts
        self.calls: list[str | None] = []
        self.closed: list[str | None] = []

    def reply(self, prompt: Prompt, model: str | None = None) -> Reply:
        raise AssertionError("turns always stream")

    def stream(self, prompt: Prompt, model: str | None = None) -> Iterator[Delta | Reply]:
        self.calls.append(model)
        words = ""
        try:
            for step in self.scripts[model or ""]:
                if isinstance(step, Exception):
                    raise step
                elif isinstance(step, str):
                    words += step
                    yield Delta("text", step)
                elif isinstance(step, Reply):
                    yield Reply(words, None, f"{model}-id", "end_turn", USAGE) if step is END else step
                else:
                    self._fake.spend(step)
        finally:
            self.closed.append(model)


class PlainSaying:
    """A `Saying` of models that write nothing but words: everything is shown, but a leak."""

    def __init__(self) -> None:
        self._shown = ""

    def feed(self, delta: Delta) -> str:
        if LEAKING in self._shown + delta.text:
            raise Leaked
        self._shown += delta.text
        return delta.text

    def sentences(self) -> str:
        found = re.match(r".*[.!?]", self._shown, re.S)
        return found[0] if found else ""


class Ear:
    """A `Listener` that keeps what counts, and hangs up at a word if it is told to."""

    def __init__(self, hangs_up_at: str = "") -> None:
        self.pieces: list[str] = []
        self.events: list[str] = []
        self._hangs_up_at = hangs_up_at

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def started(self, turn_id: str) -> None:
        self.turn_id = turn_id

    def said(self, text: str) -> None:
        assert text
        if self._hangs_up_at and self._hangs_up_at in text:
            raise Disconnected("gone")
        self.pieces.append(text)
        self.events.append(text)

    def unsaid(self) -> None:
        assert self.pieces
        self.pieces.clear()
        self.events.append("<unsaid>")


def read(reply: Reply) -> Speech:
    """What is said are the words, without white space around them."""
    if LEAKING in reply.text:
        raise Leaked
    if MALFORMED in reply.text or not reply.text.strip():
        raise ModelFailed("Not a word.")
    return Speech(reply.text.strip(), emotion="warm")


class Climbing:
    """A ladder with scripted models, its clock at 0."""

    def __init__(self, *, hangs_up_at: str = "", failures: int = 5, **scripts: Sequence[Step]) -> None:
        self.fake = FakeTime(start=0.0)
        self.models = ScriptedModels(self.fake, scripts)
        self.breakers = Breakers(self.fake.now, failures=failures, rest=30)
        self.ear = Ear(hangs_up_at)
        self.ladder = Ladder(self.models, self.fake, self.breakers)

    def speak(
        self,
        *rungs: Rung,
        seconds: float = 8,
        first_token: float = 2,
        hedge: float | None = None,
        reading: Callable[[Reply], Speech] = read,
        saying: Callable[[], Any] = PlainSaying,
    ) -> Take | Nothing:
        pace = Pace(self.fake.now() + seconds, first_token, hedge)
        return self.ladder.speak(PROMPT, rungs or (FIRST, SMALLER), reading, saying, pace, self.ear)

    @property
    def all_ended(self) -> bool:
        """Whether every call that was made has ended."""
        heard_out = not any(flow.open for flow in self.fake.flows)
        return heard_out and sorted(map(str, self.models.calls)) == sorted(map(str, self.models.closed))
