"""Who is answered by which model: by title, NPC, player and mode, and what stands in for it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.casting import Casting, is_shifted, served_to
from npcops.errors import NoTunedModel, StoreUnavailable
from npcops.ladder import Rung
from npcops.promotions import Promoted, Served, Shift
from tests.fake_time import FakeTime

OLD, NEW = Served("base@old", "nova", 1), Served("base@new", "nova", 2)
SINCE = "2026-11-20T12:00:00.000+00:00"
NPCS = ("mira", "otto", "ines")
PLAYERS = [f"player-{number}" for number in range(400)]


def shifting(percent: int, promotion: str = "p1", current: Served | None = OLD) -> Promoted:
    return Promoted(current, None, Shift(NEW, percent, promotion, SINCE), 3)


class Told:
    """`TunedModels` of one title."""

    def __init__(self, promoted: Promoted | Exception) -> None:
        self.promoted_there = promoted

    def promoted(self, title: str) -> Promoted:
        assert title == "game"
        if isinstance(self.promoted_there, Exception):
            raise self.promoted_there
        return self.promoted_there


def rungs(told: Promoted | Exception, mode: Any = "auto", npc: str = "mira", smaller: str = "", own: str = "") -> Any:
    casting = Casting("stage", smaller, Told(told), FakeTime())
    return casting.rungs("game", npc, "ada", mode, 8.0, own)


def test_auto_is_answered_by_the_promoted_model_and_falls_back_to_the_stage_s() -> None:
    assert rungs(Promoted(OLD)) == ([Rung("model", "base@old"), Rung("stage-model", "stage")], ())
    assert rungs(Promoted(OLD), smaller="small")[0] == [Rung("model", "base@old"), Rung("smaller-model", "small")]
    assert rungs(Promoted(OLD), own="titles")[0][1] == Rung("stage-model", "titles")
    assert rungs(Promoted()) == ([Rung("model", "stage")], ())


@pytest.mark.parametrize("mode", ["base", "rag"])
def test_other_modes_never_are(mode: str) -> None:
    assert rungs(Promoted(OLD), mode) == ([Rung("model", "stage")], ())
    assert rungs(StoreUnavailable("silent"), mode) == ([Rung("model", "stage")], ())


def test_only_those_it_was_tuned_for_speak_by_it() -> None:
    own = Promoted(Served("base@mira", "nova", 1, ("mira",)))
    assert rungs(own, "tuned")[0][0].model == "base@mira"
    assert rungs(own, "auto", "otto") == ([Rung("model", "stage")], ())
    with pytest.raises(NoTunedModel):
        rungs(own, "tuned", "otto")
    with pytest.raises(NoTunedModel):
        rungs(Promoted(), "tuned")


def test_a_parameter_store_that_is_silent_costs_the_tuned_model_alone() -> None:
    assert rungs(StoreUnavailable("silent"), "tuned") == ([Rung("stage-model", "stage")], ("tuned-unknown",))


def test_a_player_stays_with_a_model_and_comes_to_the_new_one_once() -> None:
    """Who is among the first percent is among all that follow."""
    sides = [[served_to(shifting(percent), "mira", player) for player in PLAYERS] for percent in (1, 10, 50, 99, 100)]
    for before, after in itertools.pairwise(sides):
        assert not [1 for one, other in zip(before, after, strict=True) if one == NEW and other == OLD]
    assert set(sides[-1]) == {NEW}
    shares = [side.count(NEW) / len(PLAYERS) for side in sides]
    assert shares == pytest.approx([0.01, 0.10, 0.50, 0.99, 1.0], abs=0.06)


def test_each_promotion_draws_its_own_players() -> None:
    first, second = ([is_shifted(Shift(NEW, 50, one, SINCE), player) for player in PLAYERS] for one in ("p1", "p2"))
    assert 100 < sum(one != other for one, other in zip(first, second, strict=True)) < 300


def test_before_the_first_promotion_the_others_have_the_stage_s_own_model() -> None:
    found = {served_to(shifting(50, current=None), "mira", player) for player in PLAYERS}
    assert found == {NEW, None}


def test_a_shift_for_one_npc_leaves_the_others_to_theirs() -> None:
    otto = Served("base@otto", "nova", 3, ("otto",)).over(OLD)
    only = Promoted(OLD, None, Shift(otto, 100, "p1", SINCE))
    assert served_to(only, "otto", "ada") == otto
    assert served_to(only, "mira", "ada") == OLD


def test_models_of_several_npcs_stand_beside_each_other() -> None:
    mira, otto, ines = (Served(f"base@{npc}", "nova", number, (npc,)) for number, npc in enumerate(NPCS, 5))
    all_three = ines.over(otto.over(mira.over(OLD)))
    assert [all_three.of(npc) for npc in (*NPCS, "edda")] == [mira, otto, all_three, OLD]
    again = Served("base@mira-2", "nova", 9, ("mira", "otto")).over(all_three)
    assert [one.version for one in again.all()] == [9, 7, 1]
    assert Served("base@all", "nova", 10).over(again).beside == ()
    assert again.over(again).beside == again.beside
    assert Served("base@a", "nova", 11, ("a",)).over(None).of("b") is None


def test_who_is_one_of_several_of_a_model_leaves_the_others_to_it() -> None:
    both = Served("base@both", "nova", 1, ("mira", "otto"))
    only = Served("base@mira", "nova", 2, ("mira",)).over(both)
    assert only.beside == (Served("base@both", "nova", 1, ("otto",)),)


@given(st.text(max_size=40), st.text(max_size=40), st.integers(1, 100))
def test_the_same_player_is_always_drawn_alike(player: str, promotion: str, percent: int) -> None:
    shift = Shift(NEW, percent, promotion, SINCE)
    assert is_shifted(shift, player) == is_shifted(shift, player)
    assert is_shifted(Shift(NEW, 100, promotion, SINCE), player)
