"""Repairs to MiniStack's WebSocket APIs: messages beside each other, connections that end, and the limits of AWS.

MiniStack 1.5.33 runs one message of a connection at a time and hears nothing meanwhile, so that a client who leaves is
not noticed until the function has ended; and it forwards what a function returns, which API Gateway keeps to itself
unless the route has a route response.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

MESSAGE_BYTES = 32 * 1024  # of one frame on AWS; here a message is known only as a whole
POST_BYTES = 128 * 1024
TOO_BIG = 1009
MANAGED = re.compile(r"/@connections/([^/]+)")
UNAUTHORIZED = (401, "Unauthorized")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_connection: ContextVar[list[str]] = ContextVar("npcops_connection")
_running: set[asyncio.Task[None]] = set()


class Refused(Exception):
    """An authoriser refused a handshake by failing with the message `Unauthorized`."""


def run_messages_beside_each_other(apigateway: Any) -> None:
    """Hand each message to its route's function and go on listening; answer as API Gateway does, which is seldom."""
    invoke = apigateway._invoke_ws_lambda

    async def answer(api_id: str, route: dict[str, Any], connection: str, *arguments: Any, **options: Any) -> None:
        response = await invoke(*arguments, **options) or {}
        known = apigateway._ws_connections.get(connection)
        if known is None:
            return
        if int(response.get("statusCode", 200)) >= 500:
            failure = {"message": "Internal server error", "connectionId": connection, "requestId": arguments[7]}
            await known["outbox"].put(json.dumps(failure))
        elif response.get("body") and apigateway._route_responses.get(api_id, {}).get(route.get("routeId")):
            body = response["body"]
            await known["outbox"].put(body if isinstance(body, str) else json.dumps(body))

    async def invoke_or_begin(*arguments: Any, **options: Any) -> dict[str, Any] | None:
        api_id, route, connection, kind = arguments[0], arguments[3], arguments[5], arguments[6]
        if kind == "CONNECT":
            _connection.get([]).append(connection)
        if kind != "MESSAGE":
            found: dict[str, Any] | None = await invoke(*arguments, **options)
            return found
        task = asyncio.get_running_loop().create_task(answer(api_id, route, connection, *arguments, **options))
        _running.add(task)
        task.add_done_callback(_running.discard)
        return None

    apigateway._invoke_ws_lambda = invoke_or_begin


def end_connections_at_once(apigateway: Any) -> None:
    """Forget a connection as soon as its client has gone, and close it over a message that is too long."""
    handle = apigateway.handle_websocket

    async def handle_websocket(scope: Any, receive: Receive, send: Send, *arguments: Any, **options: Any) -> None:
        names: list[str] = []
        mark = _connection.set(names)

        async def listen() -> dict[str, Any]:
            message = await receive()
            if _size(message) > MESSAGE_BYTES:
                await send({"type": "websocket.close", "code": TOO_BIG})
                message = {"type": "websocket.disconnect", "code": TOO_BIG}
            if message["type"] == "websocket.disconnect":
                for name in names:
                    apigateway._ws_connections.pop(name, None)
            return message

        try:
            await handle(scope, listen, send, *arguments, **options)
        finally:
            _connection.reset(mark)

    apigateway.handle_websocket = handle_websocket


def limit_posts(apigateway: Any) -> None:
    """Refuse a post that is too large, and one to a connection that is being closed."""
    manage = apigateway.handle_connections_api

    async def handle_connections_api(
        method: str, api_id: str, stage: str, connection: str, body: bytes, *rest: Any
    ) -> Any:
        if method == "POST" and len(body) > POST_BYTES:
            return _failure(413, "PayloadTooLargeException")
        known = apigateway._ws_connections.get(connection)
        if known and known["close_event"].is_set():
            return _failure(410, "GoneException")
        return await manage(method, api_id, stage, connection, body, *rest)

    apigateway.handle_connections_api = handle_connections_api


def refuse_as_unauthorized(apigateway: Any, service: Any) -> None:
    """Answer a handshake with 401 when its authoriser fails with `Unauthorized`, as API Gateway does."""
    ask, authorize = apigateway._invoke_request_authorizer_lambda, apigateway._authorize_ws_connect
    execute = service._execute_function_with_config_scope
    said: ContextVar[list[str]] = ContextVar("npcops_authorizer")

    def execute_and_listen(*arguments: Any, **options: Any) -> Any:
        result = execute(*arguments, **options)
        if isinstance(result, dict) and result.get("error") and isinstance(result.get("body"), dict):
            said.get([]).append(str(result["body"].get("errorMessage")))
        return result

    async def ask_or_refuse(*arguments: Any) -> Any:
        # The thread that runs the function gets a copy of this context, which holds the same list.
        messages: list[str] = []
        mark = said.set(messages)
        try:
            payload = await ask(*arguments)
        finally:
            said.reset(mark)
        if "Unauthorized" in messages:
            raise Refused
        return payload

    async def authorize_or_refuse(*arguments: Any) -> Any:
        try:
            return await authorize(*arguments)
        except Refused:
            return UNAUTHORIZED, None

    service._execute_function_with_config_scope = execute_and_listen
    apigateway._invoke_request_authorizer_lambda = ask_or_refuse
    apigateway._authorize_ws_connect = authorize_or_refuse


def managed_at_the_root(application: Any, apigateway: Any) -> Any:
    """An ASGI application that takes `/@connections/{id}` without an API and a stage, and asks `application` with them.

    Functions know one endpoint for every service, so their posts come to the root.
    """

    async def serve(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        found = MANAGED.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if found:
            known = apigateway._ws_connections.get(found[1], {})
            prefix = f"/_aws/execute-api/{known.get('apiId', 'none')}/{known.get('stage', 'none')}"
            scope = {**scope, "path": prefix + scope["path"], "raw_path": (prefix + scope["path"]).encode()}
        await application(scope, receive, send)

    return serve


def _size(message: dict[str, Any]) -> int:
    if message["type"] != "websocket.receive":
        return 0
    return len((message.get("text") or "").encode()) + len(message.get("bytes") or b"")


def _failure(status: int, kind: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind}
    return status, headers, json.dumps({"message": kind}).encode()
