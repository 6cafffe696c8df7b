"""Saves: loading an old one forgets what came after it, whatever arrives late; forks go their own ways."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops.errors import Conflict, InvalidRequest, NotFound
from npcops.memory import Branch, Snapshot, Standing, WorldState
from npcops.saves import (
    MOST_BRANCHES,
    Fork,
    Rewind,
    SaveChange,
    SaveState,
    SnapshotState,
    TakeSnapshot,
)
from npcops.turn_ids import began
from tests.remembering import Remembering, identity, turn
from tests.resources import Resources

WAR, PEACE = WorldState(("war",)), WorldState(("peace",))


@pytest.fixture
def ours(moto_resources: Resources) -> Remembering:
    return Remembering(moto_resources)


def heard(ours: Remembering, save: str = "main", npc: str = "mira") -> list[str]:
    """What an NPC remembers of the player's words."""
    return [one.player for one in ours.recalled(npc, save, recent_tokens=100_000).turns]


def test_loading_an_old_save_forgets_what_came_after_it(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    ours.say("b", "mira", "otto")
    ours.change(Rewind("main", "here"))
    assert (heard(ours), heard(ours, npc="otto")) == (["a"], [])
    ours.say("c")
    assert heard(ours) == ["a", "c"]


def test_a_snapshot_stays_what_it_was(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    for text in ("b", "c"):
        ours.say(text)
        ours.change(Rewind("main", "here"))
        assert heard(ours) == ["a"]
    ours.change(TakeSnapshot("main", "again"))
    assert ours.players.snapshot(ours.title, "ann", "again").lineage == (Branch("main", identity(1001)),)


def test_a_snapshot_is_where_the_save_stands_and_what_is_true(ours: Remembering) -> None:
    ours.players.set_world(ours.title, "ann", WAR)
    ours.say("a")
    changed, taken_at = ours.change(TakeSnapshot("main", "here")), began(identity(1002))
    expected = Snapshot("here", "main", (Branch("main", identity(1001)),), WAR, taken_at)
    assert ours.players.snapshot(ours.title, "ann", "here") == expected
    assert (changed.save, changed.snapshot) == (SaveState("main", 0), SnapshotState("here", "main", taken_at))


def test_a_snapshot_of_the_same_name_is_taken_anew(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    ours.say("b")
    ours.change(TakeSnapshot("main", "here"))
    ours.say("c")
    ours.change(Rewind("main", "here"))
    assert heard(ours) == ["a", "b"]


def test_a_rewind_puts_the_world_back(ours: Remembering) -> None:
    ours.players.set_world(ours.title, "ann", WAR)
    ours.change(TakeSnapshot("main", "here"))
    ours.players.set_world(ours.title, "ann", PEACE)
    assert ours.change(Rewind("main", "here")).world == WAR
    assert ours.players.standing(ours.title, "ann", "main") == Standing(WAR, ours.save())


def test_a_rewind_twice_is_harmless(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    ours.say("b")
    first, second = ours.change(Rewind("main", "here")), ours.change(Rewind("main", "here"))
    assert (first.save, second.save) == (SaveState("main", 1), SaveState("main", 2))
    assert heard(ours) == ["a"]


def test_a_turn_that_ends_after_the_player_has_loaded_is_not_remembered(ours: Remembering) -> None:
    ours.say("a")
    late, branch = turn(1500, "late"), ours.save().live
    ours.change(TakeSnapshot("main", "here"))
    ours.change(Rewind("main", "here"))
    ours.players.append_turn(ours.title, "ann", branch, {"mira": late}, ttl_days=1)
    assert heard(ours) == ["a"]
    ours.change(Rewind("main", "here"))
    assert heard(ours) == ["a"]


def test_a_fork_goes_its_own_way(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    ours.say("b")
    ours.change(Fork("then", snapshot="here"))
    ours.change(Fork("now", source="main"))
    assert (heard(ours, "then"), heard(ours, "now"), heard(ours)) == (["a"], ["a", "b"], ["a", "b"])
    for save in ("main", "then", "now"):
        ours.say(save, save=save)
    assert (heard(ours, "then"), heard(ours, "now")) == (["a", "then"], ["a", "b", "now"])
    assert heard(ours) == ["a", "b", "main"]


def test_a_fork_leaves_the_world_alone(ours: Remembering) -> None:
    ours.players.set_world(ours.title, "ann", WAR)
    ours.change(TakeSnapshot("main", "here"))
    ours.players.set_world(ours.title, "ann", PEACE)
    assert ours.change(Fork("slot", snapshot="here")).world is None
    assert ours.players.world(ours.title, "ann") == PEACE


def test_a_fork_of_a_fork_and_a_rewind_of_another_s_snapshot(ours: Remembering) -> None:
    ours.say("a")
    ours.change(Fork("two", source="main"))
    ours.say("b", save="two")
    ours.change(TakeSnapshot("two", "of-two"))
    ours.change(Fork("three", source="two"))
    ours.say("c", save="three")
    ours.say("x", save="other")
    ours.change(Rewind("other", "of-two"))
    assert (heard(ours, "three"), heard(ours, "other")) == (["a", "b", "c"], ["a", "b"])


@pytest.mark.parametrize("change", [Fork("slot", source="main"), Fork("slot", snapshot="here")])
def test_a_fork_onto_a_save_is_a_conflict_but_the_same_call_again_is_not(ours: Remembering, change: Fork) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    first = ours.change(change)
    made = ours.save("slot")
    assert ours.change(change) == first
    assert ours.save("slot") == made
    ours.say("b", save="slot")
    with pytest.raises(Conflict, match="already"):
        ours.change(change)
    assert heard(ours, "slot") == ["a", "b"]


def test_a_fork_onto_a_save_that_was_only_spoken_in_or_rewound_is_a_conflict(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    ours.say("b", save="slot")
    ours.change(Rewind("other", "here"))
    ours.change(Rewind("other", "here"))
    for taken in ("slot", "other", "main"):
        with pytest.raises(Conflict):
            ours.change(Fork(taken, snapshot="here"))


def test_a_fork_elsewhere_than_before_is_a_conflict(ours: Remembering) -> None:
    ours.say("a")
    ours.change(Fork("slot", source="main"))
    ours.say("b")
    with pytest.raises(Conflict):
        ours.change(Fork("slot", source="main"))


@pytest.mark.parametrize("change", [Rewind("main", "nowhere"), Fork("slot", snapshot="nowhere")])
def test_what_was_not_kept_cannot_be_gone_back_to(ours: Remembering, change: SaveChange) -> None:
    with pytest.raises(NotFound):
        ours.change(change)


@pytest.mark.parametrize("change", [Fork("slot"), Fork("slot", "here", "main")])
def test_a_fork_begins_at_one_point(ours: Remembering, change: Fork) -> None:
    with pytest.raises(InvalidRequest):
        ours.change(change)


def test_a_save_nobody_spoke_in_can_be_kept_and_forked(ours: Remembering) -> None:
    ours.change(TakeSnapshot("main", "start"))
    ours.change(Fork("slot", source="main"))
    ours.say("a")
    ours.say("b", save="slot")
    ours.change(Rewind("main", "start"))
    assert (heard(ours), heard(ours, "slot")) == ([], ["b"])


def test_loading_again_and_again_does_not_make_a_save_longer(ours: Remembering) -> None:
    ours.say("a")
    for number in range(5):
        ours.change(TakeSnapshot("main", f"s{number}"))
        ours.change(Rewind("main", f"s{number}"))
        ours.change(Fork(f"f{number}", source="main"))
    assert [part.id for part in ours.save().lineage[:-1]] == ["main"]
    assert [part.id for part in ours.save("f4").lineage[:-1]] == ["main"]


def test_of_a_very_long_line_the_beginning_is_forgotten(ours: Remembering) -> None:
    branches = tuple(Branch(f"main~{identity(number)}", identity(number + 1)) for number in range(0, 600, 2))
    snapshot = Snapshot("long", "main", branches, WAR, began(identity(900)))
    ours.players.put_snapshot(ours.title, "ann", snapshot)
    ours.change(Rewind("main", "long"))
    lineage = ours.save().lineage
    assert len(lineage) == MOST_BRANCHES
    assert lineage[:-1] == branches[-MOST_BRANCHES + 1 :]
    assert len(msgspec.json.encode(lineage)) < 32_000


def test_all_saves_and_snapshots_are_listed(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    ours.change(Fork("slot", snapshot="here"))
    listed = ours.saves.all(ours.title, "ann")
    assert listed.saves == (SaveState("main", 0), SaveState("slot", 1))
    assert listed.snapshots == (SnapshotState("here", "main", began(identity(1002))),)


def decoded(body: dict[str, Any]) -> SaveChange:
    found: SaveChange = msgspec.convert(body, SaveChange)
    return found


def test_a_change_is_told_by_its_action() -> None:
    here = {"save": "main", "snapshot": "here"}
    assert decoded({"action": "snapshot", **here}) == TakeSnapshot("main", "here")
    assert decoded({"action": "rewind", **here}) == Rewind("main", "here")
    assert decoded({"action": "fork", "save": "slot", "source": "main"}) == Fork("slot", source="main")


BAD: list[dict[str, Any]] = [
    {"save": "main", "snapshot": "here"},
    {"action": "forget", "save": "main", "snapshot": "here"},
    {"action": "snapshot", "save": "main"},
    {"action": "rewind", "save": "a b", "snapshot": "here"},
    {"action": "rewind", "save": "main~1", "snapshot": "here"},
    {"action": "rewind", "save": "main", "snapshot": "here#"},
    {"action": "snapshot", "save": "main", "snapshot": "here", "source": "main"},
]


@pytest.mark.parametrize("body", BAD)
def test_a_change_that_is_none_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(body)
