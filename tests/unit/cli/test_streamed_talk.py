"""`npc ask` and `npc chat` on a stage that streams, and on one that does not."""

from __future__ import annotations

import io
import json

import pytest

from tests.unit.cli.pretended_stage import TURN, Stage, token
from tests.unit.cli.pretended_stream import SAY, Server, completed, delta, started, whole


@pytest.fixture
def streaming(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The pretended stage has a stream."""
    server = Server(lambda message: whole(message["ref"]))
    monkeypatch.setenv("NPCOPS_STREAM_URL", "wss://ws.test/dev")
    stage.opener = server
    return server


def test_ask_prints_the_streamed_turn_once(stage: Stage, streaming: Server) -> None:
    ran = stage.npc("ask", "ferry", "When?", "--player", "ann")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"ferry: {SAY}"
    assert ran.out.count(SAY) == 1
    assert ("→ point" in ran.out, "The ferry (places/ferry.md)" in ran.out, ran.err) == (
        True,
        True,
        "turn t1 (to rate it: npc rate)\n",
    )
    assert streaming.messages[0]["player"] == "ann"
    assert stage.requests == []


def test_a_player_s_token_names_no_player(stage: Stage, streaming: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPCOPS_TOKEN", token("player"))
    assert stage.npc("ask", "ferry", "When?").code == 0
    assert "player" not in streaming.messages[0]


def test_words_taken_back_stay_and_the_answer_begins_on_a_new_line(stage: Stage, streaming: Server) -> None:
    streaming.scripts = [
        lambda message: [
            started(message["ref"]),
            delta(1, "Ask the miller."),
            {"event": "say.reset", "turn_id": "t1"},
            delta(2, SAY),
            completed(),
        ]
    ]
    out = stage.npc("ask", "ferry", "When?").out
    assert out.splitlines()[:2] == ["ferry: Ask the miller. …", f"ferry: {SAY}"]


def test_with_json_a_streamed_turn_is_one_document_or_line(
    stage: Stage, streaming: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.npc("ask", "ferry", "When?", "--json").data == TURN
    monkeypatch.setattr("sys.stdin", io.StringIO("When?\nAnd then?\n"))
    ran = stage.npc("chat", "ferry", "--json")
    assert [json.loads(line) for line in ran.out.splitlines()] == [TURN, TURN]
    assert len(streaming.opened) == 2


def test_without_a_stream_the_answer_comes_whole_and_that_is_said_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = TURN
    monkeypatch.setattr("sys.stdin", io.StringIO("When?\nAnd then?\n"))
    ran = stage.npc("chat", "ferry")
    assert ran.out.count(SAY) == 2
    assert ran.err.count("no stream") == 1
