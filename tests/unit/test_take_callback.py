"""Messages of callback steps: what starts work, what is refused, and what the pipeline is told in words."""

from __future__ import annotations

import json

import pytest

from npcops.errors import InvalidRequest, NoTunedModel, StoreUnavailable
from npcops.tuning_callbacks import Callbacks, job_name, read_message
from npcops.tuning_failures import FOUND, Failure, why
from npcops.tunings import PipelineRun
from tests.callback_steps import MemoryCallbacks
from tests.calls import sample
from tests.tuning_flow import TOKEN, TUNE, TuningFlow, assert_tuned


@pytest.fixture
def flow() -> TuningFlow:
    return TuningFlow()


def reason(flow: TuningFlow) -> str:
    assert flow.steps.answers == {TOKEN: 1}
    return flow.steps.steps[TOKEN].reason


def test_a_message_starts_the_machine_of_its_step(flow: TuningFlow) -> None:
    taken = flow.take(flow.tune())
    assert (taken.outcome, taken.step, taken.title, taken.tuning) == (
        "running",
        "tune",
        TUNE["Title"],
        TUNE["Tuning"],
    )
    (run,) = flow.runs
    assert run.output["token"] == TOKEN
    assert TOKEN not in run.name
    assert len(run.name) <= 80


def test_a_machine_that_cannot_be_started_leaves_the_message_on_the_queue(flow: TuningFlow) -> None:
    body = flow.tune()
    flow.machines.failures = [StoreUnavailable("Throttled.")]
    with pytest.raises(StoreUnavailable):
        flow.take(body)
    assert flow.take(body).outcome == "running"
    assert flow.steps.answers == {}


@pytest.mark.parametrize("name", ["Title", "Tuning", "BaseModel", "Type", "Throughput", "TrainingUri", "OutputUri"])
def test_a_step_without_an_argument_is_told_which(flow: TuningFlow, name: str) -> None:
    assert flow.take(flow.tune(**{name: ""})).outcome == "refused"
    assert name in reason(flow)
    assert flow.runs == []


def test_a_step_of_another_kind_is_refused(flow: TuningFlow) -> None:
    body = json.loads(flow.tune())
    body["arguments"]["Step"] = "bake"
    assert flow.take(json.dumps(body)).outcome == "refused"
    assert "not one that is known" in reason(flow)


def test_a_message_that_cannot_be_read_is_answered_if_it_has_a_token(flow: TuningFlow) -> None:
    body = json.loads(flow.tune())
    body["arguments"] = ["tune"]
    assert flow.take(json.dumps(body)).outcome == "refused"
    assert "cannot be read" in reason(flow)


@pytest.mark.parametrize("body", ["", "{", "[]", '{"Records": []}', '{"token": 7}'])
def test_a_message_without_a_token_goes_to_the_dead_letters(flow: TuningFlow, body: str) -> None:
    with pytest.raises(InvalidRequest):
        flow.take(body)


def broken_off(body: str) -> str:
    """The event of an execution that was given this message."""
    event = sample("callback_broken_off")
    event["detail"]["input"] = body
    return json.dumps(event)


def test_work_that_was_broken_off_is_begun_again_although_its_message_is_gone(flow: TuningFlow) -> None:
    body = flow.tune()
    flow.take(body)
    flow.runs[0].kill()
    assert flow.take(broken_off(body)).outcome == "running"
    flow.machines.finish()
    assert_tuned(flow)


def test_an_execution_that_failed_after_it_told_so_is_not_begun_again(flow: TuningFlow) -> None:
    body = flow.tune()
    flow.always("PollTuningJob", KeyError("status"))
    assert flow.play(body).status == "FAILED"
    assert flow.take(broken_off(body)).outcome == "over"
    assert len(flow.runs) == 1


def test_an_answer_that_is_neither_taken_nor_refused_is_given_again() -> None:
    """The list of steps lags: whoever is told that nobody waits, and sees that somebody does, knows nothing yet."""

    class Lagging(MemoryCallbacks):
        def succeed(self, token: str, outputs: dict[str, str]) -> bool:
            return False

    steps = Lagging()
    message = read_message(json.loads(steps.wait(TOKEN, TUNE)))
    with pytest.raises(StoreUnavailable):
        Callbacks(steps).succeed(message, {})
    steps.steps[TOKEN].status = "Succeeded"
    assert Callbacks(steps).succeed(message, {}) == "done"
    steps.steps[TOKEN].status = "Stopped"
    assert Callbacks(steps).succeed(message, {}) == "nobody"


def test_a_failure_that_is_neither_taken_nor_refused_is_told_again() -> None:
    """Else the step would wait for days, and nobody would come back to it."""

    class Lagging(MemoryCallbacks):
        def fail(self, token: str, reason: str) -> bool:
            return False

    steps = Lagging()
    message = read_message(json.loads(steps.wait(TOKEN, TUNE)))
    with pytest.raises(StoreUnavailable):
        Callbacks(steps).fail(message, "No.")
    steps.steps[TOKEN].status = "Failed"
    Callbacks(steps).fail(message, "No.")


def test_a_step_that_is_not_listed_yet_waits() -> None:
    steps = MemoryCallbacks()
    message = read_message(json.loads(steps.wait(TOKEN, TUNE)))
    steps.steps.clear()
    assert Callbacks(steps).waits(message)
    steps.status = "Failed"
    assert not Callbacks(steps).waits(message)


def test_a_step_that_is_being_stopped_waits_to_hear_that_it_has_ended() -> None:
    steps = MemoryCallbacks()
    message = read_message(json.loads(steps.wait(TOKEN, TUNE)))
    steps.stop()
    steps.steps[TOKEN].status = "Stopping"
    assert Callbacks(steps).waits(message)
    assert not Callbacks(steps).wanted(message)


def test_an_execution_that_is_gone_waits_for_nothing() -> None:
    message = read_message(json.loads(MemoryCallbacks().wait(TOKEN, TUNE)) | {"pipelineExecutionArn": "arn:gone"})
    callbacks = Callbacks(MemoryCallbacks())
    assert not callbacks.waits(message)
    assert not callbacks.wanted(message)
    assert not callbacks.handed_over(message)


def test_while_sagemaker_does_not_answer_no_job_is_stopped() -> None:
    class Away(MemoryCallbacks):
        def run(self, execution: str) -> PipelineRun:
            raise StoreUnavailable("SageMaker did not answer.")

    away = Away()
    message = read_message(json.loads(away.wait(TOKEN, TUNE)))
    assert Callbacks(away).wanted(message)


def test_names_of_jobs_fit_bedrock() -> None:
    message = read_message(json.loads(MemoryCallbacks().wait(TOKEN, TUNE)))
    assert len(f"npcops-local-{job_name(message)}") <= 63
    assert job_name(message).replace("-", "").isalnum()


@pytest.mark.parametrize("error", sorted(FOUND))
def test_every_failure_that_machines_find_has_its_sentence(error: str) -> None:
    told = why(Failure(error, "7"))
    assert told.endswith((".", "7"))
    assert "{" not in told
    assert error not in told


def test_the_words_of_our_own_errors_are_told_and_those_of_others_are_not() -> None:
    cause = json.dumps({"errorMessage": "The data has 3 records.", "errorType": "TuningRefused"})
    assert why(Failure("TuningRefused", cause)) == "The data has 3 records."
    other = why(Failure("KeyError", json.dumps({"errorMessage": "'a line of a player'"})))
    assert "player" not in other
    assert "KeyError" in other
    assert "TuningRefused" in why(Failure("TuningRefused", "no JSON"))
    assert NoTunedModel.__name__ in why(Failure(NoTunedModel.__name__, cause))
