"""The state machines of callback steps: sound as graphs, bounded, and never without an answer at the end."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from npcops import errors, tuning_failures
from npcops.tuning_callbacks import STEPS, read_message
from npcops.tunings import JobStatus
from tests.infra.asl import TERMINAL, chosen, defects, evaluate, successors
from tests.infra.descriptions import functions, machine, pipeline_text, sample, template

MACHINES = {"tune_model": "ReportTuningResult", "assess_model": "ReportAssessment"}
HISTORY_EVENTS = 25_000
# Entering and leaving a wait, a choice and a task, and what comes of a task.
EVENTS_A_LOOP = 12


def states(name: str) -> dict[str, dict[str, Any]]:
    return dict(machine(name)["States"])


def tasks(name: str) -> dict[str, dict[str, Any]]:
    return {one: state for one, state in states(name).items() if state["Type"] == "Task"}


@pytest.mark.parametrize("name", MACHINES)
def test_the_definitions_have_no_defect(name: str) -> None:
    assert defects(machine(name)) == []


@pytest.mark.parametrize("name", MACHINES)
def test_errors_are_named_as_the_functions_raise_them(name: str) -> None:
    rules = [rule for state in tasks(name).values() for rule in (*state["Retry"], *state["Catch"])]
    named = {error for rule in rules for error in rule["ErrorEquals"] if "." not in error}
    assert named == {"ModelUnavailable", "StoreUnavailable", "Conflict"}
    assert all(issubclass(getattr(errors, error), errors.NpcopsError) for error in named)


@pytest.mark.parametrize("name", MACHINES)
def test_everything_is_bounded(name: str) -> None:
    for task, state in tasks(name).items():
        assert functions()[task]["Timeout"] < state["TimeoutSeconds"]
        bounds = {"MaxAttempts", "MaxDelaySeconds", "BackoffRate", "JitterStrategy"}
        assert all(bounds <= rule.keys() for rule in state["Retry"])


@pytest.mark.parametrize("name", MACHINES)
def test_defect_05_every_task_is_caught_and_what_was_bought_is_freed(name: str) -> None:
    for task, state in tasks(name).items():
        (rule,) = state["Catch"]
        assert rule["ErrorEquals"] == ["States.ALL"]
        expected = {"FreeThroughput": "WhetherToReport", MACHINES[name]: "WhetherToReportAgain"}
        assert rule["Next"] == expected.get(task, "FreeThroughput"), task


@pytest.mark.parametrize("name", MACHINES)
def test_no_execution_ends_before_the_pipeline_was_told(name: str) -> None:
    """Without the state that reports, no end can be reached, but that of those for whom nobody waits."""
    found = states(name)
    reached, waiting = set[str](), [str(machine(name)["StartAt"])]
    while waiting:
        state = waiting.pop()
        if state not in reached and state != MACHINES[name]:
            reached.add(state)
            # Where nobody waits is known from reporting alone.
            after = successors(found[state]) if state != "WhetherToReport" else {MACHINES[name]}
            waiting.extend(after)
    assert [state for state in reached if found[state]["Type"] in TERMINAL] == []


@pytest.mark.parametrize("name", MACHINES)
def test_only_failures_of_ours_ring(name: str) -> None:
    ends = {state: found["Type"] for state, found in states(name).items() if found["Type"] in TERMINAL}
    assert sorted(ends.values()) == ["Fail", "Succeed", "Succeed", "Succeed"]
    assert ends["NobodyWaits"] == "Succeed"


@pytest.mark.parametrize("status", [*JobStatus.__args__, "Archived"])
def test_defect_05_every_status_of_bedrock_s_leads_somewhere(status: str) -> None:
    model = "arn" if status == "Completed" else ""
    job = {"status": status, "wanted": True, "custom_model": model, "failure": ""}
    choice = _filled(states("tune_model")["WhatBecameOfTheJob"])
    expected = {
        "InProgress": "WaitForJob",
        "Stopping": "WaitForJob",
        "Completed": "DeployTunedModel",
        "Failed": "FreeThroughput",
        "Stopped": "FreeThroughput",
        "Archived": "StopTuningJob",
    }
    assert chosen(choice, {}, {"job": job, "polls": 1})["Next"] == expected[status]
    late = chosen(choice, {}, {"job": job, "polls": 288})["Next"]
    assert late == ("StopTuningJob" if expected[status] == "WaitForJob" else expected[status])
    unwanted = chosen(choice, {}, {"job": job | {"wanted": False}, "polls": 1})
    assert unwanted["Next"] == "StopTuningJob"


def test_a_job_that_is_completed_before_its_model_is_known_is_looked_at_again() -> None:
    job = {"status": "Completed", "wanted": True, "custom_model": "", "failure": ""}
    choice = _filled(states("tune_model")["WhatBecameOfTheJob"])
    assert chosen(choice, {}, {"job": job, "polls": 1})["Next"] == "WaitForJob"


def _filled(state: dict[str, Any]) -> dict[str, Any]:
    """With the parameters of the template."""
    text = json.dumps(state)
    for name, body in template()["Parameters"].items():
        text = text.replace(f"${{{name}}}", str(body.get("Default", "")))
    return dict(json.loads(text))


def test_looking_fits_into_the_history_of_an_execution_and_its_time() -> None:
    defaults = {name: body.get("Default") for name, body in template()["Parameters"].items()}
    most = {name: body.get("MaxValue") for name, body in template()["Parameters"].items()}
    looks = 3600 * defaults["TuningMostHours"] / defaults["TuningPollSeconds"]
    looks += 60 * defaults["DeploymentMostMinutes"] / defaults["DeploymentPollSeconds"]
    assert looks * EVENTS_A_LOOP < HISTORY_EVENTS / 2
    assert (
        3600 * defaults["AssessmentMostHours"] / defaults["AssessmentPollSeconds"] * EVENTS_A_LOOP < HISTORY_EVENTS / 2
    )
    longest = 3600 * most["TuningMostHours"] + 60 * most["DeploymentMostMinutes"]
    # Retries of a whole night fit besides.
    assert longest + 12 * 3600 < machine("tune_model")["TimeoutSeconds"]
    assert 3600 * most["AssessmentMostHours"] < machine("assess_model")["TimeoutSeconds"]
    assert defaults["AssessmentMostHours"] * 3600 >= machine("evaluate")["TimeoutSeconds"]


def test_a_job_is_looked_at_every_ten_minutes() -> None:
    assert template()["Parameters"]["TuningPollSeconds"]["Default"] == 600


@pytest.mark.parametrize("name", MACHINES)
def test_a_deployment_that_is_being_created_is_waited_for_before_it_is_given_up(name: str) -> None:
    (rule,) = [rule for rule in tasks(name)["FreeThroughput"]["Retry"] if rule["ErrorEquals"] == ["Conflict"]]
    waits = [rule["IntervalSeconds"] * rule["BackoffRate"] ** number for number in range(rule["MaxAttempts"])]
    # With full jitter half of it is waited on average.
    assert sum(min(wait, rule["MaxDelaySeconds"]) for wait in waits) / 2 > 3600


@pytest.mark.parametrize(("name", "task"), [(name, task) for name in MACHINES for task in tasks(name)])
def test_every_task_gets_what_its_sample_says(name: str, task: str) -> None:
    sampled = sample("".join(f"_{c.lower()}" if c.isupper() else c for c in task).lstrip("_"))
    given = {
        "asked": sampled["message"],
        "started": {"job": sampled.get("job", "")},
        "job": {"custom_model": sampled.get("custom_model", "")},
        "deployed": {"deployment": sampled.get("deployment", "")},
        "failure": sampled.get("failure", {}),
    }
    context = {"Execution": {"StartTime": sampled.get("at", "")}}
    payload = tasks(name)[task]["Arguments"]["Payload"]
    assert evaluate(payload, {"input": sampled["message"], "context": context}, given) == sampled


@pytest.mark.parametrize("name", ["StartTuningJob", "StartAssessment"])
def test_the_messages_of_the_samples_are_those_of_the_pipeline_s_steps(name: str) -> None:
    message = read_message(sample("".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"))["message"])
    steps = {
        step["Arguments"].get("Step"): step for step in json.loads(pipeline_text())["Steps"] if "Arguments" in step
    }
    step = steps[message.arguments["Step"]]
    assert set(step["Arguments"]) == set(message.arguments)
    assert step["Name"] == STEPS[message.arguments["Step"]].name
    assert set(STEPS[message.arguments["Step"]].needed) <= set(step["Arguments"])


def test_the_queue_s_sample_has_the_message_of_each_step() -> None:
    bodies = [json.loads(record["body"]) for record in sample("sqs_callback")["Records"]]
    assert bodies == [sample("start_tuning_job")["message"], sample("start_assessment")["message"]]
    assert json.loads(sample("callback_broken_off")["detail"]["input"]) == bodies[0]


def test_every_failure_that_the_machines_find_has_words() -> None:
    found = {
        rule["Assign"]["failure"]["Error"]
        for name in MACHINES
        for state in states(name).values()
        for rule in (*state.get("Choices", []), state)
        if isinstance(rule.get("Assign", {}).get("failure"), dict)
    }
    assert found - {"", "NobodyWaits"} <= set(tuning_failures.FOUND)
    assert msgspec.convert(sample("report_assessment")["failure"], tuning_failures.Failure).Error == ""
