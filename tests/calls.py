"""Calls of the API as API Gateway hands them to a function, made from the samples in `events/`."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from npcops import telemetry

EVENTS = Path(__file__).parents[1] / "events"


class Context:
    """A function's context."""

    function_name = "test"
    function_version = "1"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id = "da658bd3-2d6f-4e7b-8ec2-937234644fdc"

    def get_remaining_time_in_millis(self) -> int:
        return 25_000


def sample(name: str) -> Any:
    """The content of `events/{name}.json`."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def call(
    operation: str,
    title: str,
    *,
    scopes: str | None = None,
    subject: str | None = None,
    body: Any = None,
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    **path: str,
) -> dict[str, Any]:
    """The sample call of an operation, with some things changed. A `body` that is no text is sent as JSON."""
    event: dict[str, Any] = copy.deepcopy(sample(f"api/{operation}"))
    caller = event["requestContext"]["authorizer"]
    caller.update({"title": title, "scopes": scopes or caller["scopes"], "subject": subject or caller["subject"]})
    event["headers"] = {name: value for name, value in event["headers"].items() if name != "Idempotency-Key"}
    event["headers"].update(headers or {})
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    if query is not None:
        event["queryStringParameters"] = query
        event["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()}
    if path:
        event["pathParameters"] = path
    return event


def answered(response: dict[str, Any], status: int = 200) -> Any:
    """The JSON of a good answer."""
    assert response["statusCode"] == status, response["body"]
    assert response["headers"] == {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return json.loads(response["body"])


def refused(response: dict[str, Any], status: int, kind: str) -> dict[str, Any]:
    """The problem document of a bad answer."""
    problem: dict[str, Any] = json.loads(response["body"])
    assert (response["statusCode"], problem["status"], problem["type"]) == (status, status, f"/problems/{kind}")
    assert response["headers"]["Content-Type"] == "application/problem+json"
    more = {"npcs", "failing"} if kind == "gate-closed" else set()
    assert problem.keys() == {"type", "title", "status", "detail", "instance"} | more
    assert problem["title"]
    assert problem["instance"] == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    return problem


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What the functions' logger writes."""
    written = io.StringIO()
    (handler,) = telemetry.logger.handlers
    before = handler.setStream(written)
    yield written
    handler.setStream(before or handler.stream)
