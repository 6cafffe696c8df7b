"""The state machine tune_model and its pipeline: messages that come twice, lost answers, pipelines that stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from npcops.errors import StoreUnavailable
from tests.tuning_flow import TITLE, TOKEN, TUNE, TUNING, TuningFlow, answer, assert_nothing_left, assert_tuned, ended


@pytest.fixture
def flow() -> TuningFlow:
    return TuningFlow()


def test_a_message_that_comes_again_and_again_starts_one_job(flow: TuningFlow) -> None:
    body = flow.tune()
    taken = [flow.take(body), flow.take(body)]
    flow.machines.finish()
    taken.append(flow.take(body))
    assert [one.outcome for one in taken] == ["running", "running", "over"]
    assert len(flow.runs) == 1
    assert_tuned(flow)


def test_a_message_of_a_step_that_is_long_over_buys_nothing(flow: TuningFlow) -> None:
    """Reordered: it comes after the next step's, whose work has freed the model."""
    old = flow.tune()
    body = flow.tuned()
    flow.take(body)
    flow.evaluations.conclude("failed")
    flow.machines.finish()
    assert flow.take(old).outcome == "over"
    flow.machines.finish()
    assert flow.models.paid == flow.models.running == []
    assert set(flow.models.purchases.values()) == {1}
    assert set(flow.steps.answers.values()) == {1}


def _lost(flow: TuningFlow) -> None:
    flow.first("ReportTuningResult", *[StoreUnavailable("SageMaker did not answer.")] * 4, done=True)


def _late(flow: TuningFlow) -> None:
    flow.first("ReportTuningResult", *[StoreUnavailable("SageMaker did not answer.")] * 4)


@pytest.mark.parametrize("accident", [_lost, _late])
def test_an_answer_whose_receipt_is_lost_is_given_once_and_frees_nothing(
    flow: TuningFlow, accident: Callable[[TuningFlow], None]
) -> None:
    accident(flow)
    assert ended(flow.play(flow.tune())) == ("SUCCEEDED", "Tuned")
    assert_tuned(flow)


def test_an_answer_that_nobody_ever_confirms_frees_nothing_that_was_taken(flow: TuningFlow) -> None:
    """The pipeline has gone on with the model: from then on it is the pipeline's end that frees it."""
    flow.first("ReportTuningResult", *[StoreUnavailable("SageMaker did not answer.")] * 99, done=True)
    assert ended(flow.play(flow.tune())) == ("FAILED", "TuningFailed")
    assert_tuned(flow)


def test_a_pipeline_that_cannot_be_told_for_hours_leaves_nothing_that_is_paid_for(flow: TuningFlow) -> None:
    flow.first("ReportTuningResult", *[StoreUnavailable("SageMaker did not answer.")] * 16)
    assert ended(flow.play(flow.tune())) == ("FAILED", "TuningFailed")
    assert_nothing_left(flow, "did not answer for a long time")


def test_a_pipeline_that_is_being_stopped_is_told_as_soon_as_its_job_is(flow: TuningFlow) -> None:
    flow.take(flow.tune())
    (run,) = flow.runs
    while "PollTuningJob" not in run.visited:
        run.step()
    flow.steps.stop()
    flow.take(flow.steps.wait(TOKEN, TUNE, "Stopping"))
    flow.machines.finish()
    assert len(flow.runs) == 1
    assert ended(run) == ("SUCCEEDED", "NotTuned")
    assert_nothing_left(flow, "The pipeline was stopped.")
    assert flow.steps.status == "Stopped"


def test_a_pipeline_that_was_stopped_before_its_message_came_starts_no_job(flow: TuningFlow) -> None:
    body = flow.tune()
    flow.steps.stop()
    assert ended(flow.play(body)) == ("SUCCEEDED", "NotTuned")
    assert_nothing_left(flow, "before the tuning job was started")
    assert flow.models.jobs == {}


def test_an_execution_of_a_run_that_was_stopped_before_it_was_written_down_starts_no_job(flow: TuningFlow) -> None:
    """Whoever started it died before the run had it, so nobody has stopped it."""
    body = flow.tune()
    flow.store.change(TITLE, TUNING, state="stopped")
    assert ended(flow.play(body)) == ("SUCCEEDED", "NotTuned")
    assert_nothing_left(flow, "before the tuning job was started")
    assert flow.models.jobs == {}


def test_a_success_that_nobody_waits_for_any_more_is_freed(flow: TuningFlow) -> None:
    flow.take(flow.tune())
    (run,) = flow.runs
    while run.state != "ReportTuningResult":
        run.step()
    flow.steps.give_up()
    flow.machines.finish()
    assert ended(run) == ("SUCCEEDED", "NobodyWaits")
    assert flow.models.paid == flow.models.running == []
    assert flow.steps.answers == {}


def test_a_run_that_is_not_known_is_a_failure_that_is_told(flow: TuningFlow) -> None:
    assert ended(flow.play(flow.tune(Tuning="019a9c4f2d803f1b2c4d5f"))) == ("SUCCEEDED", "NotTuned")
    assert "no tuning of this id" in answer(flow).reason


def test_defect_08_a_step_that_is_done_again_has_a_job_of_its_own(flow: TuningFlow) -> None:
    """Names by the second collide, and a name by the run alone would find the job that failed."""
    flow.models.ends_as = "Failed"
    flow.play(flow.tune())
    flow.steps.status, flow.models.ends_as = "Executing", "Completed"
    assert ended(flow.play(flow.tune("tune000002"))) == ("SUCCEEDED", "Tuned")
    names = list(flow.models.jobs)
    assert len(set(names)) == 2
    assert all(name.startswith(f"npcops-test-{TUNING}-") and len(name) <= 63 for name in names)
