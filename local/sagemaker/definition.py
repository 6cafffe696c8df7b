"""A pipeline's definition, version 2020-12-01: read whole and refused whole, before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

from local.sagemaker import step_kinds
from local.sagemaker.errors import SageMakerError, invalid
from local.sagemaker.expressions import VARIABLES, Reference, references

VERSION = "2020-12-01"
MEMBERS = {"Version", "Metadata", "Parameters", "Steps", "PipelineExperimentConfig"}
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
PARAMETER_MEMBERS = {"Name", "Type", "DefaultValue", "Description", "EnumValues"}
_TYPES: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,)}


@dataclass(frozen=True)
class Parameter:
    """A parameter of the pipeline. `default` is None if it must be given; `choices` are empty if all will do."""

    name: str
    type: str = "String"
    default: Any = None
    choices: tuple[Any, ...] = ()

    def read(self, text: str) -> Any:
        """The value that a client gives as text. Raises SageMakerError."""
        try:
            value = _VALUES[self.type](text)
        except (KeyError, ValueError):
            raise invalid(f"The value of parameter {self.name} is no {self.type}.") from None
        if self.choices and value not in self.choices:
            raise invalid(f"The value of parameter {self.name} is none of {list(self.choices)}.")
        return value


@dataclass(frozen=True)
class Step:
    """A step. `needs` are the steps that must have succeeded; `branch` the Condition step it is in, and its outcome."""

    name: str
    type: str
    body: dict[str, Any]
    needs: frozenset[str]
    branch: tuple[str, bool] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """Its arguments, with expressions in them."""
        return dict(self.body["Arguments"])


@dataclass(frozen=True)
class Definition:
    """Parameters and steps by name, steps inside conditions included; in the order in which they are written."""

    parameters: dict[str, Parameter] = field(default_factory=dict)
    steps: dict[str, Step] = field(default_factory=dict)


@lru_cache(maxsize=32)
def parse(text: str) -> Definition:
    """The definition. Raises SageMakerError for whatever is unknown, malformed or refers to what is not there."""
    try:
        document = json.loads(text)
    except ValueError:
        raise _wrong("it is not valid JSON") from None
    if not isinstance(document, dict) or not set(document) <= MEMBERS:
        raise _wrong(f"it is an object of {', '.join(sorted(MEMBERS))}")
    if document.get("Version") != VERSION:
        raise _wrong(f"its Version is {VERSION}")
    parameters = _parameters(document.get("Parameters", []))
    steps: dict[str, Step] = {}
    _collect(document.get("Steps"), None, steps)
    for step in steps.values():
        _check_references(step, parameters, steps)
    waits = {step.name: step.needs | ({step.branch[0]} if step.branch else set()) for step in steps.values()}
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        raise _wrong(f"its steps wait for each other: {' -> '.join(error.args[1])}") from None
    return Definition(parameters, steps)


def _parameters(listed: Any) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    for given in listed if isinstance(listed, list) else [listed]:
        name = given.get("Name") if isinstance(given, dict) else None
        kind = given.get("Type", "String") if isinstance(given, dict) else None
        if not isinstance(name, str) or not NAME.fullmatch(name) or kind not in _TYPES or name in found:
            raise _wrong("a parameter has a Name of its own and a Type")
        if unknown := set(given) - PARAMETER_MEMBERS:
            raise _wrong(f"parameter {name} has no member {', '.join(sorted(unknown))}")
        default, choices = given.get("DefaultValue"), given.get("EnumValues", [])
        for value in [*choices, *([] if default is None else [default])]:
            if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "Boolean"):
                raise _wrong(f"parameter {name} is given a value that is no {kind}")
        found[name] = Parameter(name, kind, default, tuple(choices))
    return found


def _collect(listed: Any, branch: tuple[str, bool] | None, steps: dict[str, Step]) -> None:
    if not isinstance(listed, list) or (branch is None and not listed):
        raise _wrong("it has a list of Steps")
    for body in listed:
        name = body.get("Name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise _wrong("a step has a Name")
        if name in steps:
            raise _wrong(f"two steps are named {name}")
        if found := next(step_kinds.problems(body), None):
            raise _wrong(f"step {name}: {found}")
        needs = {reference.name for reference in _references(body) if reference.of == "Steps"}
        steps[name] = Step(name, body["Type"], body, frozenset(needs | set(body.get("DependsOn", []))), branch)
        if body["Type"] == step_kinds.CONDITION:
            for outcome, members in zip((True, False), step_kinds.BRANCHES, strict=True):
                _collect(body["Arguments"].get(members, []), (name, outcome), steps)


def _references(body: dict[str, Any]) -> Iterator[Reference]:
    """What a step itself refers to; the steps inside a condition speak for themselves."""
    arguments = {name: value for name, value in body["Arguments"].items() if name not in step_kinds.BRANCHES}
    return references([arguments, body.get("SqsQueueUrl")])


def _check_references(step: Step, parameters: dict[str, Parameter], steps: dict[str, Step]) -> None:
    for name in step.needs:
        if name not in steps:
            raise _wrong(f"step {step.name} refers to a step {name}, which is not there")
        if steps[name].type == step_kinds.FAIL:
            raise _wrong(f"step {step.name} waits for {name}, which ends the execution")
    for reference in _references(step.body):
        if reference.of == "Parameters" and reference.name not in parameters:
            raise _wrong(f"step {step.name} refers to a parameter {reference.name}, which is not there")
        if reference.of == "Execution" and reference.name not in VARIABLES:
            raise _wrong(f"step {step.name} refers to Execution.{reference.name}, which is not known")
        if reference.of == "Steps" and not step_kinds.gives(steps[reference.name].body, reference.path):
            path = ".".join(map(str, reference.path))
            raise _wrong(f"step {step.name} refers to {path} of step {reference.name}, which does not give it")


def _wrong(what: str) -> SageMakerError:
    return invalid(f"Unable to parse pipeline definition: {what}.")


_VALUES: dict[str, Any] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": {"true": True, "false": False}.__getitem__,
}
