"""The state machine evaluate: sound as a graph, right in what it hands to each function, bounded, and hard to stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from npcops import errors
from npcops.load_cases import Loaded
from tests.infra.asl import chosen, defects, evaluate, scopes
from tests.infra.descriptions import SERVERLESS, Stage, functions, machine, resources, sample

STARTED = sample("load_cases")
LOADED = dict(
    msgspec.to_builtins(
        Loaded("score", **STARTED, bucket="npcops-dev-evaluations", items="e/items.jsonl", concurrency=7)
    )
)
EACH_CASE = machine("evaluate")["States"]["EachCase"]


def tasks() -> dict[str, dict[str, Any]]:
    states = [state for scope in scopes(machine("evaluate")) for state in scope["States"].items()]
    return {name: state for name, state in states if state["Type"] == "Task"}


def test_the_definition_has_no_defect() -> None:
    assert defects(machine("evaluate")) == []


def _not_numeric(state: dict[str, Any]) -> None:
    state["MaxConcurrency"] = "many"


def _unreadable(state: dict[str, Any]) -> None:
    state["MaxConcurrency"] = "{% $loaded. %}"


def _of_no_kind(state: dict[str, Any]) -> None:
    state["ItemReader"]["ReaderConfig"] = {"InputType": "YAML"}


def _without_kind(state: dict[str, Any]) -> None:
    del state["ItemReader"]["ReaderConfig"]


def _unknown(state: dict[str, Any]) -> None:
    state["Concurrency"] = 3


@pytest.mark.parametrize("harm", [_not_numeric, _unreadable, _of_no_kind, _without_kind, _unknown])
def test_the_check_sees_defects_of_the_map(harm: Callable[[dict[str, Any]], None]) -> None:
    definition = machine("evaluate")
    harm(definition["States"]["EachCase"])
    assert defects(definition)


def test_errors_are_named_as_the_functions_raise_them() -> None:
    rules = [rule for state in tasks().values() for rule in (*state["Retry"], *state.get("Catch", []))]
    named = {name for rule in rules for name in rule["ErrorEquals"] if "." not in name}
    assert named == {"ModelUnavailable", "StoreUnavailable"}
    assert all(issubclass(getattr(errors, name), errors.NpcopsError) for name in named)


def test_everything_is_bounded() -> None:
    assert machine("evaluate")["TimeoutSeconds"] <= 12 * 3600
    for name, task in tasks().items():
        assert functions()[name]["Timeout"] < task["TimeoutSeconds"]
        bounds = {"MaxAttempts", "MaxDelaySeconds", "BackoffRate", "JitterStrategy"}
        assert all(bounds <= rule.keys() for rule in task["Retry"])


def test_a_case_that_takes_too_long_is_tried_once_more_only() -> None:
    (rule,) = [rule for rule in tasks()["ScoreCase"]["Retry"] if "States.Timeout" in rule["ErrorEquals"]]
    assert rule["MaxAttempts"] == 1


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("score", "EachCase"),
        ("conclude", "ConcludeEvaluation"),
        ("refused", "EvaluationRefused"),
        ("skip", "NothingToDo"),
    ],
)
def test_what_is_done_follows_from_what_was_loaded(action: str, expected: str) -> None:
    rule = chosen(machine("evaluate")["States"]["WhatToDo"], {"input": {}}, {"loaded": {**LOADED, "action": action}})
    assert rule["Next"] == expected
    assert machine("evaluate")["States"][expected]["Type"] != "Fail"


def test_load_cases_gets_the_execution_s_input() -> None:
    assert evaluate(tasks()["LoadCases"]["Arguments"]["Payload"], {"input": STARTED}) == STARTED


def test_the_map_reads_the_cases_that_were_listed_so_many_at_once() -> None:
    variables = {"loaded": LOADED}
    arguments = evaluate(EACH_CASE["ItemReader"]["Arguments"], {}, variables)
    assert arguments == {"Bucket": LOADED["bucket"], "Key": LOADED["items"]}
    assert EACH_CASE["ItemReader"]["ReaderConfig"] == {"InputType": "JSONL"}
    assert evaluate(EACH_CASE["MaxConcurrency"], {}, variables) == 7
    assert EACH_CASE["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def test_no_case_stops_another() -> None:
    assert EACH_CASE["ToleratedFailurePercentage"] == 100
    assert EACH_CASE["Next"] == "ConcludeEvaluation"


def test_inside_the_map_nothing_of_the_outside_is_used() -> None:
    """Variables of the machine are not seen by the executions of a distributed map."""
    assert "$loaded" not in json.dumps(EACH_CASE["ItemProcessor"])
    item = sample("score_case")
    assert evaluate(tasks()["ScoreCase"]["Arguments"]["Payload"], {"input": item}) == item


def test_what_cases_put_out_stays_small() -> None:
    """All of it together has to fit into 256 KiB."""
    assert tasks()["ScoreCase"]["Output"] == EACH_CASE["Output"] == {}


def test_conclude_evaluation_gets_what_was_loaded() -> None:
    payload = evaluate(tasks()["ConcludeEvaluation"]["Arguments"]["Payload"], {}, {"loaded": LOADED})
    assert payload == sample("conclude_evaluation")


def test_fail_evaluation_gets_the_input_and_the_error() -> None:
    wanted = sample("fail_evaluation")
    states = {"context": {"Execution": {"Input": STARTED}}}
    payload = evaluate(tasks()["FailEvaluation"]["Arguments"]["Payload"], states, {"error": wanted["error"]})
    assert payload == wanted


@pytest.mark.parametrize("name", ["LoadCases", "EachCase", "ConcludeEvaluation"])
def test_every_error_is_recorded_and_rings_once(name: str) -> None:
    (rule,) = machine("evaluate")["States"][name]["Catch"]
    assert (rule["ErrorEquals"], rule["Next"]) == (["States.ALL"], "FailEvaluation")
    failing = machine("evaluate")["States"]["FailEvaluation"]
    assert failing["Next"] == failing["Catch"][0]["Next"] == "EvaluationFailed"
    assert machine("evaluate")["States"]["EvaluationFailed"]["Type"] == "Fail"


def test_old_answers_expire_and_their_bucket_tells_of_uploads() -> None:
    bucket = resources("AWS::S3::Bucket")["EvaluationsBucket"]["Properties"]
    (rule,) = Stage(SERVERLESS | {"EvaluationDays": "30"}).value(bucket["LifecycleConfiguration"]["Rules"])
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", "30")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert "TimeToLiveSpecification" not in resources("AWS::DynamoDB::Table")["EvaluationsTable"]["Properties"]
