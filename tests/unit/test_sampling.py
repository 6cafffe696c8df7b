"""Which turns are put before reviewers: by rule, alike however often they are announced."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from npcops.dialogue import Degraded, Spoken, SpokenTurn, Usage
from npcops.errors import ModelUnavailable
from npcops.live_counting import CountLive
from npcops.people import Rule
from npcops.sampling import SampleTurn, Shares, drawn
from npcops.turn_ids import new_turn_id
from tests.drifting import Models
from tests.opinions import Opinions, Overtaken
from tests.resources import Resources

NONE = Shares(random=0, degraded=0, measured=0, threshold=0.5)
SLOW = Degraded("smaller-model", ("model-slow",))


@pytest.fixture
def ours(moto_resources: Resources, title: str) -> Opinions:
    return Opinions(moto_resources, title)


class Measured:
    """A measure that says what it is told to."""

    def __init__(self, value: float | Exception | None) -> None:
        self.value, self.asked = value, list[SpokenTurn]()

    def __call__(self, title: str, spoken: SpokenTurn) -> float | None:
        self.asked.append(spoken)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def event(ours: Opinions, turn_id: str, degraded: Degraded | None = None) -> Spoken:
    return Spoken(ours.title, "ann", "mira", "main", turn_id, "rag", "stage-model", "p1", degraded, Usage())


def sample(
    ours: Opinions, turn_id: str, why: Degraded | None = None, measure: Measured | None = None, **shares: Any
) -> tuple[Rule, ...]:
    found = measure or Measured(None)
    shared, count = msgspec.structs.replace(NONE, **shares), CountLive(ours.live, Models(), 8000)
    made = SampleTurn(ours.turns, ours.store, shared, lambda: found, count, 30, ours.now)
    return made(event(ours, turn_id, why))


def test_most_turns_are_left_alone(ours: Opinions) -> None:
    assert sample(ours, ours.spoken()) == ()
    assert ours.waiting() == []


def test_a_turn_that_no_rule_concerns_is_not_even_read(ours: Opinions) -> None:
    broken: Any = None
    count = CountLive(broken, Models(), 8000)
    assert SampleTurn(broken, broken, NONE, lambda: broken, count, 30)(event(ours, new_turn_id())) == ()


def test_a_share_of_all_turns_is_reviewed(ours: Opinions) -> None:
    seen = [drawn("random", new_turn_id(), 0.2) for _ in range(2000)]
    assert 0.15 < sum(seen) / len(seen) < 0.25
    assert sample(ours, ours.spoken(), random=1) == ("random",)


def test_what_is_left_to_chance_is_decided_alike_each_time_and_apart_for_each_rule(ours: Opinions) -> None:
    ids = [new_turn_id() for _ in range(200)]
    by_rule = [[drawn(lot, turn_id, 0.5) for turn_id in ids] for lot in ("random", "measured", "random")]
    assert by_rule[0] == by_rule[2] != by_rule[1]


def test_an_event_delivered_again_queues_nothing_twice_and_nothing_that_was_reviewed(ours: Opinions) -> None:
    turn_id = ours.spoken()
    for _ in range(2):
        assert sample(ours, turn_id, random=1) == ("random",)
    assert ours.waiting() == [turn_id]
    ours.review(turn_id)
    sample(ours, turn_id, random=1)
    assert ours.waiting("bea") == []


@pytest.mark.parametrize("cause", ["leak", "guardrail"])
def test_leaks_and_guardrails_are_always_seen(ours: Opinions, cause: str) -> None:
    degraded = Degraded("authored-line", ("model-slow", cause))
    assert sample(ours, ours.spoken(), degraded) == ("degraded",)


def test_of_other_degraded_turns_a_share_is_seen(ours: Opinions) -> None:
    assert sample(ours, ours.spoken(), SLOW) == ()
    assert sample(ours, ours.spoken(), SLOW, degraded=1) == ("degraded",)
    assert sample(ours, ours.spoken(), None, degraded=1) == ()


@pytest.mark.parametrize(("value", "rules"), [(0.2, ("ungrounded",)), (0.5, ()), (0.9, ()), (None, ())])
def test_an_answer_that_its_passages_do_not_support_is_seen(
    ours: Opinions, value: float | None, rules: tuple[str, ...]
) -> None:
    measure = Measured(value)
    turn_id = ours.spoken()
    assert sample(ours, turn_id, measure=measure, measured=1) == rules
    assert [spoken.turn.turn_id for spoken in measure.asked] == [turn_id]
    assert [item.groundedness for item in ours.store.queued(ours.title, 9)] == ([value] if rules else [])


def test_what_was_measured_is_told_with_other_rules(ours: Opinions) -> None:
    assert sample(ours, ours.spoken(), SLOW, Measured(0.8), random=1, degraded=1, measured=1) == ("degraded", "random")
    (item,) = ours.store.queued(ours.title, 9)
    assert (item.groundedness, item.model, item.prompt_version, item.player) == (0.8, "stage-model", "p1", "ann")


def test_an_answer_that_cites_nothing_is_not_measured(ours: Opinions) -> None:
    measure = Measured(0)
    assert sample(ours, ours.spoken(passages=()), measure=measure, measured=1) == ()
    assert measure.asked == []


def test_what_cannot_be_measured_now_is_tried_again(ours: Opinions) -> None:
    turn_id = ours.spoken()
    with pytest.raises(ModelUnavailable):
        sample(ours, turn_id, None, Measured(ModelUnavailable("Busy.")), measured=1)
    assert ours.waiting() == []
    assert sample(ours, turn_id, None, Measured(0.1), measured=1) == ("ungrounded",)
    assert ours.waiting() == [turn_id]


def test_a_leak_does_not_wait_for_what_cannot_be_measured_now(ours: Opinions) -> None:
    turn_id, leak = ours.spoken(), Degraded("authored-line", ("leak",))
    with pytest.raises(ModelUnavailable):
        sample(ours, turn_id, leak, Measured(ModelUnavailable("Busy.")), measured=1)
    assert ours.waiting() == [turn_id]
    assert sample(ours, turn_id, leak, Measured(0.1), measured=1) == ("degraded", "ungrounded")
    (item,) = ours.store.queued(ours.title, 9)
    assert (item.rules, item.groundedness) == (("degraded", "ungrounded"), 0.1)


def test_nothing_is_queued_of_a_player_who_was_erased(ours: Opinions) -> None:
    turn_id = ours.spoken()
    time.sleep(0.005)
    ours.players.erase(ours.title, "ann")
    assert sample(ours, turn_id, SLOW, random=1, degraded=1, measured=1) == ()
    assert ours.store.queued(ours.title, 9) == []


def test_a_player_who_is_erased_while_a_turn_is_queued_leaves_nothing_in_the_queue(ours: Opinions) -> None:
    turn_id, ours.store = ours.spoken(), Overtaken(ours)
    assert sample(ours, turn_id, random=1) == ()
    assert ours.store.queued(ours.title, 9) == []
