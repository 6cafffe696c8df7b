"""Talking over a stage's stream: words as they come, and connections that break."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from npc.errors import NotReachable, Refused
from npc.stream import PAUSES, StreamClient
from tests.unit.cli.pretended_stage import TURN
from tests.unit.cli.pretended_stream import GONE, SAY, Frames, Message, Server, completed, delta, started, whole


def speak(server: Server, pauses: list[float] | None = None, **asked: str) -> tuple[Message, list[Message]]:
    heard: list[Message] = []
    with StreamClient(
        "wss://ws.test/dev", "the-token", server, (pauses if pauses is not None else []).append
    ) as client:
        return client.speak({"npc": "ferry", "message": "When?", **asked}, heard.append), heard


def words(heard: list[Message]) -> str:
    text = ""
    for event in heard:
        text = "" if event["event"] == "say.reset" else text + event.get("text", "")
    return text


def test_a_turn_is_heard_as_it_comes() -> None:
    server = Server(lambda message: whole(message["ref"]))
    turn, heard = speak(server, save="two")
    assert (turn, words(heard)) == (TURN, SAY)
    (message,) = server.messages
    assert {**message, "ref": ""} == {"action": "speak", "npc": "ferry", "message": "When?", "save": "two", "ref": ""}
    ((url, options),) = server.opened
    assert (url, options["additional_headers"]) == ("wss://ws.test/dev", {"Authorization": "Bearer the-token"})
    assert server.closed == 1


def test_frames_of_other_turns_and_frames_sent_twice_are_not_heard() -> None:
    def script(message: Message) -> Frames:
        ours = whole(message["ref"])
        return [started("other", "t2"), ours[0], delta(1, "No", "t2"), ours[1], ours[1], *ours[2:]]

    assert words(speak(Server(script))[1]) == SAY


def test_a_turn_in_parts_is_put_together() -> None:
    text = json.dumps(completed())
    pieces = [text[at : at + 50] for at in range(0, len(text), 50)]
    parts = [
        {"event": "part", "turn_id": "t1", "of": "turn.completed", "index": n, "count": len(pieces), "data": piece}
        for n, piece in enumerate(pieces)
    ]
    turn, _ = speak(Server(lambda message: [started(message["ref"]), parts[0], *parts]))
    assert turn == TURN


def test_a_broken_connection_resumes_the_turn() -> None:
    pauses: list[float] = []
    server = Server(
        lambda message: [*whole(message["ref"])[:2], GONE],
        lambda message: [started(message["ref"]), completed()],
    )
    turn, heard = speak(server, pauses, player="ann")
    assert turn == TURN
    assert {**server.messages[1], "ref": ""} == {"action": "resume", "turn_id": "t1", "player": "ann", "ref": ""}
    assert [event["event"] for event in heard][-3:] == ["say.reset", "turn.started", "turn.completed"]
    assert (len(server.opened), pauses) == (2, [PAUSES[0]])


def test_what_breaks_before_a_turn_began_is_asked_again() -> None:
    server = Server(lambda _: [TimeoutError()], lambda message: whole(message["ref"]))
    assert speak(server)[0] == TURN
    assert [message["action"] for message in server.messages] == ["speak", "speak"]


def test_a_turn_that_is_still_being_spoken_is_asked_for_again() -> None:
    def busy(message: Message) -> Frames:
        problem = {"type": "/problems/conflict", "title": "Not yet", "status": 409}
        first = len(server.messages) == 2
        return [{"event": "problem", "ref": message["ref"], "problem": problem}] if first else whole(message["ref"])

    server = Server(lambda message: [started(message["ref"]), GONE], busy)
    assert speak(server)[0] == TURN
    assert [message["action"] for message in server.messages] == ["speak", "resume", "resume"]


def test_who_never_gets_through_is_told_so() -> None:
    pauses: list[float] = []
    with pytest.raises(NotReachable, match="broke off"):
        speak(Server(lambda message: [started(message["ref"]), GONE]), pauses)
    assert pauses == list(PAUSES)


@pytest.mark.parametrize("named", ["ref", "turn_id"])
def test_a_problem_is_a_refusal(named: str) -> None:
    problem = {"type": "/problems/not-found", "title": "Not found", "detail": "No such NPC.", "status": 404}

    def script(message: Message) -> Frames:
        name = {"ref": message["ref"]} if named == "ref" else {"turn_id": "t1"}
        return [started(message["ref"]), {"event": "problem", "problem": problem, **name}]

    with pytest.raises(Refused, match=r"Not found: No such NPC\.") as refused:
        speak(Server(script))
    assert (refused.value.status, refused.value.kind) == (404, "not-found")


def test_what_api_gateway_says_itself_is_a_refusal_too() -> None:
    with pytest.raises(Refused, match="Internal server error"):
        speak(Server(lambda _: [{"message": "Internal server error", "connectionId": "c", "requestId": "r"}]))


@pytest.mark.parametrize(("status", "error"), [(401, Refused), (403, Refused), (500, NotReachable)])
def test_a_handshake_can_be_refused(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(status)):
        speak(Server(InvalidStatus(Response(status, "No", None))))


def test_a_stage_that_is_not_there_is_not_reachable() -> None:
    with pytest.raises(NotReachable):
        speak(Server(OSError("no route")))


def test_one_connection_serves_a_talk_and_is_made_again_when_it_was_closed_meanwhile() -> None:
    server = Server(lambda message: whole(message["ref"]))
    with StreamClient("wss://ws.test/dev", "t", server) as client:
        for _ in range(2):
            client.speak({"npc": "ferry", "message": "When?"}, lambda _: None)
        assert len(server.opened) == 1
        send, tries = server.send, [GONE]

        def closed_once(text: str) -> None:
            if tries:
                raise tries.pop()
            send(text)

        server.send = closed_once
        assert client.speak({"npc": "ferry", "message": "When?"}, lambda _: None) == TURN
    assert len(server.opened) == 2
