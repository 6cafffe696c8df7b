"""`npc chat`: a line in, a line out, until it is told to stop."""

from __future__ import annotations

import io
import json

import httpx
import pytest

from tests.unit.cli.pretended_stage import TURN, Stage, problem


@pytest.fixture
def talk(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = TURN

    def run(*lines: str, options: tuple[str, ...] = ()):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return stage.npc("chat", "ferry", *options)

    return run


def test_lines_are_spoken_until_quit(stage: Stage, talk) -> None:
    ran = talk("hello", "", "when?", "/quit", "never said")
    assert ran.code == 0
    assert [json.loads(request.content)["message"] for request in stage.requests] == ["hello", "when?"]


def test_the_end_of_input_ends_the_talk(stage: Stage, talk) -> None:
    assert talk("hello").code == 0
    assert len(stage.requests) == 1


def test_world_sets_the_flags_of_the_player_who_talks(stage: Stage, talk) -> None:
    stage.answers["PUT /dev/v1/players/ada/world"] = lambda request: httpx.Response(204)
    talk("/world q:a q:b", options=("--player", "ada"))
    assert stage.sent() == {"flags": ["q:a", "q:b"]}


def test_an_unknown_command_is_not_spoken(stage: Stage, talk) -> None:
    ran = talk("/wrold x")
    assert stage.requests == []
    assert "only /world" in ran.err


def test_a_failed_turn_does_not_end_the_talk(stage: Stage, talk) -> None:
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = problem(503, "Busy", "Try again.")
    ran = talk("one", "two")
    assert ran.code == 0
    assert len(stage.requests) == 2
    assert "Busy: Try again." in ran.err


def test_with_json_each_line_gets_one_line_of_json(talk) -> None:
    ran = talk("hello", "when?", options=("--json",))
    assert [json.loads(line)["say"] for line in ran.out.splitlines()] == [TURN["say"]] * 2


def test_with_json_a_failed_turn_ends_it_with_an_error(stage: Stage, talk) -> None:
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = problem(503, "Busy", "Try again.")
    assert talk("one", "two", options=("--json",)).code == 1
