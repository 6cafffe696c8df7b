"""The repairs of the embedded cloud's WebSocket APIs, on stand-ins of the emulator's modules."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator import lambda_repairs, stream_repairs
from local.emulator.keeping import StateKeeper
from local.emulator.stream_repairs import MESSAGE_BYTES, POST_BYTES

# An event loop makes a pair of sockets for itself.
pytestmark = pytest.mark.enable_socket
ROUTE = {"routeId": "r1", "routeKey": "speak"}


def connection() -> dict[str, Any]:
    return {"apiId": "api1", "stage": "local", "outbox": asyncio.Queue(), "close_event": asyncio.Event()}


def arguments(kind: str, name: str = "c1") -> tuple[Any, ...]:
    return ("api1", "1", "here", ROUTE, "local", name, kind, "m1", "{}", "127.0.0.1", {})


class Gateway:
    """As much of MiniStack's module as the repairs touch: it runs one message at a time, as the real one does."""

    def __init__(self) -> None:
        self._ws_connections: dict[str, Any] = {}
        self._route_responses: dict[str, Any] = {}
        self.response: Any = {"statusCode": 200, "body": "said"}
        self.may_end = asyncio.Event()
        self.began = 0
        self.posted: list[bytes] = []

    async def _invoke_ws_lambda(self, *arguments: Any, **options: Any) -> Any:
        self.began += 1
        if arguments[6] == "MESSAGE":
            await self.may_end.wait()
        return self.response

    async def handle_websocket(self, scope: Any, receive: Any, send: Any, api: str) -> None:
        await self._invoke_ws_lambda(*arguments("CONNECT"))
        self._ws_connections["c1"] = connection()
        while (await receive())["type"] != "websocket.disconnect":
            await self._invoke_ws_lambda(*arguments("MESSAGE"))

    async def handle_connections_api(
        self, method: str, api: str, stage: str, name: str, body: bytes, headers: Any
    ) -> Any:
        self.posted.append(body)
        return 200, {}, b""


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run_message(response: Any, routes: dict[str, Any] | None = None) -> list[str]:
    """What a client is sent of a function's response."""

    async def scene() -> list[str]:
        gateway = Gateway()
        gateway.response = response
        gateway._route_responses = {"api1": routes or {}}
        gateway._ws_connections["c1"] = known = connection()
        gateway.may_end.set()
        stream_repairs.run_messages_beside_each_other(gateway)
        assert await gateway._invoke_ws_lambda(*arguments("MESSAGE")) is None
        await settle()
        return [known["outbox"].get_nowait() for _ in range(known["outbox"].qsize())]

    return asyncio.run(scene())


def test_what_a_function_returns_stays_with_api_gateway() -> None:
    assert run_message({"statusCode": 200, "body": "said"}) == []
    assert run_message(None) == []


def test_a_route_with_a_route_response_hands_it_on() -> None:
    assert run_message({"statusCode": 200, "body": "said"}, {"r1": {"rr": {}}}) == ["said"]
    assert run_message({"body": {"a": 1}}, {"r1": {"rr": {}}}) == ['{"a": 1}']


def test_a_function_that_fails_is_an_internal_server_error() -> None:
    (said,) = run_message({"statusCode": 500, "body": "secret"})
    assert json.loads(said) == {"message": "Internal server error", "connectionId": "c1", "requestId": "m1"}


def test_connecting_still_waits_for_the_function_s_answer() -> None:
    async def scene() -> Any:
        gateway = Gateway()
        stream_repairs.run_messages_beside_each_other(gateway)
        return await gateway._invoke_ws_lambda(*arguments("CONNECT"))

    assert asyncio.run(scene()) == {"statusCode": 200, "body": "said"}


async def talk(gateway: Gateway, *messages: dict[str, Any]) -> tuple[list[dict[str, Any]], list[bool]]:
    """Play a connection; what the client was sent, and whether it was known before each message was received."""
    stream_repairs.run_messages_beside_each_other(gateway)
    stream_repairs.end_connections_at_once(gateway)
    sent: list[dict[str, Any]] = []
    known: list[bool] = []
    left = list(messages)

    async def receive() -> dict[str, Any]:
        await settle()
        known.append("c1" in gateway._ws_connections)
        return left.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await gateway.handle_websocket({}, receive, send, "api1")
    return sent, known


def test_messages_run_beside_each_other_and_leaving_is_noticed_meanwhile() -> None:
    async def scene() -> None:
        gateway = Gateway()
        text = {"type": "websocket.receive", "text": "{}"}
        sent, known = await talk(gateway, text, text, {"type": "websocket.disconnect", "code": 1001})
        assert gateway.began == 3
        assert known == [True, True, True]
        assert gateway._ws_connections == {}
        assert sent == []
        gateway.may_end.set()
        await settle()

    asyncio.run(scene())


@pytest.mark.parametrize("content", [{"text": "ж" * (MESSAGE_BYTES // 2 + 1)}, {"bytes": b"x" * (MESSAGE_BYTES + 1)}])
def test_a_message_that_is_too_long_closes_the_connection(content: dict[str, Any]) -> None:
    async def scene() -> None:
        gateway = Gateway()
        sent, _ = await talk(gateway, {"type": "websocket.receive", **content})
        assert sent == [{"type": "websocket.close", "code": 1009}]
        assert (gateway.began, gateway._ws_connections) == (1, {})

    asyncio.run(scene())


def test_a_message_that_just_fits_is_received() -> None:
    async def scene() -> None:
        gateway = Gateway()
        gateway.may_end.set()
        fits = {"type": "websocket.receive", "text": "x" * MESSAGE_BYTES}
        sent, _ = await talk(gateway, fits, {"type": "websocket.disconnect"})
        assert (sent, gateway.began) == ([], 2)

    asyncio.run(scene())


def test_posts_have_a_limit_and_closing_connections_take_none() -> None:
    async def scene() -> list[int]:
        gateway = Gateway()
        gateway._ws_connections = {"open": connection(), "closing": connection()}
        gateway._ws_connections["closing"]["close_event"].set()
        stream_repairs.limit_posts(gateway)
        posts = [("open", POST_BYTES), ("open", POST_BYTES + 1), ("closing", 5)]
        answers = [
            await gateway.handle_connections_api("POST", "api1", "local", name, b"x" * size, {}) for name, size in posts
        ]
        assert [len(body) for body in gateway.posted] == [POST_BYTES]
        return [status for status, _, _ in answers]

    assert asyncio.run(scene()) == [200, 413, 410]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"error": True, "body": {"errorMessage": "Unauthorized"}}, ((401, "Unauthorized"), None)),
        ({"error": True, "body": {"errorMessage": "broken"}}, ((500, ""), None)),
        ({"body": {"context": "c"}}, (None, "c")),
    ],
)
def test_an_authoriser_that_says_unauthorized_is_a_401(result: Any, expected: Any) -> None:
    service = SimpleNamespace(_execute_function_with_config_scope=lambda *_: result)

    async def ask(*_: Any) -> Any:
        found = await asyncio.to_thread(service._execute_function_with_config_scope, {}, {})
        return None if found.get("error") else found["body"]

    gateway = SimpleNamespace(_invoke_request_authorizer_lambda=ask)

    async def authorize(*_: Any) -> Any:
        payload = await gateway._invoke_request_authorizer_lambda({}, {}, "1", "here")
        return (None, payload["context"]) if payload else ((500, ""), None)

    gateway._authorize_ws_connect = authorize
    stream_repairs.refuse_as_unauthorized(gateway, service)
    assert asyncio.run(gateway._authorize_ws_connect()) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/@connections/c1", "/_aws/execute-api/api1/local/@connections/c1"),
        ("/@connections/gone", "/_aws/execute-api/none/none/@connections/gone"),
        ("/_aws/execute-api/api1/local/@connections/c1", None),
        ("/bucket/@connections/c1", None),
    ],
)
def test_posts_of_functions_come_to_the_root(path: str, expected: str | None) -> None:
    asked: list[tuple[str, bytes]] = []

    async def cloud(scope: dict[str, Any], receive: Any, send: Any) -> None:
        asked.append((scope["path"], scope["raw_path"]))

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    gateway = SimpleNamespace(_ws_connections={"c1": {"apiId": "api1", "stage": "local"}})
    application = stream_repairs.managed_at_the_root(cloud, gateway)
    asyncio.run(application({"type": "http", "path": path, "raw_path": path.encode()}, nothing, nothing))
    assert asked == [(expected or path, (expected or path).encode())]


def test_messages_take_the_way_of_all_calls() -> None:
    calls: list[Any] = []

    def execute(function: Any, event: Any) -> Any:
        calls.append((function, event))
        return (
            {"error": True, "body": {"errorMessage": "broken"}} if event.get("fail") else {"body": {"statusCode": 200}}
        )

    runtime, service = SimpleNamespace(), SimpleNamespace(_execute_function=execute)
    lambda_repairs.treat_messages_as_calls(runtime, service)
    worker = runtime.get_or_create_worker("f", {"FunctionName": "f"}, b"zip", qualifier="$LATEST")
    assert worker.invoke({}, "m1") == {"status": "ok", "result": {"statusCode": 200}}
    assert worker.invoke({"fail": 1}, "m2") == {"status": "error", "error": "broken"}
    assert calls[0] == ({"config": {"FunctionName": "f"}, "code_zip": b"zip"}, {})


def test_frames_of_streams_are_nothing_to_save() -> None:
    kept = StateKeeper(lambda: {"dynamodb": dict}, lambda wanted: None)
    kept.noticed("POST", "/@connections/c1", b"")
    assert kept.save_changes() == []
