"""The events that SageMaker puts on an account's default bus, in the shapes of its developer guide."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from local.sagemaker.records import Delivery, Execution, Package, StepRun

SOURCE = "aws.sagemaker"
EXECUTION_CHANGED = "SageMaker Model Building Pipeline Execution Status Change"
STEP_CHANGED = "SageMaker Model Building Pipeline Execution Step Status Change"
PACKAGE_CHANGED = "SageMaker Model Package State Change"


def iso(seconds: float) -> str:
    """A time as events have it: UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def of_execution(execution: Execution, before: str) -> Delivery:
    """That an execution has another status; `before` is empty for one that just began."""
    ended = {} if execution.status in ("Executing", "Stopping") else {"executionEndTime": iso(execution.modified)}
    described = {"pipelineExecutionDescription": execution.description} if execution.description else {}
    return _event(
        EXECUTION_CHANGED,
        [execution.pipeline_arn, execution.arn],
        {
            "pipelineExecutionDisplayName": execution.display_name,
            "currentPipelineExecutionStatus": execution.status,
            **({"previousPipelineExecutionStatus": before} if before else {}),
            "executionStartTime": iso(execution.started),
            **ended,
            **described,
            "pipelineArn": execution.pipeline_arn,
            "pipelineExecutionArn": execution.arn,
        },
    )


def of_step(execution: Execution, step: StepRun, metadata: dict[str, Any], before: str) -> Delivery:
    """That a step has another status."""
    ended = {} if step.ended is None else {"stepEndTime": iso(step.ended)}
    failed = {"failureReason": step.failure} if step.failure else {}
    return _event(
        STEP_CHANGED,
        [execution.pipeline_arn, execution.arn],
        {
            "metadata": {
                _lower(name): {_lower(key): value for key, value in of.items()} for name, of in metadata.items()
            },
            "stepStartTime": iso(step.started),
            **ended,
            "stepName": step.name,
            "stepType": step.type,
            **({"previousStepStatus": before} if before else {}),
            "currentStepStatus": step.status,
            **failed,
            "pipelineArn": execution.pipeline_arn,
            "pipelineExecutionArn": execution.arn,
        },
    )


def of_package(package: Package, description: dict[str, Any]) -> Delivery:
    """That a model package was made or changed; the detail is its description."""
    times = ("CreationTime", "LastModifiedTime")
    detail = {name: iso(value) if name in times else value for name, value in description.items()}
    return _event(PACKAGE_CHANGED, [package.arn], detail)


def _event(kind: str, resources: list[str], detail: dict[str, Any]) -> Delivery:
    entry = {"Source": SOURCE, "DetailType": kind, "Resources": resources, "Detail": json.dumps(detail)}
    return Delivery("event", entry)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
