"""However a run ends, it is recorded, and nothing is left that is paid for and that nobody uses."""

from __future__ import annotations

import msgspec
import pytest

from npcops.end_tuning import Ended, ExecutionEnded, ended_execution
from npcops.errors import Conflict, NotFound
from npcops.tunings import PipelineRun, StepState, Tuning, TuningRequest
from tests.infra.descriptions import sample
from tests.resources import Resources
from tests.tuning_runs import DEPLOYMENT, JOB, PACKAGE, Interrupted, Runs

MODEL = f"qwen.qwen2.5-coder-0.5b-instruct@{DEPLOYMENT}"
TUNED = StepState(
    "Tune",
    "Succeeded",
    outputs={
        "JobArn": JOB, "CustomModelArn": "custom", "DeploymentArn": DEPLOYMENT, "Model": MODEL,
        "TrainingLoss": "1.2500", "ValidationLoss": "unknown",
    },
)  # fmt: skip
EVALUATED = StepState("Evaluate", "Succeeded", outputs={"Evaluation": "e1", "Outcome": "passed"})
REGISTERED = StepState("Register", "Succeeded")
WORSE = StepState("NotBetter", "Failed", failure="The evaluation e1 ended as failed: the model is not registered.")


@pytest.fixture
def runs(moto_resources: Resources, title: str) -> Runs:
    return Runs(moto_resources, title)


@pytest.fixture
def tuning(runs: Runs) -> Tuning:
    """A run whose model is trained and deployed."""
    runs.take(runs.upload())
    (known,) = runs.tunings.newest(runs.title, 10)
    return runs.tunings.change(runs.title, known.id, job=JOB, deployment=DEPLOYMENT, model=MODEL)


def ended(runs: Runs, tuning: Tuning, status: str, *steps: StepState, failure: str = "", package: str = "") -> Ended:
    """What becomes of it when SageMaker has told of its end, which it tells three times."""
    runs.pipeline.ends(tuning.execution, status, *steps, failure=failure, package=package)
    told = ExecutionEnded(tuning.execution, runs.title, tuning.id, status)
    results = [runs.end(told) for _ in range(3)]
    first, *again = [one for one in results if one is not None]
    assert len(again) == 2
    assert {one.tuning.state for one in again} == {first.tuning.state}
    assert runs.tunings.find(runs.title, tuning.id) == again[-1].tuning
    return first


def test_a_registered_model_keeps_what_it_runs_on(runs: Runs, tuning: Tuning) -> None:
    run = ended(runs, tuning, "Succeeded", TUNED, EVALUATED, REGISTERED, package=PACKAGE).tuning
    assert (run.state, run.package, run.version, run.failure) == ("registered", PACKAGE, 3, "")
    assert (run.deployment, run.model, run.evaluation, run.outcome) == (DEPLOYMENT, MODEL, "e1", "passed")
    assert (run.training_loss, run.validation_loss, run.custom_model) == (1.25, None, "custom")
    assert run.ended_at
    assert runs.models.freed == runs.models.stopped == []


def test_an_end_that_is_told_again_brings_nothing_back_that_was_freed_meanwhile(runs: Runs, tuning: Tuning) -> None:
    ended(runs, tuning, "Succeeded", TUNED, EVALUATED, REGISTERED, package=PACKAGE)
    runs.tunings.change(runs.title, tuning.id, deployment="")
    again = runs.end(ExecutionEnded(tuning.execution, runs.title, tuning.id, "Succeeded"))
    assert again
    assert (again.tuning.state, again.tuning.deployment) == ("registered", "")


def test_defect_14_a_failed_evaluation_leaves_nothing_that_is_paid_for(runs: Runs, tuning: Tuning) -> None:
    run = ended(runs, tuning, "Failed", TUNED, EVALUATED, WORSE).tuning
    assert (run.state, run.failure) == ("failed", f"NotBetter: {WORSE.failure}")
    assert (run.deployment, run.model) == ("", "")
    assert set(runs.models.freed) == {DEPLOYMENT}
    assert [one for one in runs.tunings.everywhere() if one.title == runs.title] == []


def test_defect_14_a_deployment_that_was_not_written_down_is_freed_as_well(runs: Runs, tuning: Tuning) -> None:
    runs.tunings.change(runs.title, tuning.id, deployment="", model="")
    ended(runs, tuning, "Failed", TUNED, WORSE)
    assert set(runs.models.freed) == {DEPLOYMENT}
    assert runs.tunings.find(runs.title, tuning.id).deployment == ""


def test_a_stopped_run_stops_its_job(runs: Runs, tuning: Tuning) -> None:
    stopping = runs.stop(runs.title, tuning.id)
    assert (stopping.state, runs.pipeline.stopped) == ("running", [tuning.execution])
    run = ended(runs, tuning, "Stopped", StepState("Tune", "Stopped")).tuning
    assert (run.state, run.failure) == ("stopped", "")
    assert set(runs.models.stopped) == {JOB}
    assert set(runs.models.freed) == {DEPLOYMENT}


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (PipelineRun("Failed", (StepState("Preprocess", "Failed", failure="No line.\n"),)), "Preprocess: No line.\n"),
        (PipelineRun("Failed", (), "The role may not."), "The role may not."),
        (PipelineRun("Failed", ()), "The pipeline ended as Failed, without a reason."),
        (PipelineRun("Succeeded", (TUNED,)), "The pipeline succeeded without registering a model."),
        (PipelineRun("Failed", (StepState("Tune", "Failed", failure="x" * 5000),)), ("Tune: " + "x" * 5000)[:1000]),
    ],
)
def test_a_failed_run_says_why(runs: Runs, tuning: Tuning, run: PipelineRun, told: str) -> None:
    found = ended(runs, tuning, run.status, *run.steps, failure=run.failure).tuning
    assert (found.state, found.failure) == ("failed", told)


def test_throughput_that_cannot_be_freed_yet_is_left_to_whoever_retires_models(runs: Runs, tuning: Tuning) -> None:
    runs.models.creating.add(DEPLOYMENT)
    result = ended(runs, tuning, "Failed", TUNED, WORSE)
    assert result.left
    assert [one.deployment for one in runs.tunings.everywhere() if one.title == runs.title] == [DEPLOYMENT]
    runs.models.creating.clear()
    assert not ended(runs, tuning, "Failed", TUNED, WORSE).left


def test_a_success_of_which_no_package_is_seen_frees_nothing_that_a_version_may_run_on(
    runs: Runs, tuning: Tuning
) -> None:
    result = ended(runs, tuning, "Succeeded", TUNED, EVALUATED)
    assert (result.left, result.tuning.state, result.tuning.deployment) == (True, "failed", DEPLOYMENT)
    assert runs.models.freed == []


def test_an_end_that_is_told_before_the_start_was_written_down_is_final(runs: Runs) -> None:
    upload = runs.upload()
    execution: list[str] = []

    class Forgetful(type(runs.tunings)):
        def change(self, title: str, tuning: str, **fields: object) -> Tuning:
            if "execution" in fields:
                execution.append(str(fields["execution"]))
                raise Interrupted
            return super().change(title, tuning, **fields)

    real, runs.tunings = runs.tunings, Forgetful(runs.resources.dynamodb, runs.resources.name("models"))
    with pytest.raises(Interrupted):
        runs.taking()(upload)
    runs.tunings = real
    (known,) = real.newest(runs.title, 10)
    runs.pipeline.ends(execution[0], "Failed", failure="It broke.")
    result = runs.end(ExecutionEnded(execution[0], runs.title, known.id, "Failed"))
    assert result is not None
    assert (result.tuning.state, result.tuning.execution) == ("failed", execution[0])
    assert runs.take(upload).outcome == "known"
    assert runs.executions == execution
    assert real.find(runs.title, known.id).state == "failed"


@pytest.mark.parametrize("change", [{"tuning": "another"}, {"title": "another"}, {"execution": "arn:of:another"}])
def test_executions_that_are_no_run_s_change_nothing(runs: Runs, tuning: Tuning, change: dict[str, str]) -> None:
    told = msgspec.structs.replace(ExecutionEnded(tuning.execution, runs.title, tuning.id, "Failed"), **change)
    assert runs.end(told) is None
    assert runs.tunings.find(runs.title, tuning.id) == tuning
    assert runs.models.freed == []


def test_an_execution_that_sagemaker_has_forgotten_ends_as_it_was_told(runs: Runs, tuning: Tuning) -> None:
    runs.pipeline.runs.clear()
    result = runs.end(ExecutionEnded(tuning.execution, runs.title, tuning.id, "Stopped"))
    assert result is not None
    assert result.tuning.state == "stopped"


def test_sagemaker_s_event_names_run_and_title() -> None:
    told = ended_execution(sample("end_tuning"))
    assert (told.title, told.tuning, told.status) == ("saltmarrow", "019a9c4f2d803f1b2c4d5e", "Succeeded")
    assert told.execution.endswith(":pipeline/npcops-dev-tune/execution/p4jn9xou8a8s")


def test_an_event_of_an_execution_that_somebody_else_started_is_no_run_s(runs: Runs) -> None:
    event = sample("end_tuning")
    del event["detail"]["pipelineExecutionDescription"]
    assert runs.end(ended_execution(event)) is None


def test_a_run_that_waits_is_stopped_at_once_and_one_that_has_ended_is_not(runs: Runs) -> None:
    offered = runs.offer(runs.title, "ann", TuningRequest(dataset="spring"), "jsonl")
    stopped = runs.stop(runs.title, offered.tuning)
    assert (stopped.state, bool(stopped.ended_at), runs.pipeline.stopped) == ("stopped", True, [])
    with pytest.raises(Conflict, match="stopped"):
        runs.stop(runs.title, offered.tuning)
    with pytest.raises(NotFound):
        runs.stop(runs.title, "no-such-run")
