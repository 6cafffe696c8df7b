"""What is told of an NPC whose figures fall: once, whatever comes twice, late or in another order."""

from __future__ import annotations

import random
import secrets
from typing import Any

import msgspec
import pytest

from npcops.drifts import DETECTED, NpcDrift, drift_evaluation, drift_id, is_drift
from npcops.errors import Conflict, StoreUnavailable
from npcops.proposals import take_up
from npcops.tunings import Tuning, TuningRequest
from npcops.turn_ids import new_turn_id
from tests.drifting import NPC, Watching, day_of, golden, live
from tests.resources import Resources

STEADY, LOW = [38] * 23, [30] * 3
AT = "2026-07-01T00:00:00Z"


@pytest.fixture
def ours(moto_resources: Resources) -> Watching:
    return Watching(moto_resources, f"game-{secrets.token_hex(4)}")


def fallen(ours: Watching) -> None:
    ours.weeks(STEADY + LOW)


def test_a_fall_is_told_with_its_figures_and_a_proposal(ours: Watching) -> None:
    fallen(ours)
    (drift,) = ours.watch(ours.title, [NPC])
    (told,) = ours.heard.told(DETECTED)
    assert told == msgspec.to_builtins(drift)
    evaluation = drift_evaluation(ours.title, day_of(25))
    assert (drift.metric, drift.shape, drift.before, drift.after) == ("pass_rate", "lasting", 0.95, 0.75)
    assert (drift.newest, drift.points, drift.at) == (3, 26, evaluation)
    assert drift.since == drift_evaluation(ours.title, day_of(0))
    assert drift.id == drift_id(ours.title, NPC, "pass_rate", evaluation)
    (proposal,) = ours.proposals()
    assert (proposal.id, proposal.requested_by) == (drift.tuning, "drift")
    assert proposal.request == TuningRequest(
        "corrections",
        npcs=(NPC,),
        note="Proposed because of drift: the share of golden cases passed fell from 95% to 75%. "
        "Start it with: npc tune corrections --npc mira",
    )


def test_what_is_as_ever_is_not_told(ours: Watching) -> None:
    ours.weeks([38, 36, 37, 39, 38, 37] * 4)
    assert ours.look() == []
    assert ours.look("nobody") == []
    assert (ours.heard.events, ours.proposals()) == ([], [])
    assert ours.drifts.find(ours.title, NPC) == NpcDrift()


def test_a_drift_is_told_once_however_often_its_event_comes(ours: Watching) -> None:
    fallen(ours)
    assert [ours.look() for _ in range(3)] == [["pass_rate"], [], []]
    assert len(ours.heard.events) == len(ours.proposals()) == 1


def test_what_stays_low_is_not_told_again_and_what_falls_further_is(ours: Watching) -> None:
    fallen(ours)
    ours.look()
    for week in range(26, 40):
        ours.week(week, 30)
        assert ours.look() == []
    told = []
    for week in range(40, 46):
        ours.week(week, 24)
        told += ours.look()
    assert told == ["pass_rate"]
    assert len({detail["id"] for detail in ours.heard.told(DETECTED)}) == 2
    assert len(ours.proposals()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_evaluations_that_conclude_in_another_order_lead_to_the_same_state(ours: Watching, seed: int) -> None:
    weeks = list(enumerate(STEADY + LOW))
    late = weeks[-8:]
    random.Random(seed).shuffle(late)
    for week, passed in weeks[:-8]:
        ours.week(week, passed)
        ours.look()
    for week, passed in late:
        ours.week(week, passed)
        ours.look()
    ours.look()
    told = ours.heard.told(DETECTED)
    assert len(told) == len(ours.proposals()) == 1
    assert told[0]["metric"] == "pass_rate"


def test_an_evaluation_that_is_not_finished_counts_when_it_is(ours: Watching) -> None:
    ours.weeks(STEADY + LOW[:2])
    ours.week(25, 2, outcome="incomplete")
    assert ours.look() == []
    ours.week(25, 30)
    assert ours.look() == ["pass_rate"]


def test_points_of_other_evaluations_are_not_looked_at(ours: Watching) -> None:
    """Of candidates that no player hears, of one suite, of a few cases."""
    ours.weeks(STEADY)
    others = [
        msgspec.structs.replace(golden(ours.title, 30, 0), evaluation=new_turn_id(), by_case={}) for _ in range(30)
    ]
    ours.evaluations.add_points(ours.title, others)
    assert ours.look() == []
    ours.weeks(LOW, first=23)
    assert ours.look() == ["pass_rate"]


def test_a_suite_that_grows_by_hard_cases_is_no_drift(ours: Watching) -> None:
    old = {f"old{number}": 1.0 for number in range(30)}
    for week in range(23):
        ours.week(week, old)
    for week in range(23, 30):
        ours.week(week, old | {f"new{number}": 0.0 for number in range(20)})
        assert ours.look() == []


def test_each_figure_is_watched_by_itself(ours: Watching) -> None:
    for week in range(26):
        share = 0.8 if week < 23 else 0.6
        ours.week(week, 38, groundedness=share, citation_support=0.7)
    assert ours.look() == ["groundedness"]


def test_what_live_turns_show_is_watched(ours: Watching) -> None:
    for week in range(26):
        low = week >= 23
        point = live(week, groundedness=0.6 if low else 0.8, rating=3.2 if low else 4.2)
        ours.evaluations.add_live_points(ours.title, [point])
    assert ours.look() == ["live_groundedness", "live_rating"]
    assert {detail["at"] for detail in ours.heard.told(DETECTED)} == {day_of(25)}
    (proposal,) = ours.proposals()
    assert "players' ratings fell from 4.2 to 3.2" in proposal.request.note
    assert ours.look() == []


def test_a_week_in_which_few_played_tells_nothing(ours: Watching) -> None:
    for week in range(26):
        low = week >= 23
        few = {"measured": 19, "rated": 9, "groundedness": 0.1, "rating": 1.0} if low else {}
        ours.evaluations.add_live_points(ours.title, [live(week, **few)])
    assert ours.look() == []


def test_what_breaks_at_once_is_told_at_once(ours: Watching) -> None:
    ours.weeks([38, 37, 38, 39, 18])
    (drift,) = ours.watch(ours.title, [NPC])
    assert (drift.metric, drift.shape) == ("pass_rate", "sudden")


def test_an_npc_has_one_open_proposal_until_somebody_takes_it_up(ours: Watching) -> None:
    fallen(ours)
    first = ours.watch(ours.title, [NPC])[0].tuning
    for week in range(26):
        low = week >= 23
        ours.evaluations.add_live_points(ours.title, [live(week, rating=3.2 if low else 4.2)])
    assert [drift.tuning for drift in ours.watch(ours.title, [NPC])] == [first]
    assert take_up(ours.tunings, ours.title, ["tib"], "t1", AT) == []
    assert take_up(ours.tunings, ours.title, ["tib", NPC], "t1", AT) == [first]
    assert take_up(ours.tunings, ours.title, [], "t1", AT) == []
    taken = ours.tunings.find(ours.title, first)
    assert (taken.state, taken.failure, taken.ended_at) == ("stopped", "Taken up by t1.", AT)
    ours.weeks([30] * 10 + [20] * 6, first=26)
    (second,) = ours.watch(ours.title, [NPC])
    assert second.tuning != first
    assert [one.id for one in ours.proposals()] == [second.tuning]


def test_a_run_for_all_of_a_title_takes_up_every_proposal_and_nothing_else(ours: Watching) -> None:
    fallen(ours)
    (drift,) = ours.watch(ours.title, [NPC])
    running = Tuning(ours.title, new_turn_id(), "ada", AT, TuningRequest("lines"), "running")
    ours.tunings.begin(running)
    assert take_up(ours.tunings, ours.title, [], "t1", AT) == [drift.tuning]
    assert ours.tunings.find(ours.title, running.id).state == "running"


def test_each_npc_has_a_proposal_of_its_own(ours: Watching) -> None:
    for week, passed in enumerate(STEADY + LOW):
        for npc in (NPC, "tib"):
            ours.week(week, passed, npc=npc)
    assert [drift.npc for drift in ours.watch(ours.title, [NPC, "tib"])] == [NPC, "tib"]
    assert sorted(one.request.npcs for one in ours.proposals()) == [(NPC,), ("tib",)]


def test_what_could_not_be_told_is_told_later_by_the_same_event(ours: Watching) -> None:
    fallen(ours)
    ours.heard.failing = StoreUnavailable("The bus is away.")
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            ours.look()
    ours.heard.failing = None
    assert ours.look() == ["pass_rate"]
    (proposal,) = ours.proposals()
    assert [detail["tuning"] for detail in ours.heard.told(DETECTED)] == [proposal.id]


class Broken:
    """A store that fails once after what it was to do, as work that is broken off there."""

    def __init__(self, store: Any, method: str, after: int) -> None:
        self._store, self._method, self.left = store, method, after

    def __getattr__(self, name: str) -> Any:
        work = getattr(self._store, name)
        if name != self._method:
            return work

        def once(*given: Any) -> Any:
            done = work(*given)
            self.left -= 1
            if self.left == 0:
                raise StoreUnavailable("Broken off.")
            return done

        return once


@pytest.mark.parametrize(
    ("store", "method", "after"), [("drifts", "put", 1), ("drifts", "put", 2), ("tunings", "begin", 1)]
)
def test_work_that_is_broken_off_anywhere_leads_to_one_proposal_and_one_event_id(
    ours: Watching, store: str, method: str, after: int
) -> None:
    fallen(ours)
    broken: Any = Broken(getattr(ours, store), method, after)
    setattr(ours.watch, f"_{store}", broken)
    with pytest.raises(StoreUnavailable):
        ours.look()
    ours.look()
    assert broken.left <= 0
    assert len(ours.proposals()) == 1
    told = ours.heard.told(DETECTED)
    assert len({detail["id"] for detail in told}) == len({detail["tuning"] for detail in told}) == 1
    assert ours.look() == []


class Overtaken:
    """Drift of which another watch tells between two looks of this one."""

    def __init__(self, ours: Watching, other: Watching) -> None:
        self._store, self._other, self.calls = ours.drifts, other, 0

    def find(self, title: str, npc: str) -> NpcDrift:
        found = self._store.find(title, npc)
        self.calls += 1
        if self.calls == 1:
            self._other.watch(title, [npc])
        return found

    def put(self, title: str, npc: str, known: NpcDrift) -> NpcDrift:
        return self._store.put(title, npc, known)


def test_two_who_look_at_once_make_one_proposal_and_tell_one_drift(ours: Watching, moto_resources: Resources) -> None:
    fallen(ours)
    other = Watching(moto_resources, ours.title)
    overtaken: Any = Overtaken(ours, other)
    ours.watch._drifts = overtaken
    assert ours.look() == []
    assert (ours.heard.events, len(other.heard.events), overtaken.calls) == ([], 1, 2)
    assert len(ours.proposals()) == 1


def test_contention_that_does_not_end_is_told(ours: Watching) -> None:
    fallen(ours)

    class Busy:
        def find(self, title: str, npc: str) -> NpcDrift:
            return NpcDrift()

        def put(self, title: str, npc: str, known: NpcDrift) -> NpcDrift:
            raise Conflict("Busy.")

    busy: Any = Busy()
    ours.watch._drifts = busy
    with pytest.raises(StoreUnavailable):
        ours.look()
    assert ours.proposals() == []


def test_a_scheduled_evaluation_is_told_by_its_id(ours: Watching) -> None:
    name = drift_evaluation(ours.title, "2026-11-16")
    assert is_drift(ours.title, name)
    assert not is_drift(f"{ours.title}-2", name)
    assert not is_drift(ours.title, new_turn_id())
    assert not is_drift(ours.title, "no id")
    ids = [drift_evaluation(ours.title, day_of(week)) for week in range(60)]
    assert ids == sorted(ids)
