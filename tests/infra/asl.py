"""A reader of state machines: what is wrong with a definition, and where an execution goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonata

from scripts.lint_machines import problems

TERMINAL = ("Succeed", "Fail")


def scopes(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine, and the machines inside its Map and Parallel states."""
    yield machine
    for state in machine["States"].values():
        for inner in (state.get("ItemProcessor"), *state.get("Branches", [])):
            if inner:
                yield from scopes(inner)


def successors(state: dict[str, Any]) -> set[str]:
    """All states that may follow."""
    found = {str(state[key]) for key in ("Next", "Default") if key in state}
    return found | {str(rule["Next"]) for rule in (*state.get("Choices", []), *state.get("Catch", []))}


def defects(machine: dict[str, Any]) -> list[str]:
    """Everything structurally wrong: transitions to nowhere, unreachable states, tasks without limits, bad JSONata."""
    found = problems(machine)
    for scope in scopes(machine):
        states = scope["States"]
        reached, waiting = set(), [scope["StartAt"]]
        while waiting:
            name = waiting.pop()
            if name not in states:
                found.append(f"no state {name}")
            elif name not in reached:
                reached.add(name)
                waiting.extend(successors(states[name]))
        found.extend(f"{name} is never reached" for name in states.keys() - reached)
        for name, state in states.items():
            ends = state["Type"] in TERMINAL or state.get("End") or state.get("Next") or state["Type"] == "Choice"
            found.extend([f"{name} leads nowhere"] if not ends else [])
            if state["Type"] == "Task":
                found.extend(f"{name} lacks {field}" for field in ("TimeoutSeconds", "Retry") if field not in state)
            found.extend(f"{name}: {problem}" for problem in _unreadable(state))
    return found


def expressions(node: Any) -> Iterator[str]:
    """Every JSONata expression below a node, without its delimiters."""
    if isinstance(node, str) and node.startswith("{%"):
        yield node.removeprefix("{%").removesuffix("%}").strip()
    elif isinstance(node, dict):
        for value in node.values():
            yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


def _unreadable(state: dict[str, Any]) -> Iterator[str]:
    own = {key: value for key, value in state.items() if key != "ItemProcessor"}
    for expression in expressions(own):
        try:
            jsonata.Jsonata(expression)
        except jsonata.JException as error:
            yield f"{expression!r}: {error}"


def evaluate(node: Any, states: dict[str, Any], variables: dict[str, Any] | None = None) -> Any:
    """A field of a state with its expressions evaluated against `$states` and the assigned variables."""
    if isinstance(node, dict):
        return {key: evaluate(value, states, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [evaluate(value, states, variables) for value in node]
    found = list(expressions(node))
    if not found:
        return node
    expression = jsonata.Jsonata(found[0])
    frame = expression.create_frame()
    for name, value in {"states": states, **(variables or {})}.items():
        frame.bind(name, value)
    return expression.evaluate(None, frame)


def chosen(state: dict[str, Any], states: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """The rule that a Choice state takes; its default as a rule with nothing but `Next`."""
    for rule in state["Choices"]:
        if evaluate(rule["Condition"], states, variables) is True:
            return dict(rule)
    return {"Next": state["Default"]}
