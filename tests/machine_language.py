"""What the player of state machines knows of their language: fields, errors that rules name, and JSONata."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonata
import msgspec

INVOKE = "arn:aws:states:::lambda:invoke"
COMMON = {"Type", "Comment"}
FIELDS = {
    "Task": COMMON | {"Resource", "Arguments", "TimeoutSeconds", "Assign", "Output", "Retry", "Catch", "Next", "End"},
    "Pass": COMMON | {"Assign", "Output", "Next", "End"},
    "Wait": COMMON | {"Seconds", "Assign", "Output", "Next", "End"},
    "Choice": COMMON | {"Choices", "Default", "Assign"},
    "Succeed": COMMON | {"Output"},
    "Fail": COMMON | {"Error", "Cause"},
}
RULES = {
    "Retry": {"ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "MaxAttempts", "JitterStrategy"},
    "Catch": {"ErrorEquals", "Next", "Assign", "Output"},
    "Choices": {"Condition", "Next", "Assign", "Output", "Comment"},
}
MACHINE = {"Comment", "QueryLanguage", "StartAt", "TimeoutSeconds", "States"}
VARIABLE = re.compile(r"\$([A-Za-z_]\w*)(?!\w*\s*\()")


class Refused(Exception):
    """The machine has something that this player does not know, or that AWS would not take."""


def names(rule: Mapping[str, Any], error: str) -> bool:
    """Whether a rule of Retry or Catch is about an error of this name."""
    wanted = rule["ErrorEquals"]
    if error in wanted:
        return True
    if "States.ALL" in wanted:
        return error not in ("States.DataLimitExceeded", "States.Runtime")
    return "States.TaskFailed" in wanted and error != "States.Timeout"


def check(definition: dict[str, Any]) -> None:
    """Raises Refused for whatever is not known here."""
    if unknown := definition.keys() - MACHINE:
        raise Refused(f"the machine has {sorted(unknown)}")
    if definition.get("QueryLanguage") != "JSONata":
        raise Refused("the machine does not speak JSONata")
    for name, state in definition["States"].items():
        known = FIELDS.get(state["Type"])
        if known is None:
            raise Refused(f"{name} is a {state['Type']}")
        unknown = state.keys() - known
        for field, allowed in RULES.items():
            unknown |= {one for rule in state.get(field, []) for one in rule.keys() - allowed}
        if state["Type"] == "Task" and state["Resource"] != INVOKE:
            raise Refused(f"{name} calls {state['Resource']}")
        if unknown:
            raise Refused(f"{name} has {sorted(unknown)}")


def evaluated(expression: str, known: Mapping[str, Any]) -> Any:
    """The value of an expression. Raises Refused where AWS would fail the execution."""
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", expression)
    bound = set(re.findall(r"\$(\w+)\s*:=", unquoted)) | {
        name.strip().lstrip("$") for names in re.findall(r"function\(([^)]*)\)", unquoted) for name in names.split(",")
    }
    if missing := set(VARIABLE.findall(unquoted)) - known.keys() - bound:
        raise Refused(f"{expression}: {sorted(missing)} were never assigned")
    compiled = jsonata.Jsonata(expression)
    frame = compiled.create_frame()
    for name, value in known.items():
        frame.bind(name, value)
    found = compiled.evaluate(None, frame)
    if found is None:
        raise Refused(f"{expression} yields nothing")
    return plain(found)


def plain(value: Any) -> Any:
    """What is left of a value after it went through JSON."""
    return json.loads(msgspec.json.encode(value))


def only(state: Mapping[str, Any], field: str) -> dict[str, Any]:
    """This field alone, if the state has it."""
    return {field: state[field]} if field in state else {}
