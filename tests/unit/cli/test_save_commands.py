"""`npc saves`: what it sends and what it prints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.pretended_stage import Stage, problem

PATH = "/dev/v1/players/ann/saves"
LISTED = {
    "saves": [{"name": "main", "revision": 0}, {"name": "slot", "revision": 2}],
    "snapshots": [{"name": "duel", "save": "main", "taken_at": "2026-11-20T12:00:00.000+00:00"}],
}
CHANGED = {"action": "x", "save": {"name": "slot", "revision": 1}, "snapshot": None, "world": None}


def test_saves_and_snapshots_are_listed(stage: Stage) -> None:
    stage.answers[f"GET {PATH}"] = LISTED
    ran = stage.npc("saves", "ls", "ann")
    assert [line.split() for line in ran.out.splitlines()[1:]] == [
        ["save", "main"],
        ["save", "slot"],
        ["snapshot", "duel", "main", "2026-11-20T12:00:00.000+00:00"],
    ]
    assert stage.npc("saves", "ls", "ann", "--json").data == LISTED


CHANGES: list[tuple[tuple[str, ...], dict[str, Any], str]] = [
    (
        ("snapshot", "ann", "main", "duel"),
        {"action": "snapshot", "save": "main", "snapshot": "duel"},
        "kept main as duel",
    ),
    (
        ("rewind", "ann", "main", "duel"),
        {"action": "rewind", "save": "main", "snapshot": "duel"},
        "main is back at duel",
    ),
    (
        ("fork", "ann", "slot", "--snapshot", "duel"),
        {"action": "fork", "save": "slot", "snapshot": "duel"},
        "slot begins at duel",
    ),
    (
        ("fork", "ann", "slot", "--save", "main"),
        {"action": "fork", "save": "slot", "source": "main"},
        "slot begins at main",
    ),
]


@pytest.mark.parametrize(("arguments", "body", "told"), CHANGES)
def test_a_change_is_sent_and_told(stage: Stage, arguments: tuple[str, ...], body: dict[str, Any], told: str) -> None:
    stage.answers[f"POST {PATH}"] = CHANGED
    ran = stage.npc("saves", *arguments)
    assert (ran.code, ran.out) == (0, f"{told}\n")
    assert stage.sent() == body
    assert stage.npc("saves", *arguments, "--json").data == CHANGED


@pytest.mark.parametrize("options", [(), ("--snapshot", "duel", "--save", "main")])
def test_a_fork_begins_at_one_point(stage: Stage, options: tuple[str, ...]) -> None:
    ran = stage.npc("saves", "fork", "ann", "slot", *options)
    assert ran.code == 2
    assert "either --snapshot or --save" in ran.err
    assert stage.requests == []


def test_a_name_that_is_taken_is_said(stage: Stage) -> None:
    stage.answers[f"POST {PATH}"] = problem(409, "Not possible in the present state", "There is a save slot already.")
    ran = stage.npc("saves", "fork", "ann", "slot", "--save", "main")
    assert (ran.code, ran.err) == (1, "npc: Not possible in the present state: There is a save slot already.\n")
