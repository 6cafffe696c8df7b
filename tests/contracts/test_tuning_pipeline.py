"""The contract of `TuningPipeline`: by the local SageMaker over HTTP, and by the stand-in of tests in memory."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from local.sagemaker.app import create_app
from npcops.adapters.sagemaker_pipeline import SageMakerPipeline, client
from npcops.errors import NotFound, StoreUnavailable
from npcops.tuning_ports import TuningPipeline
from tests.local.cloud_double import CloudDouble, until
from tests.local.conftest import cloud_environment
from tests.local.doubles import served
from tests.local.pipelined import ROLE, callback, client_of, register, written
from tests.tuning_runs import MemoryPipeline

ASK, WORD = "Ask", {"Get": "Steps.Ask.OutputParameters['Word']"}
GIVEN = {"Title": "saltmarrow", "Tuning": "t1"}


@dataclass
class Stand:
    """A pipeline that asks once, by a callback, and then registers a model; and the tokens by which it asked."""

    pipeline: TuningPipeline
    tokens: Callable[[], list[str]]

    def start(self, name: str = "t1") -> str:
        return self.pipeline.start(name, secrets.token_hex(32), GIVEN)

    def asked(self) -> tuple[str, str]:
        """A new execution, and the token by which it asks."""
        before = set(self.tokens())
        execution = self.start()
        (token,) = until(lambda: set(self.tokens()) - before)
        return execution, token

    def ended(self, execution: str) -> str:
        return str(
            until(lambda: (found := self.pipeline.run(execution).status) not in ("Executing", "Stopping") and found)
        )


def in_memory() -> Stand:
    pipeline = MemoryPipeline(ASK)
    return Stand(pipeline, lambda: list(pipeline.waiting))


def over_http(stack: ExitStack, folder: Path, environment: pytest.MonkeyPatch) -> Stand:
    cloud = CloudDouble()
    for name, value in cloud_environment(stack.enter_context(served(cloud.app()))).items():
        environment.setenv(name, value)
    sagemaker = client_of(stack.enter_context(served(create_app(folder / "sagemaker", folder / "logs"))))
    sagemaker.create_model_package_group(ModelPackageGroupName="models")
    package = register(
        "Register", CustomerMetadataProperties={"word": WORD}, ModelApprovalStatus="PendingManualApproval"
    )
    parameters = [{"Name": name, "Type": "String"} for name in GIVEN]
    definition = written(callback(ASK, "Word"), package, parameters=parameters)
    sagemaker.create_pipeline(PipelineName="tune", RoleArn=ROLE, PipelineDefinition=definition)
    return Stand(SageMakerPipeline(sagemaker, "tune"), lambda: [message["token"] for message in cloud.messages])


@pytest.fixture(params=["memory", "http"])
def stand(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    with ExitStack() as stack:
        yield in_memory() if request.param == "memory" else over_http(stack, tmp_path, monkeypatch)


def test_a_token_starts_one_execution(stand: Stand) -> None:
    token, other = secrets.token_hex(32), secrets.token_hex(32)
    first = stand.pipeline.start("t1", token, GIVEN)
    assert stand.pipeline.start("t1", token, GIVEN) == first
    assert stand.pipeline.start("t1", other, GIVEN) != first
    assert stand.pipeline.run(first).status == "Executing"


def test_a_step_that_is_answered_goes_on_and_tells_what_it_was_told(stand: Stand) -> None:
    execution, token = stand.asked()
    assert [step.status for step in stand.pipeline.run(execution).steps] == ["Executing"]
    assert stand.pipeline.succeed(token, {"Word": "tide"})
    assert stand.ended(execution) == "Succeeded"
    run = stand.pipeline.run(execution)
    assert (run.steps[0].name, run.steps[0].status, run.steps[0].outputs) == (ASK, "Succeeded", {"Word": "tide"})
    assert ":model-package/" in run.package
    assert run.package.rpartition("/")[2].isdecimal()


def test_a_step_that_failed_tells_why(stand: Stand) -> None:
    execution, token = stand.asked()
    assert stand.pipeline.fail(token, "No quota." + "x" * 400)
    assert stand.ended(execution) == "Failed"
    run = stand.pipeline.run(execution)
    assert (run.steps[0].status, run.steps[0].failure) == ("Failed", ("No quota." + "x" * 400)[:256])
    assert run.failure
    assert run.package == ""


def test_a_token_is_answered_once(stand: Stand) -> None:
    execution, token = stand.asked()
    assert stand.pipeline.fail(token, "No.")
    assert not stand.pipeline.succeed(token, {"Word": "late"})
    assert stand.ended(execution) == "Failed"
    assert not stand.pipeline.succeed("0123456789", {"Word": "who"})
    assert not stand.pipeline.fail("0123456789", "Who?")


def test_an_execution_is_stopped_and_one_that_has_ended_stays_as_it_is(stand: Stand) -> None:
    execution, _ = stand.asked()
    stand.pipeline.stop(execution)
    assert stand.pipeline.run(execution).status in ("Stopping", "Stopped")
    stand.pipeline.stop(execution)
    ended, token = stand.asked()
    stand.pipeline.fail(token, "No.")
    assert stand.ended(ended) == "Failed"
    stand.pipeline.stop(ended)
    assert stand.pipeline.run(ended).status == "Failed"


def test_what_was_never_started_is_not_found(stand: Stand) -> None:
    execution = stand.start()
    with pytest.raises(NotFound):
        stand.pipeline.run(execution.rpartition("/")[0] + "/0123456789ab")


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "ConflictException", "ResourceLimitExceeded", "ResourceNotFound"]
)
def test_what_may_pass_is_tried_again_later(aws_environment: None, code: str) -> None:
    sagemaker = client()
    with Stubber(sagemaker) as stubber:
        stubber.add_client_error("start_pipeline_execution", code)
        with pytest.raises(StoreUnavailable, match="SageMaker"):
            SageMakerPipeline(sagemaker, "tune").start("t1", secrets.token_hex(32), GIVEN)


def test_steps_come_from_all_pages(aws_environment: None) -> None:
    sagemaker, execution = client(), "arn:aws:sagemaker:us-east-1:123456789012:pipeline/tune/execution/abc"
    pages: list[dict[str, Any]] = [
        {"PipelineExecutionSteps": [{"StepName": "Preprocess", "StepStatus": "Succeeded"}], "NextToken": "more"},
        {"PipelineExecutionSteps": [{"StepName": "Tune", "StepStatus": "Executing"}]},
    ]
    with Stubber(sagemaker) as stubber:
        stubber.add_response("describe_pipeline_execution", {"PipelineExecutionStatus": "Executing"})
        for page in pages:
            stubber.add_response("list_pipeline_execution_steps", page)
        run = SageMakerPipeline(sagemaker, "tune").run(execution)
    assert [step.name for step in run.steps] == ["Preprocess", "Tune"]
