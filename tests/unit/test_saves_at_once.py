"""Changes of saves at the same time: one after the other or not at all, and nothing after an erasure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from npcops.errors import Conflict
from npcops.saves import ATTEMPTS, Fork, Rewind, SaveChange, SaveChanged, Saves, SaveState, TakeSnapshot
from tests.remembering import Remembering
from tests.resources import Resources


@pytest.fixture
def ours(moto_resources: Resources) -> Remembering:
    return Remembering(moto_resources)


class Meddled:
    """A `PlayerStore` in which somebody else acts before a save is written."""

    def __init__(self, ours: Remembering, act: Callable[[], object]) -> None:
        self._players, self._act = ours.players, act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._players, name)

    def put_save(self, *arguments: Any) -> bool:
        self._act()
        return self._players.put_save(*arguments)


def meddled(ours: Remembering, change: SaveChange, act: Callable[[], object]) -> SaveChanged:
    players: Any = Meddled(ours, act)
    return Saves(players, ours.next_id).change(ours.title, "ann", change)


def test_of_two_rewinds_at_once_both_are_done_one_after_the_other(ours: Remembering) -> None:
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    others = iter([Rewind("main", "here")])

    def act() -> None:
        for other in others:
            ours.change(other)

    assert meddled(ours, Rewind("main", "here"), act).save == SaveState("main", 2)


def test_a_rewind_that_others_always_overtake_gives_up(ours: Remembering) -> None:
    ours.change(TakeSnapshot("main", "here"))
    with pytest.raises(Conflict, match="try again"):
        meddled(ours, Rewind("main", "here"), lambda: ours.change(Rewind("main", "here")))
    assert ours.save().revision == ATTEMPTS


def test_of_two_forks_at_once_one_is_done(ours: Remembering) -> None:
    ours.say("a")
    with pytest.raises(Conflict, match="meanwhile"):
        meddled(ours, Fork("slot", source="main"), lambda: ours.change(Fork("slot", source="empty")))
    assert [part.id for part in ours.save("slot").lineage[:-1]] == []


@pytest.mark.parametrize("change", [Rewind("main", "here"), Fork("slot", snapshot="here")])
def test_an_erasure_meanwhile_leaves_nothing(ours: Remembering, change: SaveChange) -> None:
    """Ids of this test are of 1970, before any erasure."""
    ours.say("a")
    ours.change(TakeSnapshot("main", "here"))
    with pytest.raises(Conflict):
        meddled(ours, change, lambda: ours.players.erase(ours.title, "ann"))
    assert [item["sk"]["S"] for item in ours.resources.items("players", pk=f"{ours.title}#ann")] == ["erased"]
