"""Turns operations of AWS's own service model into routes, with parameters taken from where it says, and checked."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.utils import parse_timestamp
from botocore.validate import ParamValidator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.bedrock.errors import ServiceError, ValidationError

Parameters = dict[str, Any]
Handler = Callable[[Parameters], Awaitable[dict[str, Any]]]
Headers = Callable[[], dict[str, str]]
# Names of models here have more dots than the patterns of these members allow; whether one exists is looked up anyway.
_LOOKED_UP = (
    "baseModelArnEquals", "baseModelIdentifier", "foundationModelArnEquals", "modelArnEquals", "modelId",
    "modelIdentifier",
)  # fmt: skip


@cache
def _service() -> Any:
    return botocore.session.get_session().get_service_model("bedrock")


def routes(handlers: Mapping[str, Handler], headers: Headers) -> list[Route]:
    """A route for each operation by its name; a handler gets checked parameters and returns the response's members."""
    found = [_route(name, handler, headers) for name, handler in handlers.items()]
    # An ARN in a path has slashes, so what goes on after it must be tried first.
    return sorted(found, key=lambda route: route.path.endswith("}"))


def _route(name: str, handler: Handler, headers: Headers) -> Route:
    operation = _service().operation_model(name)
    path = re.sub(r"\{(\w+)\}", r"{\1:path}", operation.http["requestUri"])
    status = int(operation.http.get("responseCode", 200))

    async def answer(http: Request) -> Response:
        body = await handler(await _parameters(operation.input_shape, http))
        known = {key: value for key, value in body.items() if value not in (None, "")}
        return JSONResponse(known, status, headers())

    return Route(path, answer, methods=[operation.http["method"]])


async def _parameters(shape: Any, http: Request) -> Parameters:
    """What was asked. Raises ValidationError that names what is wrong."""
    body = await _body(http)
    found: Parameters = {}
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        key = member.serialization.get("name", name)
        source: Mapping[str, Any] = body
        if place == "uri":
            source = http.path_params
        elif place == "querystring":
            source = http.query_params
        if source.get(key) is not None:
            found[name] = _typed(member, source[key], name) if place == "querystring" else source[key]
    report = ParamValidator().validate(found, shape)
    if report.has_errors():
        raise ValidationError(report.generate_report())
    _check(shape, found, "")
    return found


async def _body(http: Request) -> dict[str, Any]:
    raw = await http.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise ValidationError("The request body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise ValidationError("The request body must be a JSON object.")
    return body


def _typed(member: Any, text: str, name: str) -> Any:
    try:
        if member.type_name == "integer":
            return int(text)
        if member.type_name == "boolean":
            return {"true": True, "false": False}[text.lower()]
        return parse_timestamp(text) if member.type_name == "timestamp" else text
    except (ValueError, KeyError) as error:
        raise ValidationError(f"{name}: is not of the type {member.type_name}.") from error


def _check(shape: Any, value: Any, path: str) -> None:
    """What botocore leaves to the service: enumerations, patterns and upper bounds."""
    if shape.type_name == "structure":
        for name, part in value.items():
            if name in shape.members and name not in _LOOKED_UP:
                _check(shape.members[name], part, f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        _most(shape, len(value), path)
        for index, part in enumerate(value):
            _check(shape.member, part, f"{path}.{index + 1}.member")
    elif shape.type_name == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            raise _unfit(path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        if "pattern" in shape.metadata and not re.fullmatch(shape.metadata["pattern"], value):
            raise _unfit(path, f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}")
        _most(shape, len(value), path)
    elif shape.type_name == "integer":
        _most(shape, value, path)


def _most(shape: Any, size: int, path: str) -> None:
    if size > shape.metadata.get("max", size):
        raise _unfit(path, f"Member must have a value less than or equal to {shape.metadata['max']}")


def _unfit(path: str, constraint: str) -> ServiceError:
    return ValidationError(f"1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}")
