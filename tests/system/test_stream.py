"""Turns streamed by the deployed stack: who may connect, words that add up, and connections that break."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from npc import stages
from npc.stream import Parts, StreamClient
from tests.system.conftest import RunningStage, eventually

pytestmark = pytest.mark.system
NPC = "wenna-tull"
SECONDS = 60.0
Event = dict[str, Any]


def player() -> str:
    """Somebody new."""
    return f"player-{uuid4().hex[:8]}"


class Connection:
    """One open connection of a client."""

    def __init__(self, socket: Any) -> None:
        self.socket, self._parts = socket, Parts()

    def send(self, message: Event | str) -> None:
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def next(self) -> Event:
        """The next event; parts are put together."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            if event := self._parts.event(json.loads(self.socket.recv(timeout=SECONDS))):
                return event
        raise AssertionError("no whole event came")

    def until(self, *kinds: str, turns: int = 1) -> list[Event]:
        """The events up to the one that ends as many turns."""
        found: list[Event] = []
        while sum(event["event"] in kinds for event in found) < turns:
            found.append(self.next())
        return found


@contextmanager
def connected(stage: RunningStage, token: str | None, url: str | None = None) -> Iterator[Connection]:
    """A connection, with the token in the header."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    proxy: Literal[True] | None = None if stage.stage.name == stages.LOCAL else True
    with connect(url or stage.stage.stream_url, additional_headers=headers, proxy=proxy, close_timeout=1) as socket:
        yield Connection(socket)


def asked(message: str, **more: Any) -> Event:
    return {"action": "speak", "npc": NPC, "message": message, "mode": "base", **more}


def said(events: list[Event], turn_id: str) -> str:
    """What a client has on its screen of one turn."""
    text = ""
    for event in events:
        if event.get("turn_id") == turn_id:
            text = "" if event["event"] == "say.reset" else text + event.get("text", "")
    return text


@pytest.mark.parametrize("token", [None, "", "nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_without_a_good_token_nobody_connects(world: RunningStage, token: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused, connected(world, token):
        pass
    assert refused.value.response.status_code in (401, 403)


def test_a_browser_may_send_its_token_in_the_address(world: RunningStage) -> None:
    url = f"{world.stage.stream_url}?token={world.token('player')}"
    with connected(world, None, url) as connection:
        connection.send("hello")
        assert connection.next()["event"] == "problem"


def test_words_add_up_to_the_turn(world: RunningStage) -> None:
    with connected(world, world.token("player", player())) as connection:
        connection.send(asked("What does a bed in the loft cost?", mode="rag", ref="line-1"))
        events = connection.until("turn.completed", "problem")
    assert (events[0]["event"], events[0]["npc"], events[0]["ref"]) == ("turn.started", NPC, "line-1")
    assert events[-1]["event"] == "turn.completed"
    turn = events[-1]["turn"]
    assert turn["turn_id"] == events[0]["turn_id"]
    assert said(events, turn["turn_id"]) == turn["say"]
    assert turn["say"].strip()
    numbers = [event["seq"] for event in events if "seq" in event]
    assert numbers == sorted(set(numbers))


def test_a_streamed_turn_is_rest_s_turn(world: RunningStage) -> None:
    who = player()
    rest = world.api("player", who).call("POST", f"/v1/npcs/{NPC}/turns", body={"message": "Who are you?"})
    with connected(world, world.token("player", who)) as connection:
        connection.send(asked("And what do you sell?"))
        turn = connection.until("turn.completed", "problem")[-1]["turn"]
    assert turn.keys() == rest.keys()


def test_two_turns_at_once_on_one_connection(world: RunningStage) -> None:
    with connected(world, world.token("player", player())) as connection:
        for ref, message in (("a", "Who are you?"), ("b", "Where are we?")):
            connection.send(asked(message, ref=ref, save=f"save-{ref}"))
        events = connection.until("turn.completed", "problem", turns=2)
    ids = {event["ref"]: event["turn_id"] for event in events if event["event"] == "turn.started"}
    turns = {event["turn_id"]: event["turn"] for event in events if event["event"] == "turn.completed"}
    assert ids.keys() == {"a", "b"}
    assert set(ids.values()) == turns.keys()
    assert all(said(events, turn_id) == turn["say"] for turn_id, turn in turns.items())


def test_a_turn_whose_connection_broke_is_had_on_the_next(world: RunningStage) -> None:
    token = world.token("player", player())
    with connected(world, token) as connection:
        connection.send(asked("Tell me at length of this inn."))
        turn_id = connection.next()["turn_id"]
    turn = StreamTurnClient(world, token).resumed(turn_id)
    assert turn["turn_id"] == turn_id
    assert turn["say"].strip()
    assert StreamTurnClient(world, token).resumed(turn_id) == turn


class StreamTurnClient:
    """Asks for a turn again and again until it is there, as a client does."""

    def __init__(self, stage: RunningStage, token: str) -> None:
        self._stage, self._token = stage, token

    def resumed(self, turn_id: str) -> Event:
        for _ in range(10):
            with connected(self._stage, self._token) as connection:
                connection.send({"action": "resume", "turn_id": turn_id})
                last = connection.until("turn.completed", "problem")[-1]
            if last["event"] == "turn.completed":
                return dict(last["turn"])
            assert last["problem"]["type"] == "/problems/conflict"
            time.sleep(0.5)
        raise AssertionError("the turn did not come")


def test_a_turn_that_nobody_hears_is_ended_and_a_stopped_one_is_not_remembered(world: RunningStage) -> None:
    who = player()
    with connected(world, world.token("player", who)) as connection:
        connection.send(asked(f"Tell me all that you know of number {uuid4().hex}, from the beginning."))
        turn_id = connection.next()["turn_id"]
    table, key = world.stage.outputs["PlayersTableName"], {"pk": {"S": f"{world.title}#{who}"}}
    where = {"TableName": table, "Key": key | {"sk": {"S": f"reply#{turn_id}"}}, "ConsistentRead": True}

    def state() -> str:
        record = json.loads(world.client("dynamodb").get_item(**where)["Item"]["data"]["S"])
        return "" if record["state"] == "speaking" else str(record["state"])

    ended = eventually(state, seconds=30)
    removed = world.api("server").call("DELETE", f"/v1/players/{who}")["removed"]
    assert removed.pop("replies") == 1
    assert ("turns" in removed) == (ended == "finished")


def test_another_s_turn_is_not_to_be_had(world: RunningStage, own_title: RunningStage) -> None:
    who = player()
    with connected(world, world.token("player", who)) as connection:
        connection.send(asked("Who are you?"))
        turn_id = connection.until("turn.completed", "problem")[-1]["turn_id"]
    for token in (world.token("player", player()), own_title.token("player", who)):
        with connected(world, token) as connection:
            connection.send({"action": "resume", "turn_id": turn_id, "ref": "mine"})
            refused = connection.next()
        assert (refused["problem"]["type"], refused["ref"]) == ("/problems/not-found", "mine")


def test_a_bad_message_gets_a_problem_and_the_connection_lives_on(world: RunningStage) -> None:
    bad: list[Event | str] = ["{", "hello", {}, {"action": "shout"}, asked(""), asked("Hi", colour="red")]
    with connected(world, world.token("player", player())) as connection:
        for message in bad:
            connection.send(message)
            assert connection.next()["problem"]["type"] == "/problems/invalid-request"
        connection.send(asked("Hello", player="somebody-else"))
        assert connection.next()["problem"]["type"] == "/problems/forbidden"
        connection.send(asked("Hello"))
        assert connection.until("turn.completed", "problem")[-1]["event"] == "turn.completed"


def test_a_character_that_does_not_exist_is_a_problem_of_its_turn(world: RunningStage) -> None:
    with connected(world, world.token("player")) as connection:
        connection.send(asked("Hello", npc="nobody", ref="x"))
        assert connection.until("problem")[-1]["problem"]["type"] == "/problems/not-found"


def test_a_message_of_more_than_32_kb_closes_the_connection(world: RunningStage) -> None:
    with connected(world, world.token("player")) as connection:
        connection.send("x" * (33 * 1024))
        with pytest.raises(ConnectionClosed) as closed:
            connection.next()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_the_command_line_s_client_hears_it_all(world: RunningStage) -> None:
    heard: list[Event] = []
    with StreamClient(world.stage.stream_url, world.token("player", player())) as client:
        turns = [client.speak({"npc": NPC, "message": text, "mode": "base"}, heard.append) for text in ("Hello", "Bye")]
    assert [said(heard, turn["turn_id"]) for turn in turns] == [turn["say"] for turn in turns]
