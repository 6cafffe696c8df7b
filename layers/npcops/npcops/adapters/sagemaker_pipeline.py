"""The SageMaker pipeline: starting and stopping executions, looking at them, and answering their callback steps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import NotFound, StoreUnavailable
from npcops.tunings import PipelineRun, StepState

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

REASON_CHARACTERS = 256
# SageMaker tells so of what does not exist; for `describe_pipeline_execution` it is modelled, for others it is not.
ABSENT = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
# A callback step that waits no longer, and an execution that has ended, are told by sentences alone.
INVALID = "ValidationException"


@cache
def client() -> SageMakerClient:
    """One client a process."""
    retries: Any = {"mode": "standard", "total_max_attempts": 5}
    return boto3.client("sagemaker", config=Config(connect_timeout=2, read_timeout=20, retries=retries))


class SageMakerPipeline:
    """`TuningPipeline` on one pipeline."""

    def __init__(self, client: SageMakerClient, name: str) -> None:
        self._client, self._name = client, name

    def start(self, name: str, token: str, parameters: dict[str, str]) -> str:
        """See TuningPipeline. Events of the execution tell its description: the title."""
        try:
            with _available():
                started = self._client.start_pipeline_execution(
                    PipelineName=self._name,
                    PipelineExecutionDisplayName=name,
                    PipelineExecutionDescription=parameters.get("Title", ""),
                    PipelineParameters=[{"Name": key, "Value": value} for key, value in parameters.items()],
                    ClientRequestToken=token,
                )
        except NotFound:
            raise StoreUnavailable(f"SageMaker has no pipeline {self._name}.") from None
        return started["PipelineExecutionArn"]

    def run(self, execution: str) -> PipelineRun:
        """See TuningPipeline."""
        with _available():
            found = self._client.describe_pipeline_execution(PipelineExecutionArn=execution)
            pages = self._client.get_paginator("list_pipeline_execution_steps").paginate(
                PipelineExecutionArn=execution, SortOrder="Ascending"
            )
            steps: list[Any] = [step for page in pages for step in page["PipelineExecutionSteps"]]
        registered = [step.get("Metadata", {}).get("RegisterModel", {}).get("Arn", "") for step in steps]
        return PipelineRun(
            status=found["PipelineExecutionStatus"],
            steps=tuple(map(_step, steps)),
            failure=found.get("FailureReason", ""),
            package=next((arn for arn in registered if arn), ""),
        )

    def stop(self, execution: str) -> None:
        """See TuningPipeline."""
        with _available():
            try:
                self._client.stop_pipeline_execution(
                    PipelineExecutionArn=execution, ClientRequestToken=_token("stop", execution)
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in {*ABSENT, INVALID, "ConflictException"}:
                    raise

    def succeed(self, token: str, outputs: dict[str, str]) -> bool:
        """See TuningPipeline."""
        listed: Any = [{"Name": name, "Value": value} for name, value in outputs.items()]
        return self._told(
            lambda: self._client.send_pipeline_execution_step_success(
                CallbackToken=token, OutputParameters=listed, ClientRequestToken=_token("success", token)
            )
        )

    def fail(self, token: str, reason: str) -> bool:
        """See TuningPipeline."""
        return self._told(
            lambda: self._client.send_pipeline_execution_step_failure(
                CallbackToken=token,
                FailureReason=reason[:REASON_CHARACTERS],
                ClientRequestToken=_token("failure", token),
            )
        )

    def _told(self, tell: Any) -> bool:
        with _available():
            try:
                tell()
            except ClientError as error:
                if error.response["Error"]["Code"] not in {*ABSENT, INVALID, "ConflictException"}:
                    raise
                return False
        return True


@contextmanager
def _available() -> Iterator[None]:
    """Turn failures of the service into StoreUnavailable, and absence into NotFound."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ABSENT:
            raise NotFound("SageMaker has no such pipeline execution.") from None
        raise StoreUnavailable(f"SageMaker answered {code}.") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"SageMaker did not answer ({type(error).__name__}).") from None


def _step(told: Any) -> StepState:
    outputs = told.get("Metadata", {}).get("Callback", {}).get("OutputParameters", [])
    return StepState(
        name=told["StepName"],
        status=told["StepStatus"],
        started_at=_time(told.get("StartTime")),
        ended_at=_time(told.get("EndTime")),
        failure=told.get("FailureReason", ""),
        outputs={each["Name"]: each["Value"] for each in outputs},
    )


def _time(at: datetime | None) -> str:
    return at.isoformat(timespec="milliseconds") if at else ""


def _token(what: str, of: str) -> str:
    """The same for the same call, so that one that is sent again is known."""
    return hashlib.sha256(f"{what} {of}".encode()).hexdigest()
