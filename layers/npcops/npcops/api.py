"""The frame of every API handler: who calls, what is asked, and one way to answer, good or bad.

Bodies are JSON. Failures are RFC 9457 problem documents whose `type` is `/problems/<kind>` of the error raised.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from npcops import identity, problems
from npcops.errors import InvalidRequest, NpcopsError
from npcops.lore_paths import MAX_PATH_BYTES
from npcops.telemetry import MetricUnit, frames, logger, metrics, observed, record_failure

T = TypeVar("T")
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
MAX_KEY = 128


class Request:
    """One authorised API call."""

    def __init__(self, event: dict[str, Any], context: Any) -> None:
        self.event = APIGatewayProxyEvent(event)
        self.identity = identity.of_event(event)
        self._context = context

    @property
    def title(self) -> str:
        """The game title that the token is for."""
        return self.identity.title

    @property
    def id(self) -> str:
        """API Gateway's request id."""
        return str((self.event.raw_event.get("requestContext") or {}).get("requestId", ""))

    @property
    def seconds_left(self) -> float:
        """How long this function may still take."""
        return float(self._context.get_remaining_time_in_millis()) / 1000

    def path(self, name: str) -> str:
        """A path parameter, decoded: REST APIs hand it on as it was sent, percent-encoded.

        Raises InvalidRequest if it is missing, too long or no UTF-8.
        """
        try:
            value = unquote(str((self.event.raw_event.get("pathParameters") or {}).get(name) or ""), errors="strict")
        except UnicodeDecodeError:
            raise InvalidRequest(f"The path's {name} is no UTF-8.") from None
        if not value or len(value.encode()) > MAX_PATH_BYTES:
            raise InvalidRequest(f"The path needs a {name} of at most {MAX_PATH_BYTES} bytes.")
        return value

    def query(self, name: str, default: str | None = None) -> str | None:
        """The last value of a query parameter."""
        return (self.event.raw_event.get("queryStringParameters") or {}).get(name, default)

    def queries(self, name: str) -> list[str]:
        """All values of a query parameter, each of which may itself be a comma-separated list."""
        values = (self.event.raw_event.get("multiValueQueryStringParameters") or {}).get(name) or []
        return [part.strip() for value in values for part in value.split(",") if part.strip()]

    def header(self, name: str) -> str | None:
        """A header, by case-insensitive name."""
        headers = self.event.raw_event.get("headers") or {}
        return next((value for key, value in headers.items() if key.lower() == name.lower()), None)

    def body(self, kind: type[T]) -> T:
        """The JSON body as a typed value. Raises InvalidRequest naming the field that is wrong."""
        try:
            return msgspec.json.decode(self.event.decoded_body or "", type=kind)
        except (msgspec.DecodeError, ValueError) as error:
            raise InvalidRequest(f"The body is not valid: {error}") from None
        except RecursionError:
            raise InvalidRequest("The body is nested too deeply.") from None

    def player(self) -> str:
        """On whose behalf a turn is spoken: the header `X-Player` may name the player. See Identity.speaks_for."""
        return self.identity.speaks_for(self.header("X-Player"))


def operation(
    *scopes: str,
    status: int = 200,
    once_per: str | None = None,
    finish: Callable[[Request, Any], Any] = lambda _, result: result,
) -> Callable[[Callable[[Request], Any]], Handler]:
    """Make an API handler of a function from Request to a JSON value; any of `scopes` allows the call.

    With `once_per`, calls that carry a header of that name are done once per player and value. `finish` makes the
    answer of the result, each time: for what a record of the call cannot hold. Of a call that carries the header it
    gets the result as JSON values.
    """

    def decorate(function: Callable[[Request], Any]) -> Handler:
        @observed
        @functools.wraps(function)
        def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
            try:
                metrics.add_metric("Requests", MetricUnit.Count, 1)
                request = Request(event, context)
                logger.append_keys(title=request.title, request_id=request.id)
                request.identity.allow(scopes)
                key = request.header(once_per) if once_per else None
                result = _once(request, key, context, function) if key else function(request)
                return _answer(status, "application/json", finish(request, result))
            except NpcopsError as error:
                return _problem(error, event)
            except Exception as error:  # noqa: BLE001 - the outermost frame: whatever it is, the caller gets a problem document
                logger.error("unexpected failure", error_type=type(error).__name__, frames=frames(error))
                metrics.add_metric("UnexpectedFailures", MetricUnit.Count, 1)
                return _problem(NpcopsError("The failure was recorded; please quote the instance."), event)

        return handler

    return decorate


def _once(request: Request, key: str, context: Any, function: Callable[[Request], Any]) -> Any:
    from npcops.once import once  # Only calls that carry a key pay for its import.

    if len(key) > MAX_KEY:
        raise InvalidRequest(f"{MAX_KEY} characters are enough for an Idempotency-Key.")
    body = f"{request.event.path} {request.event.body}"
    return once(request.title, request.player(), key, body, context, lambda: function(request))


def _answer(status: int, content_type: str, body: Any) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"Content-Type": content_type, "Cache-Control": "no-store"},
        "body": msgspec.json.encode(body).decode(),
    }


def _problem(error: NpcopsError, event: dict[str, Any]) -> dict[str, Any]:
    instance = (event.get("requestContext") or {}).get("requestId")
    record_failure(error)
    return _answer(error.status, "application/problem+json", problems.document(error, instance))
