"""The state machine promote_model: sound as a graph, bounded, hard to stop, and ending where players are safe."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops import errors
from npcops.promotions import PromotionPlan
from npcops.start_promotion import LOOK_SECONDS, MOST_LOOKS
from tests.infra.asl import chosen, defects, evaluate
from tests.infra.descriptions import functions, machine, sample

STATES: dict[str, Any] = machine("promote_model")["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
PLAN = sample("shift_traffic")["plan"]
VARIABLES = {"plan": PLAN, "step": 1, "look": 3, "reasons": [], "error": {}}


def test_the_definition_has_no_defect() -> None:
    assert defects(machine("promote_model")) == []


def test_the_samples_are_plans_as_they_are_started() -> None:
    plan = msgspec.convert(PLAN, PromotionPlan)
    assert msgspec.to_builtins(plan) == PLAN | {"percents": tuple(PLAN["percents"]), "evaluations": plan.evaluations}


def test_errors_are_named_as_the_functions_raise_them() -> None:
    rules = [rule for state in TASKS.values() for rule in (*state["Retry"], *state.get("Catch", []))]
    named = {name for rule in rules for name in rule["ErrorEquals"] if "." not in name}
    assert named == {"StoreUnavailable", "Conflict"}
    assert all(issubclass(getattr(errors, name), errors.NpcopsError) for name in named)


def test_everything_is_bounded() -> None:
    most_minutes, most_percents = 1440, 10
    assert machine("promote_model")["TimeoutSeconds"] >= most_percents * most_minutes * 60 + 24 * 3600
    # Step Functions keeps 25,000 events of an execution; a look has about 14.
    assert MOST_LOOKS * most_percents * 14 < 25_000
    assert LOOK_SECONDS <= 60
    for name, task in TASKS.items():
        assert functions()[name]["Timeout"] < task["TimeoutSeconds"]
        bounds = {"MaxAttempts", "MaxDelaySeconds", "BackoffRate", "JitterStrategy"}
        assert all(bounds <= rule.keys() for rule in task["Retry"])


@pytest.mark.parametrize("name", ["ShiftTraffic", "WatchShift", "SettlePromotion"])
def test_whatever_fails_takes_players_back(name: str) -> None:
    (rule,) = TASKS[name]["Catch"]
    assert (rule["ErrorEquals"], rule["Next"]) == (["States.ALL"], "ReturnTraffic")


def test_a_return_is_tried_whatever_fails_and_rings_if_it_never_succeeds() -> None:
    (rule,) = TASKS["ReturnTraffic"]["Retry"]
    assert rule["ErrorEquals"] == ["States.ALL"]
    assert rule["MaxAttempts"] >= 30
    (caught,) = TASKS["ReturnTraffic"]["Catch"]
    assert STATES[caught["Next"]]["Type"] == "Fail"


@pytest.mark.parametrize("name", ["shift_traffic", "watch_shift", "settle_promotion", "return_traffic"])
def test_a_function_gets_what_its_sample_has(name: str) -> None:
    wanted = sample(name)
    state = TASKS["".join(part.capitalize() for part in name.split("_"))]
    variables = VARIABLES | {"reasons": wanted.get("reasons", [])}
    assert evaluate(state["Arguments"]["Payload"], {}, variables) == wanted


@pytest.mark.parametrize(
    ("watched", "step", "look", "expected"),
    [
        ("return", 0, 1, "ReturnTraffic"),
        ("return", 2, 15, "ReturnTraffic"),
        ("overtaken", 0, 1, "PromotionOvertaken"),
        ("go-on", 0, 14, "Wait"),
        ("go-on", 0, 15, "ShiftTraffic"),
        ("go-on", 1, 15, "ShiftTraffic"),
        ("go-on", 2, 14, "Wait"),
        ("go-on", 2, 15, "SettlePromotion"),
    ],
)
def test_after_each_look(watched: str, step: int, look: int, expected: str) -> None:
    variables = VARIABLES | {"step": step, "look": look}
    rule = chosen(STATES["WhatNow"], {"input": {"action": watched, "reasons": [], "turns": 3}}, variables)
    assert rule["Next"] == expected
    if expected == "ShiftTraffic":
        assert evaluate(rule["Assign"], {}, variables) == {"step": step + 1, "look": 0}


def test_one_percent_alone_is_enough() -> None:
    """JSONata takes a list of one for its only element."""
    variables = VARIABLES | {"plan": {**PLAN, "percents": [100]}, "step": 0, "look": 15}
    rule = chosen(STATES["WhatNow"], {"input": {"action": "go-on", "reasons": []}}, variables)
    assert rule["Next"] == "SettlePromotion"


@pytest.mark.parametrize(
    ("returned", "error", "expected", "kind"),
    [
        ("returned", {}, "PromotionReturned", "Succeed"),
        ("returned", {"Error": "GateClosed", "Cause": "{}"}, "PromotionReturned", "Succeed"),
        ("returned", {"Error": "StoreUnavailable", "Cause": "{}"}, "PromotionFailed", "Fail"),
        ("overtaken", {}, "PromotionOvertaken", "Succeed"),
        ("overtaken", {"Error": "StoreUnavailable", "Cause": "{}"}, "PromotionFailed", "Fail"),
        ("settled", {"Error": "StoreUnavailable", "Cause": "{}"}, "PromotionSettled", "Succeed"),
    ],
)
def test_how_it_ends_is_told_apart(returned: str, error: dict[str, str], expected: str, kind: str) -> None:
    variables = VARIABLES | {"returned": {"action": returned}, "error": error}
    assert chosen(STATES["HowReturned"], {"input": {}}, variables)["Next"] == expected
    assert STATES[expected]["Type"] == kind
