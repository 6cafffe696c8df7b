"""The state machine hydrate_lore: sound as a graph, right in what it hands to each function, bounded in all it does."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from npcops import errors
from npcops.hydration import Plan
from tests.infra.asl import chosen, defects, evaluate, scopes
from tests.infra.descriptions import functions, machine, sample

EXECUTION = sample("plan_hydration")["execution"]
PLAN = sample("commit_hydration")
STATES: dict[str, Any] = {
    "input": sample("s3_object_created"),
    "context": {
        "Execution": {"Id": EXECUTION, "Input": sample("s3_object_created")},
        "Map": {"Item": {"Value": PLAN["batches"][0]}},
    },
}


def tasks() -> dict[str, dict[str, Any]]:
    return {
        name: state for scope in scopes(machine()) for name, state in scope["States"].items() if state["Type"] == "Task"
    }


def test_the_definition_has_no_defect() -> None:
    assert defects(machine()) == []


def _lost(definition: dict[str, Any]) -> None:
    definition["States"]["EachBatch"]["Next"] = "Nowhere"


def _caught_by_nobody(definition: dict[str, Any]) -> None:
    definition["States"]["CommitHydration"]["Catch"][1]["Next"] = "Mistyped"


def _unreachable(definition: dict[str, Any]) -> None:
    definition["States"]["Island"] = {"Type": "Succeed"}


def _endless(definition: dict[str, Any]) -> None:
    del definition["States"]["EachBatch"]["ItemProcessor"]["States"]["EmbedAndIndex"]["TimeoutSeconds"]


def _dangling(definition: dict[str, Any]) -> None:
    del definition["States"]["EachBatch"]["ItemProcessor"]["States"]["EmbedAndIndex"]["End"]


def _unreadable(definition: dict[str, Any]) -> None:
    definition["States"]["WhatToDo"]["Choices"][0]["Condition"] = "{% $plan.action = %}"


@pytest.mark.parametrize("harm", [_lost, _caught_by_nobody, _unreachable, _endless, _dangling, _unreadable])
def test_the_check_sees_defects(harm: Callable[[dict[str, Any]], None]) -> None:
    definition = machine()
    harm(definition)
    assert defects(definition)


def test_errors_are_named_as_the_functions_raise_them() -> None:
    named = {
        name
        for scope in scopes(machine())
        for state in scope["States"].values()
        for rule in (*state.get("Retry", []), *state.get("Catch", []))
        for name in rule["ErrorEquals"]
        if "." not in name
    }
    assert named == {"ModelUnavailable", "StoreUnavailable", "Superseded"}
    assert all(issubclass(getattr(errors, name), errors.NpcopsError) for name in named)


def test_everything_is_bounded() -> None:
    assert machine()["TimeoutSeconds"] <= 2 * 3600
    for name, task in tasks().items():
        assert functions()[name]["Timeout"] < task["TimeoutSeconds"]
        assert all(
            {"MaxAttempts", "MaxDelaySeconds", "BackoffRate", "JitterStrategy"} <= rule.keys() for rule in task["Retry"]
        )


@pytest.mark.parametrize("name", ["PlanHydration", "EachBatch", "CommitHydration"])
def test_a_newer_version_ends_it_quietly_and_any_other_error_is_recorded(name: str) -> None:
    first, last = machine()["States"][name]["Catch"]
    assert (first["ErrorEquals"], first["Next"]) == (["Superseded"], "Overtaken")
    assert (last["ErrorEquals"], last["Next"]) == (["States.ALL"], "FailHydration")
    assert machine()["States"]["Overtaken"]["Type"] == "Succeed"


def test_a_batch_waits_long_for_a_free_place_among_those_that_embed() -> None:
    """Places are reserved, so that a mass import queues here: half of `MaxDelaySeconds` is waited on average."""
    (rule,) = [
        rule for rule in tasks()["EmbedAndIndex"]["Retry"] if "Lambda.TooManyRequestsException" in rule["ErrorEquals"]
    ]
    assert rule["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
    assert 3600 <= rule["MaxAttempts"] * rule["MaxDelaySeconds"] / 2 <= machine()["TimeoutSeconds"]


def test_a_recorded_failure_fails_the_execution_so_that_its_alarm_rings_once() -> None:
    failing = machine()["States"]["FailHydration"]
    assert failing["Next"] == failing["Catch"][0]["Next"] == "HydrationFailed"
    assert machine()["States"]["HydrationFailed"]["Type"] == "Fail"


@pytest.mark.parametrize(
    ("action", "expected"),
    [("index", "EachBatch"), ("remove", "CommitHydration"), ("failed", "DocumentFailed"), ("skip", "NothingToDo")],
)
def test_what_is_done_follows_from_the_plan(action: str, expected: str) -> None:
    rule = chosen(machine()["States"]["WhatToDo"], {"input": {}}, {"plan": {**PLAN, "action": action}})
    assert rule["Next"] == expected
    assert machine()["States"][expected]["Type"] != "Fail"


def test_an_unreadable_document_is_no_failure_of_ours() -> None:
    assert machine()["States"]["DocumentFailed"]["Type"] == "Succeed"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("ready", "Hydrated"), ("deleted", "Hydrated"), ("superseded", "Overtaken"), ("replan", "PlanHydration")],
)
def test_how_it_ends_follows_from_the_commit(status: str, expected: str) -> None:
    found = chosen(machine()["States"]["HowDidItEnd"], {"input": {"status": status}}, {"plan": PLAN})
    assert found["Next"] == expected


def test_planning_again_asks_for_the_same_document_without_a_sequencer() -> None:
    from npcops.hydration_events import changed_document

    states = {"input": {"status": "replan"}}
    rule = chosen(machine()["States"]["HowDidItEnd"], states, {"plan": PLAN})
    change = changed_document(evaluate(rule["Output"], states, {"plan": PLAN}))
    assert (change.title, change.path, change.sequencer) == (PLAN["title"], PLAN["path"], "")


def test_plan_hydration_gets_the_event_and_the_execution() -> None:
    assert evaluate(tasks()["PlanHydration"]["Arguments"]["Payload"], STATES) == sample("plan_hydration")


@pytest.mark.parametrize("count", [1, 3])
def test_every_batch_is_an_item_also_when_there_is_one(count: int) -> None:
    batches = [f"hydration/t/g/{number:04}.json" for number in range(count)]
    assert (
        evaluate(machine()["States"]["EachBatch"]["Items"], STATES, {"plan": {**PLAN, "batches": batches}}) == batches
    )


def test_embed_and_index_gets_its_batch() -> None:
    item = evaluate(machine()["States"]["EachBatch"]["ItemSelector"], STATES, {"plan": PLAN})
    assert item == sample("embed_and_index")
    assert evaluate(tasks()["EmbedAndIndex"]["Arguments"]["Payload"], {"input": item}) == item


def test_commit_hydration_gets_the_plan() -> None:
    payload = evaluate(tasks()["CommitHydration"]["Arguments"]["Payload"], STATES, {"plan": PLAN})
    assert payload == sample("commit_hydration")
    assert msgspec.convert(payload, Plan).action == "index"


def test_fail_hydration_gets_the_event_the_execution_and_the_error() -> None:
    wanted = sample("fail_hydration")
    payload = evaluate(tasks()["FailHydration"]["Arguments"]["Payload"], STATES, {"error": wanted["error"]})
    assert payload == wanted
