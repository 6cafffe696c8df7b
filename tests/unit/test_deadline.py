"""Every turn answers inside its deadline, whatever fails: a simulated clock, and faults in all that a turn uses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npcops.characters import ActionSpec, GameTitle, Timing
from npcops.converse import Converse, StagePace
from npcops.dialogue import Degraded, TurnRequest
from npcops.errors import (
    Disconnected,
    GuardrailIntervened,
    ModelFailed,
    ModelUnavailable,
    NpcopsError,
    StoreUnavailable,
)
from npcops.model_calls import Delta, Prompt, Reply
from npcops.retrieval import Retriever
from tests.climbing import Ear
from tests.conversation import MIRA, Conversation, conversation
from tests.fake_time import FakeTime
from tests.fakes import ScriptedChat
from tests.resources import Resources

LINES = {"default": ("Say that again?",), "busy": ("Not now.",), "refuse": ("No.",)}
CARD = msgspec.structs.replace(MIRA, fallbacks=LINES)
ANSWER = {"say": "The mill burns. It always has.", "emotion": "warm"}
THROTTLED = StoreUnavailable("The player table answered ThrottlingException.")

Fault = tuple[float, Exception | None]
"""Seconds that a call takes, and what it raises then."""
Plan = tuple[float, float, Any]
"""Seconds for which a model is silent, its pause after each piece, and what it ends with: words, an error or None."""
FINE: Fault = (0.005, None)
HANGS: Fault = (math.inf, None)


class Troubled:
    """A port whose every method takes a while and may fail."""

    def __init__(self, port: Any, fake: FakeTime, fault: Fault, methods: tuple[str, ...] = ()) -> None:
        self._port, self._fake, self._fault, self._methods = port, fake, fault, methods

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if self._methods and name not in self._methods:
            return method

        def troubled(*args: Any, **kwargs: Any) -> Any:
            seconds, error = self._fault
            self._fake.spend(seconds)
            if error:
                raise error
            return method(*args, **kwargs)

        return troubled


class TroubledChat(ScriptedChat):
    """Models of which each, by its id, is silent for some seconds, pauses between its pieces, and may fail at last."""

    def __init__(self, fake: FakeTime, plans: dict[str, Plan]) -> None:
        super().__init__(ANSWER)
        self._fake, self._plans = fake, plans

    def stream(self, prompt: Prompt, model: str | None = None) -> Iterator[Delta | Reply]:
        silent, pause, end = self._plans[model or ""]
        self._fake.spend(silent)
        if isinstance(end, Exception) and silent and not pause:
            raise end
        self.answers = [end if isinstance(end, dict | str) else ANSWER]
        for item in super().stream(prompt, model):
            if isinstance(item, Reply) and isinstance(end, Exception):
                raise end
            yield item
            self._fake.spend(pause)


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path) as made:
        made.publish("npcs", "mira", CARD)
        made.lore("mill.md", "The mill burns every winter.")
        yield made


def troubled(talk: Conversation, fake: FakeTime, plans: dict[str, Plan], **faults: Fault) -> Converse:
    """The talk's Converse with these faults: players, writes, lore, tuned, events, answers, catalog."""
    ports = Conversation.__new__(Conversation)
    ports.__dict__.update(talk.__dict__)
    ports.chat = TroubledChat(fake, plans)
    reading = Troubled(talk.players, fake, faults.get("memory", FINE), ("recent",))
    ports.players = Troubled(
        Troubled(reading, fake, faults.get("players", FINE), ("standing", "recent")),
        fake,
        faults.get("writes", FINE),
        ("append_turn",),
    )
    ports.answers = Troubled(talk.answers, fake, faults.get("answers", FINE))
    ports.catalog = Troubled(talk.catalog, fake, faults.get("catalog", FINE))
    lore = Troubled(Retriever(talk.embeddings, talk.store), fake, faults.get("lore", FINE))
    events = Troubled(talk.bus, fake, faults.get("events", FINE))
    return ports.converse(events=events, retriever=lambda: lore, smaller="small", background=fake, reuse_seconds=60)


def timed(converse: Converse, fake: FakeTime, title: str, message: str = "What of the mill?") -> tuple[Any, float]:
    began = fake.now()
    told = converse(title, "ann", "mira", TurnRequest(message))
    return told.turn, fake.now() - began


GOOD = (0.3, 0.02, None)
DOWN = (0.1, 0, ModelUnavailable("ThrottlingException"))


class Outage(NamedTuple):
    """What fails, and what a turn that is answered by `answer` says of it; one without `why` is not degraded."""

    stage: Plan = GOOD
    small: Plan = GOOD
    faults: Mapping[str, Fault] = MappingProxyType({})
    why: tuple[str, ...] = ()
    answer: str = "model"


OUTAGES = {
    "model throttled": Outage(DOWN, why=("model-unavailable",), answer="smaller-model"),
    "model silent": Outage((math.inf, 0, None), why=("model-slow",), answer="smaller-model"),
    "models stall": Outage((0.3, math.inf, None), (9.0, 0, None), why=("model-slow",), answer="authored-line"),
    "call refused": Outage((0.1, 0, ModelFailed("no")), why=("model-failed",), answer="smaller-model"),
    "nonsense": Outage((0.3, 0.01, {"say": ""}), why=("model-malformed",), answer="smaller-model"),
    "guardrail": Outage((0.3, 0, GuardrailIntervened("no")), why=("guardrail",), answer="authored-line"),
    "all models down": Outage(DOWN, DOWN, why=("model-unavailable",), answer="authored-line"),
    "search down": Outage(faults={"lore": (0.1, StoreUnavailable("down"))}, why=("lore-unavailable",)),
    "search hangs": Outage(faults={"lore": HANGS}, why=("lore-unavailable",)),
    "player table throttled": Outage(faults={"players": (0.5, THROTTLED)}, why=("world-unknown", "not-remembered")),
    "player table hangs": Outage(faults={"players": HANGS}, why=("world-unknown", "not-remembered")),
    "writes throttled": Outage(faults={"writes": (0.5, THROTTLED)}, why=("not-remembered",)),
    "unreadable memory": Outage(faults={"memory": (0.1, KeyError("old"))}, why=("memory-unavailable",)),
    "unreadable answers": Outage(faults={"answers": (0.1, KeyError("old"))}),
    "bus breaks": Outage(faults={"events": (0.1, KeyError("new"))}),
    "bus hangs": Outage(faults={"events": HANGS}),
    "answer table hangs": Outage(faults={"answers": HANGS}),
}


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_degrades_a_turn_and_never_delays_it(talk: Conversation, outage: str) -> None:
    stage, small, faults, why, answer = OUTAGES[outage]
    fake = FakeTime()
    turn, seconds = timed(troubled(talk, fake, {"stage-model": stage, "small": small}, **faults), fake, talk.title)
    assert seconds <= StagePace().deadline
    assert turn.say
    assert (
        turn.degraded is None if not why else (turn.degraded.answer, sorted(turn.degraded.why)) == (answer, sorted(why))
    )


DELAYS = st.sampled_from([0.0, 0.01, 0.2, 0.9, 1.5, 3.0, 7.0, 9.0, math.inf])
STORE_FAULTS = st.tuples(DELAYS, st.sampled_from([None, THROTTLED]))
LORE_FAULTS = st.tuples(
    DELAYS, st.sampled_from([None, THROTTLED, ModelUnavailable("embedding"), ModelFailed("embedding")])
)
ENDS = st.sampled_from(
    [
        None,
        ANSWER,
        "Plain words.",
        '{"say": ',
        {"say": ""},
        "",
        ModelUnavailable("gone"),
        ModelFailed("no"),
        GuardrailIntervened("stopped"),
    ]
)
PLANS = st.tuples(DELAYS, st.sampled_from([0.0, 0.01, 0.3, 2.0, math.inf]), ENDS)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plans=st.fixed_dictionaries({"stage-model": PLANS, "small": PLANS}),
    faults=st.fixed_dictionaries(
        {},
        optional={
            "players": STORE_FAULTS,
            "writes": STORE_FAULTS,
            "answers": STORE_FAULTS,
            "events": STORE_FAULTS,
            "lore": LORE_FAULTS,
            "catalog": STORE_FAULTS,
        },
    ),
    deadline=st.sampled_from([1.0, 3.0, 8.0, 25.0]),
    hedge=st.sampled_from([None, 0.5]),
    late=st.booleans(),
)
def test_every_turn_answers_inside_its_deadline(
    talk: Conversation, plans: Any, faults: dict[str, Fault], deadline: float, hedge: float | None, late: bool
) -> None:
    fake = FakeTime(late=late)
    talk.publish("npcs", "mira", msgspec.structs.replace(CARD, timing=Timing(deadline=deadline, hedge=hedge)))
    converse = troubled(talk, fake, plans, **faults)
    began = fake.now()
    try:
        turn = converse(talk.title, "ann", "mira", TurnRequest("What of the mill?")).turn
    except StoreUnavailable:
        # Whoever has never read a card has nobody who could speak.
        assert faults["catalog"] != FINE
        assert fake.now() - began <= StagePace().deadline
        return
    assert fake.now() - began <= deadline + 1e-6
    assert turn.say.strip()
    assert turn.emotion in CARD.emotions
    assert not any(flow.open for flow in fake.flows)


def test_a_model_that_fails_again_and_again_is_left_alone(talk: Conversation) -> None:
    fake = FakeTime()
    converse = troubled(talk, fake, {"stage-model": (math.inf, 0, None), "small": GOOD})
    turns = [timed(converse, fake, talk.title, f"What of mill number {n}?") for n in range(7)]
    assert [turn.degraded.why for turn, _ in turns][:5] == [("model-slow",)] * 5
    resting, seconds = turns[-1]
    assert resting.degraded == Degraded("smaller-model", ("model-resting",))
    assert seconds < 2.0 < turns[0][1]


def test_hedging_asks_the_smaller_model_early_and_hears_the_first(talk: Conversation) -> None:
    plans = {"stage-model": (1.9, 0.01, None), "small": GOOD}
    hedged = msgspec.structs.replace(CARD, timing=Timing(hedge=0.4))
    fake = FakeTime()
    plain, plain_seconds = timed(troubled(talk, fake, plans), fake, talk.title)
    talk.publish("npcs", "mira", hedged)
    fake = FakeTime()
    early, early_seconds = timed(troubled(talk, fake, plans), fake, talk.title)
    assert plain.degraded is None
    assert early.degraded.answer == "smaller-model"
    assert early_seconds < plain_seconds


@pytest.mark.parametrize("heard", [True, False])
def test_what_was_said_in_whole_sentences_is_the_answer_when_time_is_up(talk: Conversation, heard: bool) -> None:
    words = {"say": "The mill burns. It always has, and nobody ever asks " + "why " * 99}
    fake = FakeTime()
    converse = troubled(talk, fake, {"stage-model": (0.3, 0.4, words), "small": (math.inf, 0, None)})
    ear = Ear()
    turn = converse(talk.title, "ann", "mira", TurnRequest("Who?"), listener=ear if heard else None).turn
    assert (turn.say, turn.degraded) == ("The mill burns.", Degraded("cut-short", ("model-slow",)))
    assert not heard or (ear.turn_id, ear.text) == (turn.turn_id, turn.say)


def test_a_card_may_ask_for_less_time_than_the_stage(talk: Conversation) -> None:
    talk.publish("npcs", "mira", msgspec.structs.replace(CARD, timing=Timing(deadline=1.0, first_token=0.2)))
    fake, silent = FakeTime(), (math.inf, 0, None)
    turn, seconds = timed(troubled(talk, fake, {"stage-model": silent, "small": silent}), fake, talk.title)
    assert seconds <= 1.0
    assert turn.say == "Not now."


def test_a_catalogue_that_never_answered_is_an_error_within_the_deadline(talk: Conversation) -> None:
    fake = FakeTime()
    converse = troubled(talk, fake, {}, catalog=HANGS)
    with pytest.raises(NpcopsError):
        timed(converse, fake, talk.title)
    assert fake.now() - 1000.0 <= 8.0


def test_where_the_world_is_unknown_nothing_gated_is_said_and_nothing_is_done(talk: Conversation) -> None:
    wave = ActionSpec("wave", "Waves.", forbids=frozenset({"rude"}))
    talk.publish("titles", talk.title, GameTitle(talk.title, "Game", actions=(wave,)))
    talk.publish("npcs", "mira", msgspec.structs.replace(CARD, actions=("wave",)))
    asking = {"say": "Well.", "actions": [{"name": "wave", "arguments": {}}]}
    for faults, actions in (({}, 1), ({"players": HANGS}, 0)):
        fake = FakeTime()
        turn, _ = timed(troubled(talk, fake, {"stage-model": (0.3, 0.01, asking)}, **faults), fake, talk.title)
        assert len(turn.actions) == actions
    assert turn.citations == ()


def test_a_listener_who_goes_ends_the_turn_and_the_model_call(talk: Conversation) -> None:
    fake = FakeTime()
    converse = troubled(talk, fake, {"stage-model": GOOD, "small": GOOD})
    with pytest.raises(Disconnected):
        converse(talk.title, "ann", "mira", TurnRequest("Who?"), listener=Ear(hangs_up_at="burns"))
    assert not any(flow.open for flow in fake.flows)
    assert talk.told("ann") == []
    assert talk.resources.published() == []
