"""Function StreamTurn as Lambda runs it: a message comes in, frames go out, and the turn is REST's."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from npcops import bootstrap
from npcops.errors import Disconnected
from tests.calls import answered, call, sample
from tests.handlers.conftest import Load

Frames = list[dict[str, Any]]


class Connections:
    """`Connections` that keep what is posted; one closes after so many frames."""

    def __init__(self) -> None:
        self.frames: Frames = []
        self.closes_after = 10_000

    def post(self, connection: str, frame: bytes) -> None:
        if len(self.frames) >= self.closes_after:
            raise Disconnected("Gone.")
        self.frames.append(json.loads(frame))

    def taken(self) -> Frames:
        frames, self.frames = self.frames, []
        return frames


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Connections:
    made = Connections()
    monkeypatch.setattr(bootstrap, "connections", lambda: made)
    return made


def message(title: str, body: dict[str, Any], **identity: str) -> dict[str, Any]:
    event: dict[str, Any] = copy.deepcopy(sample("stream/speak"))
    event["requestContext"]["authorizer"].update({"title": title, **identity})
    return {**event, "body": json.dumps(body)}


def speak(**more: Any) -> dict[str, Any]:
    return {"action": "speak", "npc": "mira", "message": "Who are you?", "mode": "base", **more}


def said(frames: Frames) -> str:
    return "".join(frame["text"] for frame in frames if frame["event"] == "say.delta")


def test_a_turn_is_streamed_and_complete(load: Load, connections: Connections, title: str, mira: str) -> None:
    assert load("stream_turn")(message(title, speak(ref="r1"))) == {"statusCode": 200}
    frames = connections.taken()
    assert (frames[0]["event"], frames[0]["ref"], frames[-1]["event"]) == ("turn.started", "r1", "turn.completed")
    turn = frames[-1]["turn"]
    assert said(frames) == turn["say"] == "Well met."
    rest = answered(load("converse")(call("converse", title, npc="mira", body={"message": "Hello", "mode": "base"})))
    assert turn.keys() == rest.keys()


def test_a_broken_turn_is_had_on_another_connection(
    load: Load, connections: Connections, title: str, mira: str
) -> None:
    function = load("stream_turn")
    connections.closes_after = 1
    function(message(title, speak()))
    (started,) = connections.taken()
    connections.closes_after = 10_000
    resume = {"action": "resume", "turn_id": started["turn_id"]}
    function(message(title, resume))
    frames = connections.taken()
    assert (frames[0]["turn_id"], frames[-1]["turn"]["say"]) == (started["turn_id"], "Well met.")
    function(message(title, resume))
    assert [frame["event"] for frame in connections.taken()] == ["turn.started", "turn.completed"]
    for stranger in (message(title, resume, subject="bob"), message(f"{title}-2", resume)):
        function(stranger)
        (refused,) = connections.taken()
        assert refused["problem"]["type"] == "/problems/not-found"


def test_servers_name_the_player_and_players_only_themselves(
    load: Load, connections: Connections, title: str, mira: str
) -> None:
    function = load("stream_turn")
    function(message(title, speak(player="bob")))
    (refused,) = connections.taken()
    assert refused["problem"]["type"] == "/problems/forbidden"
    function(message(title, speak(player="bob"), scopes="server", subject="game-server"))
    turn_id = connections.taken()[-1]["turn_id"]
    assert bootstrap.stream_turn()._records.find(title, "bob", turn_id) is not None


def test_a_character_that_does_not_exist_is_a_problem(load: Load, connections: Connections, title: str) -> None:
    load("stream_turn")(message(title, speak(npc="nobody")))
    assert connections.taken()[-1]["problem"]["type"] == "/problems/not-found"


def test_connecting_is_allowed(load: Load, connections: Connections) -> None:
    assert load("stream_turn")(sample("stream/connect")) == {"statusCode": 200}
    assert connections.taken() == []
