"""The frame of a stream's messages: who sends them, what they may hold, and problems that leave the connection open."""

from __future__ import annotations

import copy
import json
import time
from typing import Any

import pytest

from npcops.dialogue import TurnRequest
from npcops.errors import Disconnected, Forbidden, ModelUnavailable, StoreUnavailable
from npcops.frames import FRAME_BYTES
from npcops.stream_api import LEEWAY_SECONDS, Message, Resume, Speak, messages
from tests.calls import Context, logged, sample
from tests.unit.test_api import BAD_BODIES

SECRET = "my secret wish"


class Sent:
    """`Connections` that keep what is posted; a connection of the name `gone` is closed."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []

    def post(self, connection: str, frame: bytes) -> None:
        if connection == "gone":
            raise Disconnected("Gone.")
        self.posted.append((connection, json.loads(frame)))


def message(body: Any = None, event: str = "speak", connection: str = "c1", **identity: str) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(sample(f"stream/{event}"))
    made["requestContext"]["connectionId"] = connection
    made["requestContext"]["authorizer"].update(identity)
    if body is not None:
        made["body"] = body if isinstance(body, str) else json.dumps(body)
    return made


def sent(event: dict[str, Any], function: Any = lambda *_: None, *scopes: str) -> list[tuple[str, dict[str, Any]]]:
    """What a client is sent."""
    connections = Sent()
    handler = messages(connections, *(scopes or ("player", "server", "studio")))(function)
    assert handler(event, Context()) == {"statusCode": 200}
    return connections.posted


def problem(event: dict[str, Any], function: Any = lambda *_: None, *scopes: str) -> dict[str, Any]:
    ((connection, frame),) = sent(event, function, *scopes)
    assert (connection, frame["event"]) == ("c1", "problem")
    assert frame["problem"].keys() == {"type", "title", "status", "detail", "instance"}
    assert frame["problem"]["instance"] == sample("stream/speak")["requestContext"]["requestId"]
    return frame


def kind(*given: Any) -> str:
    return str(problem(*given)["problem"]["type"]).removeprefix("/problems/")


def asked(event: dict[str, Any]) -> Speak | Resume:
    heard: list[Speak | Resume] = []
    assert sent(event, lambda message, caller, asked: heard.append(asked)) == []
    (found,) = heard
    return found


def test_a_turn_is_asked_for_with_all_that_rest_takes() -> None:
    found = asked(
        message({"action": "speak", "npc": "mira", "message": "Who?", "save": "two", "mode": "rag", "language": "de"})
    )
    assert isinstance(found, Speak)
    assert found.request() == TurnRequest("Who?", save="two", mode="rag", language="de")
    assert (found.npc, found.player, found.ref) == ("mira", None, None)


def test_a_speak_has_every_field_of_rest_s_body() -> None:
    full = {"npc": "mira", "message": "Who?", "present": ["otto"], "player_name": "Ann", "voice": {"format": "ogg"}}
    found = asked(message({"action": "speak", **full}))
    assert isinstance(found, Speak)
    assert type(found.request()) is TurnRequest
    assert set(TurnRequest.__struct_fields__) < set(Speak.__struct_fields__)
    assert (found.request().present, found.request().player_name) == (("otto",), "Ann")


def test_the_samples_are_what_they_are_for() -> None:
    assert isinstance(asked(message()), Speak)
    assert isinstance(asked(message(event="resume")), Resume)
    assert kind(message(event="default")) == "invalid-request"


def test_connecting_asks_for_nothing() -> None:
    def unreachable(*_: Any) -> None:
        raise AssertionError

    assert sent(message(event="connect"), unreachable) == []


@pytest.mark.parametrize("body", [body for _, body in BAD_BODIES], ids=[name for name, _ in BAD_BODIES])
def test_defect_07_a_bad_message_gets_a_problem(body: Any) -> None:
    if isinstance(body, dict):
        body = {"action": "speak", "npc": "mira", **body}
    assert kind(message(body)) == "invalid-request"


@pytest.mark.parametrize(
    "body",
    [
        {"action": "shout", "npc": "mira", "message": "Who?"},
        {"npc": "mira", "message": "Who?"},
        {"action": "speak", "message": "Who?"},
        {"action": "speak", "npc": "a#b", "message": "Who?"},
        {"action": "resume"},
        {"action": "resume", "turn_id": "reply#1"},
        {"action": "resume", "turn_id": "0" * 22, "npc": "mira"},
        {"action": "speak", "npc": "mira", "message": "Who?", "ref": "r" * 65},
        '{"action": ' + "[" * 15_000 + "]" * 15_000 + "}",
        '{"action": "speak", "x": "\ud800"}',
    ],
)
def test_other_bad_messages_get_one_too(body: Any) -> None:
    assert kind(message(body)) == "invalid-request"


def test_a_problem_names_the_field_and_the_client_s_own_name_for_the_message() -> None:
    frame = problem(message({"action": "speak", "npc": "mira", "message": 7, "ref": "line-7"}))
    assert "$.message" in frame["problem"]["detail"]
    assert frame["ref"] == "line-7"
    assert "turn_id" not in frame


def test_a_message_has_at_most_32_kb() -> None:
    padding = FRAME_BYTES - len('{"action": "x", "pad": ""}') + 2
    assert kind(message({"action": "x", "pad": "p" * padding})) == "too-large"
    assert kind(message({"action": "x", "pad": "p" * (padding - 2)})) == "invalid-request"
    assert kind(message('"' + "ж" * (FRAME_BYTES // 2) + '"')) == "too-large"


@pytest.mark.parametrize("field", ["title", "subject", "scopes", "expires"])
def test_a_connection_that_did_not_pass_the_authoriser_is_refused(field: str) -> None:
    event = message()
    del event["requestContext"]["authorizer"][field]
    assert kind(event) == "unauthenticated"


def test_a_token_that_expires_meanwhile_ends_the_talk_and_not_the_connection() -> None:
    now = int(time.time())
    assert kind(message(expires=str(now - LEEWAY_SECONDS - 10))) == "unauthenticated"
    asked(message(expires=str(now - LEEWAY_SECONDS + 30)))


def test_scopes_are_checked_as_in_rest() -> None:
    assert kind(message(scopes="player"), lambda *_: None, "server", "studio") == "forbidden"
    assert sent(message(scopes="player studio"), lambda *_: None, "server", "studio") == []


def test_the_caller_is_who_connected() -> None:
    callers: list[Any] = []
    sent(message(title="game", subject="bob", scopes="server"), lambda _, caller, __: callers.append(caller))
    assert (callers[0].title, callers[0].subject, callers[0].scopes) == ("game", "bob", frozenset({"server"}))
    assert callers[0].speaks_for("eve", "player") == "eve"


def test_a_failure_of_a_turn_names_the_turn() -> None:
    def function(message: Message, *_: Any) -> None:
        message.stream.started("t1")
        raise ModelUnavailable("The model rests.")

    (_, started), (_, failed) = sent(message(), function)
    assert (started["event"], started["ref"]) == ("turn.started", "line-7")
    assert (failed["event"], failed["turn_id"], failed["problem"]["status"]) == ("problem", "t1", 503)


def test_what_nobody_expected_is_a_problem_that_tells_nothing() -> None:
    def function(*_: Any) -> None:
        raise KeyError(SECRET)

    with logged() as log:
        frame = problem(message({"action": "speak", "npc": "mira", "message": SECRET}), function)
    assert frame["problem"]["type"] == "/problems/internal"
    records = [json.loads(line) for line in log.getvalue().splitlines()]
    (unexpected,) = [record for record in records if record["message"] == "unexpected failure"]
    assert (unexpected["error_type"], unexpected["connection_id"], unexpected["title"]) == (
        *("KeyError", "c1"),
        "saltmarrow",
    )
    assert SECRET not in log.getvalue() + json.dumps(frame)


def test_faults_of_ours_are_errors_in_the_log_and_others_are_not() -> None:
    def failing(error: Exception) -> Any:
        def function(*_: Any) -> None:
            raise error

        return function

    with logged() as log:
        sent(message(), failing(StoreUnavailable("The table.")))
        sent(message(), failing(Forbidden("No.")))
        sent(message(), failing(Disconnected("Gone.")))
    found = [(record["level"], record["message"]) for record in map(json.loads, log.getvalue().splitlines())]
    assert found == [("ERROR", "request failed"), ("INFO", "request refused"), ("INFO", "listener gone")]


def test_a_turn_knows_how_long_the_function_may_go_on() -> None:
    left: list[float] = []
    sent(message(), lambda message, *_: left.append(message.stream.seconds_left()))
    assert left == [25.0]


def test_nobody_is_told_of_a_problem_who_has_gone() -> None:
    assert sent(message("{", connection="gone")) == []
