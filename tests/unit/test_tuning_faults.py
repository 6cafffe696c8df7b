"""The state machine tune_model under every fault: each has its end state, one answer, and nothing that is left."""

from __future__ import annotations

import pytest

from npcops.errors import StoreUnavailable, TuningRefused
from npcops.tunings import DataReport, TuningRequest
from tests.custom_models import NEVER
from tests.machine_player import Fault
from tests.tuning_flow import BASE, TUNE, TuningFlow, answer, assert_nothing_left, assert_tuned, ended

FUNCTIONS = (
    "StartTuningJob",
    "PollTuningJob",
    "DeployTunedModel",
    "PollDeployment",
    "ReportTuningResult",
)


@pytest.fixture
def flow() -> TuningFlow:
    return TuningFlow()


def test_a_job_is_watched_deployed_and_reported(flow: TuningFlow) -> None:
    run = flow.play(flow.tune())
    assert ended(run) == ("SUCCEEDED", "Tuned")
    assert_tuned(flow)
    assert run.visited.count("PollTuningJob") == 12
    assert run.visited.count("PollDeployment") == 5
    outputs, known = answer(flow).outputs, flow.tuning
    assert outputs == {
        "JobArn": known.job,
        "CustomModelArn": known.custom_model,
        "DeploymentArn": known.deployment,
        "Model": known.model,
        "TrainingLoss": "1.2500",
        "ValidationLoss": "1.5000",
    }
    (job,) = flow.models.jobs.values()
    assert (job.asked.base, job.asked.hyperparameters["epochCount"]) == (f"{BASE}:300k", "2")
    assert job.asked.tags["npcops:stage"] == "test"


@pytest.mark.parametrize(("validated", "given"), [(0, ""), (3, TUNE["ValidationUri"])])
def test_a_run_with_nothing_to_validate_with_is_not_given_an_empty_file(
    flow: TuningFlow, validated: int, given: str
) -> None:
    parts = {"train": 9, "validation": validated, "heldout": 0}
    flow.held_out.report = DataReport("jsonl", "nova", 9, {}, parts, parts, 900, 100, {})
    flow.take(flow.tune())
    flow.machines.finish()
    assert [job.asked.validation for job in flow.models.jobs.values()] == [given]


def test_units_are_bought_where_units_are_asked_for(flow: TuningFlow) -> None:
    flow.play(flow.tune(Throughput="provisioned"))
    (bought,) = flow.models.bought.values()
    assert bought.kind == "provisioned"
    assert_tuned(flow)


def test_a_job_that_is_refused_is_reported_in_bedrock_s_own_words(flow: TuningFlow) -> None:
    flow.always("StartTuningJob", TuningRefused("Bedrock refused: the training data has 3 records, 8 are needed."))
    assert ended(flow.play(flow.tune())) == ("SUCCEEDED", "NotTuned")
    assert_nothing_left(flow, "the training data has 3 records")


def test_a_hyperparameter_that_the_recipe_does_not_allow_is_refused() -> None:
    flow = TuningFlow(TuningRequest("lines", hyperparameters={"epochCount": "99"}))
    assert ended(flow.play(flow.tune())) == ("SUCCEEDED", "NotTuned")
    assert_nothing_left(flow, "epochCount must be from 1 to 5")
    assert flow.models.jobs == {}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("error", [StoreUnavailable("Throttled."), Fault("Lambda.TooManyRequestsException")])
def test_throttling_passes(flow: TuningFlow, function: str, error: Exception) -> None:
    flow.first(function, error, error, error)
    assert ended(flow.play(flow.tune())) == ("SUCCEEDED", "Tuned")
    assert_tuned(flow)


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "ReportTuningResult"])
def test_throttling_that_does_not_pass_is_a_failure(flow: TuningFlow, function: str) -> None:
    flow.always(function, StoreUnavailable("Throttled."))
    flow.models.job_seconds = 60
    assert ended(flow.play(flow.tune())) == ("FAILED", "TuningFailed")
    assert_nothing_left(flow, "did not answer for a long time")


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if name != "ReportTuningResult"])
def test_defect_05_an_error_of_any_task_is_caught_reported_and_leaves_nothing(flow: TuningFlow, function: str) -> None:
    flow.always(function, KeyError("failureMessage"))
    run = flow.play(flow.tune())
    assert ended(run) == ("FAILED", "TuningFailed")
    assert run.error == "KeyError"
    assert_nothing_left(flow, "stopped unexpectedly (KeyError)")


def test_a_stuck_job_is_stopped_past_its_bound(flow: TuningFlow) -> None:
    flow.models.job_seconds = NEVER
    run = flow.play(flow.tune())
    assert ended(run) == ("FAILED", "TuningFailed")
    assert run.error == "TuningTookTooLong"
    assert run.visited.count("PollTuningJob") == 48 * 3600 / 600
    assert_nothing_left(flow, "more than 48 hours")


def test_a_stuck_job_that_cannot_be_stopped_by_one_function_is_by_the_next(flow: TuningFlow) -> None:
    flow.models.job_seconds = NEVER
    flow.always("StopTuningJob", StoreUnavailable("Throttled."))
    assert ended(flow.play(flow.tune())) == ("FAILED", "TuningFailed")
    assert_nothing_left(flow, "more than 48 hours")


def test_defect_05_a_job_that_is_stopping_is_waited_for_until_it_has_stopped(flow: TuningFlow) -> None:
    flow.take(flow.tune())
    (run,) = flow.runs
    while "PollTuningJob" not in run.visited:
        run.step()
    flow.models.stopping_seconds = 3000
    flow.models.stop_job(flow.tuning.job)
    polled = run.visited.count("PollTuningJob")
    flow.machines.finish()
    assert run.visited.count("PollTuningJob") - polled == 5
    assert ended(run) == ("SUCCEEDED", "NotTuned")
    assert_nothing_left(flow, "was stopped")


@pytest.mark.parametrize(("failure", "told"), [("", "no reason was given"), ("Line 7 is no record.", "Line 7")])
def test_defect_05_a_failed_job_is_reported_with_its_reason_or_without(
    flow: TuningFlow, failure: str, told: str
) -> None:
    flow.models.ends_as, flow.models.failure = "Failed", failure
    assert ended(flow.play(flow.tune())) == ("SUCCEEDED", "NotTuned")
    assert_nothing_left(flow, told)


def test_a_status_that_nobody_knows_is_a_failure(flow: TuningFlow) -> None:
    flow.models.ends_as = "Archived"
    assert ended(flow.play(flow.tune())) == ("FAILED", "TuningFailed")
    assert_nothing_left(flow, "Archived")


@pytest.mark.parametrize("late", [600, 4000])
def test_a_deployment_that_is_not_ready_in_time_is_deleted_as_soon_as_it_can_be(flow: TuningFlow, late: int) -> None:
    flow.models.ready_seconds = 120 * 60 + late
    run = flow.play(flow.tune())
    assert ended(run) == ("FAILED", "TuningFailed")
    assert run.error == "DeploymentNeverReady"
    assert run.calls.count("FreeThroughput") > 1
    assert_nothing_left(flow, "could not be called within 120 minutes")


def test_a_deployment_that_cannot_be_deleted_rings_after_the_pipeline_was_told(flow: TuningFlow) -> None:
    flow.models.ready_seconds = NEVER
    run = flow.play(flow.tune())
    assert (ended(run), run.error) == (("FAILED", "TuningFailed"), "ThroughputLeft")
    assert answer(flow).status == "Failed"
    assert flow.models.paid == [flow.tuning.deployment]  # by which whoever retires models finds it


def test_a_deployment_that_fails_is_deleted(flow: TuningFlow) -> None:
    flow.models.deployments_fail = True
    run = flow.play(flow.tune())
    assert (ended(run), run.error) == (("FAILED", "TuningFailed"), "DeploymentFailed")
    assert_nothing_left(flow, "There is no capacity.")
