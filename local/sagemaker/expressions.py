"""Values of a pipeline definition that are only known when a step runs: `Get` and `Std:Join`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.sagemaker.errors import StepFailed, invalid

GET, JOIN = "Get", "Std:Join"
VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
)
Key = str | int
_SIMPLE = re.compile(r"(Parameters|Execution)\.([A-Za-z0-9_-]+)")
_PROPERTY = re.compile(r"Steps\.([A-Za-z0-9_-]+)\.?(.+)")
_KEYS = re.compile(r"(?P<name>[A-Za-z0-9_]+)|\[(?P<index>\d+)\]|\['(?P<text>[^']+)'\]")
_WHOLE = re.compile(r"(?:[A-Za-z0-9_]+|\[\d+\]|\['[^']+'\])(?:\.[A-Za-z0-9_]+|\[\d+\]|\['[^']+'\])*")


@dataclass(frozen=True)
class Reference:
    """What a `Get` names: `of` is `Parameters`, `Execution` or `Steps`; `path` leads into a step's properties."""

    of: str
    name: str
    path: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Scope:
    """What expressions are evaluated in. `properties` gives a value of a step, or raises StepFailed."""

    parameters: Mapping[str, Any]
    variables: Mapping[str, str]
    properties: Callable[[str, tuple[Key, ...]], Any]


def is_expression(value: Any) -> bool:
    """Whether a value is to be evaluated, by a function that is known or not."""
    return isinstance(value, dict) and len(value) == 1 and (GET in value or next(iter(value)).startswith("Std:"))


def references(value: Any) -> Iterator[Reference]:
    """Every `Get` in a value, however deep. Raises SageMakerError for an unknown function and for one misused."""
    if is_expression(value):
        if GET in value:
            yield parse(value[GET])
        else:
            _, parts = _join_of(value)
            yield from references(parts)
    elif isinstance(value, dict):
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def parse(text: Any) -> Reference:
    """What the text of a `Get` names. Raises SageMakerError."""
    if isinstance(text, str):
        if simple := _SIMPLE.fullmatch(text):
            return Reference(simple.group(1), simple.group(2))
        if (found := _PROPERTY.fullmatch(text)) and _WHOLE.fullmatch(found.group(2)):
            keys = (_key(match) for match in _KEYS.finditer(found.group(2)))
            return Reference("Steps", found.group(1), tuple(keys))
    raise invalid(f"Unable to parse pipeline definition. {text!r} is nothing that Get can name.")


def evaluate(value: Any, scope: Scope) -> Any:
    """The value with every expression in it evaluated. Raises StepFailed."""
    if is_expression(value):
        if GET in value:
            return _get(parse(value[GET]), scope)
        on, parts = _join_of(value)
        return on.join(_text(evaluate(part, scope)) for part in parts)
    if isinstance(value, dict):
        return {name: evaluate(member, scope) for name, member in value.items()}
    if isinstance(value, list):
        return [evaluate(member, scope) for member in value]
    return value


def walk(properties: Any, path: tuple[Key, ...]) -> Any:
    """What `path` leads to in a step's properties; a name in a list is the OutputName or InputName of a member.

    Raises KeyError.
    """
    for key in path:
        if isinstance(properties, list) and isinstance(key, str):
            named = [member for member in properties if key in (member.get("OutputName"), member.get("InputName"))]
            properties = {key: named[0]} if named else {}
        try:
            properties = properties[key]
        except (IndexError, TypeError):
            raise KeyError(key) from None
    return properties


def _get(reference: Reference, scope: Scope) -> Any:
    if reference.of == "Steps":
        return scope.properties(reference.name, reference.path)
    return (scope.parameters if reference.of == "Parameters" else scope.variables)[reference.name]


def _join_of(value: dict[str, Any]) -> tuple[str, list[Any]]:
    name, given = next(iter(value.items()))
    if name != JOIN:
        raise invalid(f"Unable to parse pipeline definition. The function {name} is not served here.")
    parts = given.get("Values") if isinstance(given, dict) else None
    if not isinstance(parts, list) or not set(given) <= {"On", "Values"} or not isinstance(given.get("On", ""), str):
        raise invalid("Unable to parse pipeline definition. Std:Join takes On, a text, and Values, a list.")
    if any(isinstance(part, (dict, list)) and not is_expression(part) for part in parts):
        raise invalid("Unable to parse pipeline definition. Std:Join joins texts, numbers and expressions.")
    return given.get("On", ""), parts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise StepFailed("ClientError: Std:Join was given a value that is neither a text nor a number.")


def _key(match: re.Match[str]) -> Key:
    if match.group("index") is not None:
        return int(match.group("index"))
    return match.group("name") or match.group("text")
