"""What a client asks for, held to SageMaker's own service model: members, types, lengths, patterns and choices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.session
import regex

from local.sagemaker.errors import SageMakerError, invalid

PREFIX = "SageMaker."
MOST_PROBLEMS = 5
Shape = Any
# Values that the model calls by these names are numbers or truth values in JSON.
_NUMBERS = {"integer": (int,), "long": (int,), "float": (int, float), "double": (int, float), "timestamp": (int, float)}


@cache
def service() -> Any:
    """SageMaker as botocore describes it."""
    return botocore.session.get_session().get_service_model("sagemaker")


def request_shape(operation: str) -> Shape:
    """The shape of an operation's request."""
    return service().operation_model(operation).input_shape


def answer_shape(operation: str) -> Shape:
    """The shape of an operation's answer."""
    return service().operation_model(operation).output_shape


def operation_of(target: str | None) -> str:
    """The operation's name in an `X-Amz-Target` header; empty if it is none of SageMaker's."""
    name = (target or "").removeprefix(PREFIX)
    return name if target != name and name in service().operation_names else ""


def read(operation: str, body: bytes) -> dict[str, Any]:
    """The request of an operation. Raises SageMakerError for what SageMaker would not accept."""
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        raise SageMakerError("SerializationException", "The request body is not valid JSON.") from None
    check(request_shape(operation), asked)
    return dict(asked)


def check(shape: Shape, value: Any, is_open: Callable[[Any], bool] = lambda _: False, where: str = "") -> None:
    """Raises SageMakerError naming what is wrong with `value`; what `is_open` will only be known later."""
    found = list(problems(shape, value, where, is_open))
    if found:
        count = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
        raise invalid(f"{count} detected: {'; '.join(found[:MOST_PROBLEMS])}")


def problems(shape: Shape, value: Any, where: str, is_open: Callable[[Any], bool]) -> Iterator[str]:
    """What is wrong with a value, in sentences."""
    kind, place = shape.type_name, where or shape.name
    if is_open(value):
        return
    if kind == "structure":
        yield from _of_structure(shape, value, place, is_open)
    elif kind == "list" and isinstance(value, list):
        yield from _of_length(shape, len(value), place)
        for index, member in enumerate(value):
            yield from problems(shape.member, member, f"{place}[{index}]", is_open)
    elif kind == "map" and isinstance(value, dict):
        yield from _of_length(shape, len(value), place)
        for key, member in value.items():
            yield from problems(shape.key, key, f"{place} key '{key}'", is_open)
            yield from problems(shape.value, member, f"{place}.{key}", is_open)
    elif kind == "string" and isinstance(value, str):
        yield from _of_text(shape, value, place)
    elif kind == "boolean" and isinstance(value, bool):
        return
    elif kind in _NUMBERS and isinstance(value, _NUMBERS[kind]) and not isinstance(value, bool):
        yield from _of_length(shape, value, place)
    else:
        yield f"Value at '{place}' is not a {kind}"


def _of_structure(shape: Shape, value: Any, place: str, is_open: Callable[[Any], bool]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"Value at '{place}' is not a structure"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{place}.{name}' failed to satisfy constraint: Member must not be null"
    for name, member in value.items():
        if name not in shape.members:
            yield f"'{place}' has no member '{name}'"
        elif member is not None:
            yield from problems(shape.members[name], member, f"{place}.{name}", is_open)


def _of_text(shape: Shape, value: str, place: str) -> Iterator[str]:
    yield from _of_length(shape, len(value), place)
    if choices := shape.metadata.get("enum"):
        if value not in choices:
            yield f"Value '{value}' at '{place}' failed to satisfy constraint: Member must be one of {choices}"
    elif (pattern := shape.metadata.get("pattern")) and not _compiled(pattern).fullmatch(value):
        yield (
            f"Value '{value}' at '{place}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


def _of_length(shape: Shape, length: float, place: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and length < least:
        yield f"Value at '{place}' failed to satisfy constraint: {length} is less than {least}"
    if most is not None and length > most:
        yield f"Value at '{place}' failed to satisfy constraint: {length} is more than {most}"


@cache
def _compiled(pattern: str) -> Any:
    # Some patterns of the model end in a length that was written behind the anchor.
    return regex.compile(regex.sub(r"\$\{\d+,\d+\}$", "", pattern))
