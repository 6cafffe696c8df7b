"""The conditions of a Condition step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from local.sagemaker.errors import StepFailed
from local.sagemaker.expressions import is_expression

COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
MEMBERS = {
    **{kind: {"LeftValue", "RightValue"} for kind in COMPARED},
    "In": {"QueryValue", "Values"},
    "Not": {"Expression"},
    "Or": {"Conditions"},
}


def problems(condition: Any) -> Iterator[str]:
    """What is wrong with a condition as it is written."""
    kind = condition.get("Type") if isinstance(condition, dict) else None
    if kind not in MEMBERS:
        yield f"the condition {kind!r} is not known"
        return
    if set(condition) != MEMBERS[kind] | {"Type"}:
        yield f"a condition {kind} has {', '.join(sorted(MEMBERS[kind]))}"
    elif kind == "Not":
        yield from problems(condition["Expression"])
    elif kind in ("Or", "In"):
        listed = condition["Conditions" if kind == "Or" else "Values"]
        if not isinstance(listed, list) or not listed:
            yield f"a condition {kind} has a list"
        elif kind == "Or":
            for member in listed:
                yield from problems(member)
    elif any(not _is_value(condition[name]) for name in MEMBERS[kind]):
        yield f"a condition {kind} compares texts, numbers and truth values"


def holds(condition: dict[str, Any], value_of: Callable[[Any], Any]) -> bool:
    """Whether it is true. `value_of` evaluates an expression. Raises StepFailed if values cannot be compared."""
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Expression"], value_of)
    if kind == "Or":
        return any(holds(member, value_of) for member in condition["Conditions"])
    if kind == "In":
        asked = value_of(condition["QueryValue"])
        return any(_compare("Equals", asked, value_of(member)) for member in condition["Values"])
    return _compare(kind, value_of(condition["LeftValue"]), value_of(condition["RightValue"]))


def _compare(kind: str, left: Any, right: Any) -> bool:
    if _sort(left) != _sort(right):
        raise StepFailed(f"ClientError: {kind} cannot compare a {_sort(left)} with a {_sort(right)}.")
    return COMPARED[kind](left, right)


def _sort(value: Any) -> str:
    if isinstance(value, bool):
        return "truth value"
    return "number" if isinstance(value, (int, float)) else "text"


def _is_value(value: Any) -> bool:
    return isinstance(value, (str, int, float)) or is_expression(value)
