"""The ladder of a turn: models are asked one after the other until one of them answers in time.

A model that says nothing for `Pace.first_token` seconds is given up for the next one, as is one that fails. With
`Pace.hedge` the next is asked beside it, and the first to speak is heard. The last one there is may take until the end:
a player would rather hear a real answer late, but within the deadline, than an authored line early; so may all who are
still asked beside it. An answer that is
under way when time runs out is cut after its last whole sentence. A model whose circuit is open is passed over; when
all are, nobody is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import msgspec

from npcops.background import Background, Done
from npcops.breaker import Breakers
from npcops.dialogue import Answered, Speech, Usage
from npcops.errors import Disconnected, GuardrailIntervened, ModelFailed, ModelUnavailable
from npcops.leaks import Leaked
from npcops.model_calls import Delta, Prompt, Reply
from npcops.ports import ChatModel
from npcops.race import Attempt, Pace, Race, Rung
from npcops.stage import Saying, Stage
from npcops.turn_ports import Listener

__all__ = ["Ladder", "Nothing", "Pace", "Rung", "Saying", "Take"]

log = logging.getLogger(__name__)

HANGING_UP_SECONDS = 0.3
"""For so long the end of all calls is waited for when a listener has gone: a process that is frozen as soon as its turn
is over would leave a model writing, and billed."""


class Take(msgspec.Struct, frozen=True):
    """An answer as it was said to the listener, word for word.

    `model` is None if the stage's model did not come to tell its id, because it was cut short. `usage` sums up all
    replies that came to their end, unreadable ones too. `why` holds the causes for which the rungs before failed, and
    for which this answer was cut short; `first_at` is the moment of its first words.
    """

    speech: Speech
    answer: Answered
    model: str | None
    usage: Usage
    why: tuple[str, ...]
    first_at: float


class Nothing(msgspec.Struct, frozen=True):
    """That no model answered, why, and what it has cost. Nothing counts of what was said to the listener."""

    why: tuple[str, ...]
    usage: Usage


class Ladder:
    """Asks models in order; the breakers are those of the process."""

    def __init__(self, chat: ChatModel, background: Background, breakers: Breakers) -> None:
        self._chat, self._background, self._breakers = chat, background, breakers

    def speak(
        self,
        prompt: Prompt,
        rungs: Sequence[Rung],
        read: Callable[[Reply], Speech],
        saying: Callable[[], Saying],
        pace: Pace,
        listener: Listener,
    ) -> Take | Nothing:
        """The first rung's answer that can be had by `pace.until`.

        `read` raises ModelFailed for a reply that cannot be read, Leaked for one that must not be; `saying` is called
        once each time a rung is asked. A leak and a guardrail end the ladder: another model, given the same, would be
        led astray as well. Raises Disconnected when the listener does; then nobody is waiting, and calls are given a
        moment to end. Otherwise no call is waited for afterwards.
        """

        def ask(place: int, rung: Rung) -> Attempt:
            def stream() -> Iterator[Delta | Reply]:
                return self._chat.stream(prompt, rung.model)

            return Attempt(place, rung, self._background.flow(stream), saying(), self._background.now())

        race = Race(self._background, self._breakers, ask, rungs, pace)
        climb = _Climb(race, read, Stage(listener, self._background.now))
        try:
            return climb.to_an_answer()
        except Leaked:
            return climb.nothing("leak")
        except GuardrailIntervened:
            return climb.nothing("guardrail")
        except Disconnected:
            race.stop()
            race.see_out(HANGING_UP_SECONDS)
            raise
        finally:
            race.stop()


class _Climb:
    """The course of one `Ladder.speak`."""

    def __init__(self, race: Race, read: Callable[[Reply], Speech], stage: Stage) -> None:
        self._race, self._read, self._stage = race, read, stage
        self._cut: tuple[Attempt, str] | None = None
        self._usage = Usage()

    def to_an_answer(self) -> Take | Nothing:
        """Raises Leaked and GuardrailIntervened."""
        while self._race.goes_on():
            come = self._race.wait()
            if come and (take := self._take_in(*come)):
                return take
        for attempt in tuple(self._race.running):
            self._fail(attempt, "model-slow")
        if self._cut is None:
            return self.nothing()
        attempt, say = self._cut
        self._stage.settle(say)
        model, why = attempt.rung.model, self._race.why()
        return Take(Speech(say), "cut-short", model, self._usage, why, self._stage.first_at)

    def nothing(self, *causes: str) -> Nothing:
        """No model answers; if none was asked for want of time, they are too slow for what there was."""
        self._stage.clear()
        return Nothing((*self._race.why(), *causes) or ("model-slow",), self._usage)

    def _take_in(self, attempt: Attempt, item: Delta | Reply | Done) -> Take | None:
        if isinstance(item, Done):
            self._fail(attempt, _cause(attempt.rung, item.error))
            return None
        if self._race.heard is None:
            self._race.hear(attempt)
        if isinstance(item, Reply):
            return self._finish(attempt, item)
        self._stage.say(attempt.saying.feed(item))
        return None

    def _finish(self, attempt: Attempt, reply: Reply) -> Take | None:
        self._usage += reply.usage
        self._race.succeed(attempt)
        try:
            speech = self._read(reply)
        except GuardrailIntervened:
            raise
        except ModelFailed:
            self._race.fail(attempt, "model-malformed")
            self._stage.fail()
            return None
        self._stage.settle(speech.say)
        why = self._race.why(before=attempt.place)
        # A tuned model replies as its ARN alone, which is not what it is asked by, and tells neither family nor price.
        asked = attempt.rung.model or ""
        model = asked if "@" in asked else reply.model
        return Take(speech, attempt.rung.answer, model, self._usage, why, self._stage.first_at)

    def _fail(self, attempt: Attempt, cause: str) -> None:
        """What had been said in whole sentences is kept in case that nothing better comes."""
        if attempt is self._race.heard:
            self._stage.fail()
            if sentences := attempt.saying.sentences():
                self._cut = attempt, sentences
        self._race.fail(attempt, cause)


def _cause(rung: Rung, error: Exception | None) -> str:
    """Why a stream ended before it came to its reply."""
    if isinstance(error, GuardrailIntervened):
        raise error
    if isinstance(error, ModelUnavailable):
        return "model-unavailable"
    if not isinstance(error, ModelFailed):
        # A stream in a shape that nobody foresaw must not cost the player an answer. Its text is not logged.
        log.error("model call broke", extra={"model": rung.model or "", "error": type(error).__name__})
    return "model-failed"
