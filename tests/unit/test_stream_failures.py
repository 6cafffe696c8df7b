"""Failures on a stream are counted: API Gateway hears of none, and neither do the metrics of AWS."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest

from npcops.errors import Disconnected, Forbidden, StoreUnavailable
from npcops.stream_api import Message, messages
from tests.calls import Context, logged
from tests.unit.test_stream_api import SECRET, Sent, message


def counted(event: dict[str, Any], function: Any, connections: Any) -> dict[str, int]:
    """What a message counts, by metric."""
    with contextlib.redirect_stdout(io.StringIO()) as written:
        messages(connections, "player")(function)(event, Context())
    names = ("StreamFailures", "PostsFailed", "TurnsAbandoned", "UnexpectedFailures")
    found = [json.loads(line) for line in written.getvalue().splitlines() if line.startswith('{"_aws"')]
    return {name: int(sum(record[name])) for record in found for name in names if name in record}


@pytest.mark.parametrize(
    ("failure", "metrics"),
    [
        (StoreUnavailable("The table."), {"StreamFailures": 1}),
        (KeyError("x"), {"StreamFailures": 1, "UnexpectedFailures": 1}),
        (Forbidden("No."), {}),
        (Disconnected("Gone."), {"TurnsAbandoned": 1}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_failures_of_ours_are_counted(failure: Exception, metrics: dict[str, int]) -> None:
    def function(*_: Any) -> None:
        raise failure

    assert counted(message(), function, Sent()) == metrics


class Refusing:
    """`Connections` that take nothing, for this reason."""

    def __init__(self, cause: str | None) -> None:
        self._cause = cause

    def post(self, connection: str, frame: bytes) -> None:
        raise Disconnected(SECRET, self._cause)


@pytest.mark.parametrize("kept_quiet", [False, True])
@pytest.mark.parametrize(
    ("cause", "metrics"),
    [
        (None, {}),
        ("ForbiddenException", {"PostsFailed": 1, "StreamFailures": 1}),
        ("EndpointConnectionError", {"PostsFailed": 1, "StreamFailures": 1}),
        ("LimitExceededException", {"PostsFailed": 1}),
    ],
)
def test_posts_that_fail_are_errors_unless_the_client_has_gone(
    cause: str | None, metrics: dict[str, int], kept_quiet: bool
) -> None:
    def function(message: Message, *_: Any) -> None:
        with contextlib.suppress(Disconnected) if kept_quiet else contextlib.nullcontext():
            message.stream.started("t1")

    with logged() as log:
        assert counted(message(), function, Refusing(cause)) == metrics | ({} if kept_quiet else {"TurnsAbandoned": 1})
    records = [json.loads(line) for line in log.getvalue().splitlines()]
    errors = [(record["message"], record["cause"], record["turn_id"]) for record in records if "cause" in record]
    assert errors == ([("post failed", cause, "t1")] if cause else [])
    assert SECRET not in log.getvalue()
