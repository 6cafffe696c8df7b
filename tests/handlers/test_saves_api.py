"""Saves of players, through the functions' own handlers."""

from __future__ import annotations

from typing import Any

import pytest

from npcops import bootstrap
from npcops.memory import RememberedTurn
from npcops.turn_ids import new_turn_id
from tests.calls import answered, call, refused
from tests.handlers.conftest import Load


def say(title: str, save: str = "main") -> str:
    """One turn of Ann with Mira; returns its id."""
    players, turn_id = bootstrap.players(), new_turn_id()
    branch = players.save(title, "ann", save).live
    players.append_turn(title, "ann", branch, {"mira": RememberedTurn(turn_id, "Hello?", "Yes.")}, ttl_days=1)
    return turn_id


def told(title: str, save: str = "main") -> list[str]:
    players = bootstrap.players()
    turns = players.recent(title, "ann", "mira", players.save(title, "ann", save).lineage, 9)[1]
    return [turn.turn_id for turn in turns]


def test_a_save_is_kept_rewound_forked_and_listed(load: Load, title: str) -> None:
    change, world = load("save_player"), {"flags": ["war"], "faction": None, "place": None}

    def changed(**body: str) -> Any:
        return answered(change(call("save_player", title, player="ann", body=body)))

    answered(load("set_world")(call("set_world", title, player="ann", body=world)))
    first = say(title)
    taken = changed(action="snapshot", save="main", snapshot="duel")
    assert taken["snapshot"].keys() == {"name", "save", "taken_at"}
    say(title)
    answered(load("set_world")(call("set_world", title, player="ann", body={"flags": []})))
    assert changed(action="rewind", save="main", snapshot="duel")["world"] == world
    assert answered(load("get_world")(call("get_world", title, player="ann"))) == world
    changed(action="fork", save="slot", source="main")
    assert told(title) == told(title, "slot") == [first]
    assert answered(load("list_saves")(call("list_saves", title, player="ann"))) == {
        "saves": [{"name": "main", "revision": 1}, {"name": "slot", "revision": 1}],
        "snapshots": [taken["snapshot"]],
    }


def test_what_cannot_be_done_is_a_problem(load: Load, title: str) -> None:
    change = load("save_player")
    say(title, "slot")
    for body, status, kind in (
        ({"action": "rewind", "save": "main", "snapshot": "nowhere"}, 404, "not-found"),
        ({"action": "fork", "save": "slot", "source": "main"}, 409, "conflict"),
        ({"action": "fork", "save": "new"}, 400, "invalid-request"),
        ({"action": "rewind", "save": "main"}, 400, "invalid-request"),
        ({"action": "burn", "save": "main"}, 400, "invalid-request"),
    ):
        refused(change(call("save_player", title, player="ann", body=body)), status, kind)


@pytest.mark.parametrize("function", ["save_player", "list_saves"])
def test_players_do_not_change_or_see_saves_by_themselves(load: Load, title: str, function: str) -> None:
    refused(load(function)(call(function, title, player="ann", scopes="player")), 403, "forbidden")


def test_people_see_them(load: Load, title: str) -> None:
    answered(load("list_saves")(call("list_saves", title, player="ann", scopes="studio")))
