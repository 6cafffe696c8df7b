"""Pipelines and their executions, as the API has them."""

from __future__ import annotations

import time
from typing import Any

from local.identifiers import identifier
from local.sagemaker import definition, paging, steps
from local.sagemaker.engine import Engine
from local.sagemaker.errors import invalid, missing
from local.sagemaker.records import Execution, Pipeline, Started, StepRun
from local.sagemaker.store import Store

ID_LENGTH = 12
_UNSERVED = ("PipelineDefinitionS3Location", "SelectiveExecutionConfig", "PipelineVersionId", "PipelineVersionAlias")


class Pipelines:
    """Operations of the API; each takes a request that was checked and returns the answer. Raises SageMakerError."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store, self._engine = store, engine

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        """CreatePipeline."""
        _refuse_unserved(asked)
        name, now = asked["PipelineName"], time.time()
        if not asked.get("PipelineDefinition"):
            raise invalid("A pipeline has a PipelineDefinition.")
        definition.parse(asked["PipelineDefinition"])
        with self._store.change():
            found = self._store.find(Pipeline, name)
            if found and found.token != asked["ClientRequestToken"]:
                raise invalid(
                    "Pipeline names must be unique within an AWS account and region. "
                    f"Pipeline with name ({name}) already exists."
                )
            pipeline = found or Pipeline(
                name, asked["PipelineDefinition"], asked["RoleArn"], now, now, asked["ClientRequestToken"],
                asked.get("PipelineDisplayName", name), asked.get("PipelineDescription", ""),
            )  # fmt: skip
            self._store.put(name, pipeline)
        return {"PipelineArn": pipeline.arn}

    def update(self, asked: dict[str, Any]) -> dict[str, Any]:
        """UpdatePipeline. Executions that have begun go on with the definition that they began with."""
        _refuse_unserved(asked)
        text = asked.get("PipelineDefinition")
        if text:
            definition.parse(text)
        with self._store.change():
            pipeline = self._pipeline(asked["PipelineName"])
            pipeline.definition = text or pipeline.definition
            pipeline.role = asked.get("RoleArn", pipeline.role)
            pipeline.display_name = asked.get("PipelineDisplayName", pipeline.display_name)
            pipeline.description = asked.get("PipelineDescription", pipeline.description)
            pipeline.modified = time.time()
            self._store.put(pipeline.name, pipeline)
        return {"PipelineArn": pipeline.arn}

    def describe(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DescribePipeline."""
        _refuse_unserved(asked)
        pipeline = self._pipeline(asked["PipelineName"])
        ran = {} if pipeline.last_run is None else {"LastRunTime": pipeline.last_run}
        return {
            "PipelineArn": pipeline.arn,
            "PipelineName": pipeline.name,
            "PipelineDisplayName": pipeline.display_name,
            "PipelineDefinition": pipeline.definition,
            "PipelineDescription": pipeline.description,
            "RoleArn": pipeline.role,
            "PipelineStatus": "Active",
            "CreationTime": pipeline.created,
            "LastModifiedTime": pipeline.modified,
            **ran,
        }

    def delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DeletePipeline. Its executions stay, and go on."""
        with self._store.change():
            pipeline = self._pipeline(asked["PipelineName"])
            self._store.remove(Pipeline, pipeline.name)
        return {"PipelineArn": pipeline.arn}

    def start(self, asked: dict[str, Any]) -> dict[str, Any]:
        """StartPipelineExecution, once for a client's token."""
        _refuse_unserved(asked)
        with self._store.change():
            pipeline = self._pipeline(asked["PipelineName"])
            token = f"{pipeline.name}/{asked['ClientRequestToken']}"
            earlier = self._store.find(Started, token)
            if earlier:
                return {"PipelineExecutionArn": earlier.execution}
            now = pipeline.last_run = time.time()
            arn = f"{pipeline.arn}/execution/{identifier(ID_LENGTH)}"
            execution = Execution(
                arn, pipeline.name, pipeline.definition, asked.get("RoleArn", pipeline.role),
                _parameters(pipeline, asked.get("PipelineParameters", [])), now, now,
                display_name=asked.get("PipelineExecutionDisplayName", f"execution-{now * 1000:.0f}"),
                description=asked.get("PipelineExecutionDescription", ""),
            )  # fmt: skip
            self._store.put(token, Started(arn))
            self._store.put(pipeline.name, pipeline)
            self._engine.begin(execution)
        self._engine.advance(arn)
        return {"PipelineExecutionArn": arn}

    def describe_execution(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DescribePipelineExecution."""
        execution = self._execution(asked["PipelineExecutionArn"])
        failed = {"FailureReason": execution.failure} if execution.failure else {}
        described = {"PipelineExecutionDescription": execution.description} if execution.description else {}
        return {
            "PipelineArn": execution.pipeline_arn,
            "PipelineExecutionArn": execution.arn,
            "PipelineExecutionDisplayName": execution.display_name,
            "PipelineExecutionStatus": execution.status,
            "CreationTime": execution.started,
            "LastModifiedTime": execution.modified,
            **described,
            **failed,
        }

    def list_steps(self, asked: dict[str, Any]) -> dict[str, Any]:
        """ListPipelineExecutionSteps: those that have begun, the newest first unless asked otherwise."""
        if not asked.get("PipelineExecutionArn"):
            raise invalid("A PipelineExecutionArn is needed.")
        begun = list(self._execution(asked["PipelineExecutionArn"]).steps.values())
        if asked.get("SortOrder") != "Ascending":
            begun.reverse()
        page, following = paging.page(begun, asked)
        return {"PipelineExecutionSteps": [_step(run) for run in page], **following}

    def stop(self, asked: dict[str, Any]) -> dict[str, Any]:
        """StopPipelineExecution."""
        arn = self._execution(asked["PipelineExecutionArn"]).arn
        self._engine.stop(arn)
        return {"PipelineExecutionArn": arn}

    def succeed(self, asked: dict[str, Any]) -> dict[str, Any]:
        """SendPipelineExecutionStepSuccess."""
        outputs = {output["Name"]: output["Value"] for output in asked.get("OutputParameters", [])}
        arn = self._engine.answer(asked["CallbackToken"], asked.get("ClientRequestToken", ""), outputs, "")
        return {"PipelineExecutionArn": arn}

    def fail(self, asked: dict[str, Any]) -> dict[str, Any]:
        """SendPipelineExecutionStepFailure."""
        reason = asked.get("FailureReason", "")
        arn = self._engine.answer(asked["CallbackToken"], asked.get("ClientRequestToken", ""), None, reason)
        return {"PipelineExecutionArn": arn}

    def _pipeline(self, name: str) -> Pipeline:
        found = self._store.find(Pipeline, name.rpartition("/")[2])
        if found is None:
            raise missing(f"Pipeline '{name}' does not exist.")
        return found

    def _execution(self, arn: str) -> Execution:
        found = self._store.find(Execution, arn)
        if found is None:
            raise missing(f"Pipeline execution '{arn}' does not exist.")
        return found


def _parameters(pipeline: Pipeline, given: list[dict[str, str]]) -> dict[str, Any]:
    """The parameters' values. Raises SageMakerError for an unknown one, and for one that is not given."""
    known = definition.parse(pipeline.definition).parameters
    named = {pair["Name"]: pair["Value"] for pair in given}
    if unknown := sorted(set(named) - set(known)):
        raise invalid(f"The pipeline has no parameters {', '.join(unknown)}.")
    if needed := sorted(name for name, one in known.items() if one.default is None and name not in named):
        raise invalid(f"The pipeline's parameters {', '.join(needed)} have no default and were not given.")
    return {name: known[name].read(value) for name, value in named.items()}


def _step(run: StepRun) -> dict[str, Any]:
    ended = {} if run.ended is None else {"EndTime": run.ended}
    failed = {"FailureReason": run.failure} if run.failure else {}
    return {
        "StepName": run.name,
        "StartTime": run.started,
        **ended,
        "StepStatus": run.status,
        **failed,
        "Metadata": steps.metadata(run),
        "AttemptCount": run.attempts,
    }


def _refuse_unserved(asked: dict[str, Any]) -> None:
    if found := next((name for name in _UNSERVED if asked.get(name)), None):
        raise invalid(f"{found} is not served here.")
