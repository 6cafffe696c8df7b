"""What the steps of an execution do: their arguments as they are now, and what others may know of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.sagemaker import asked, conditions, definition, registry
from local.sagemaker.definition import Step
from local.sagemaker.errors import SageMakerError, StepFailed, invalid
from local.sagemaker.expressions import Key, Scope, evaluate, walk
from local.sagemaker.records import Execution, StepRun
from local.sagemaker.registry import Registry
from local.sagemaker.step_kinds import CALLBACK, CONDITION, FAIL, PROCESSING, REGISTER
from local.services import ACCOUNT, REGION

_READ: dict[str, Any] = {
    "String": str,
    "Integer": int,
    "Float": float,
    "Boolean": {"true": True, "false": False}.__getitem__,
}


def outcome(execution: Execution, step: Step) -> bool:
    """Whether all conditions of a Condition step hold. Raises StepFailed."""
    scope = _scope(execution)
    return all(conditions.holds(one, lambda value: evaluate(value, scope)) for one in step.arguments["Conditions"])


def failure(execution: Execution, step: Step) -> str:
    """The message of a Fail step. Raises StepFailed."""
    return str(evaluate(step.arguments.get("ErrorMessage", ""), _scope(execution)))


def queue(execution: Execution, step: Step) -> str:
    """The URL of a Callback step's queue. Raises StepFailed."""
    return str(evaluate(step.body["SqsQueueUrl"], _scope(execution)))


def message(execution: Execution, step: Step, run: StepRun) -> dict[str, Any]:
    """What is put into the queue of a Callback step. Raises StepFailed."""
    return {
        "token": run.token,
        "pipelineExecutionArn": execution.arn,
        "arguments": evaluate(step.arguments, _scope(execution)),
        "status": run.status,
    }


def job(execution: Execution, step: Step, name: str) -> dict[str, Any]:
    """The description of a Processing step's job, its arguments among them. Raises StepFailed."""
    arguments = _arguments(execution, step)
    _check("CreateProcessingJob", {"ProcessingJobName": name, **arguments})
    return {
        **arguments,
        "ProcessingJobName": name,
        "ProcessingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/{name}",
        "ProcessingJobStatus": "InProgress",
    }


def register(execution: Execution, step: Step, models: Registry) -> dict[str, Any]:
    """The description of the package that a RegisterModel step makes. Raises StepFailed."""
    arguments = _arguments(execution, step)
    _check("CreateModelPackage", arguments)
    arguments["MetadataProperties"] = {"GeneratedBy": execution.arn, **arguments.get("MetadataProperties", {})}
    try:
        package = models.add(models.ensure_group(arguments["ModelPackageGroupName"]), arguments)
    except SageMakerError as error:
        raise StepFailed(f"ClientError: {error.message}") from None
    return registry.description(package)


def typed_outputs(outputs: dict[str, str], declared: list[dict[str, str]]) -> dict[str, Any]:
    """The outputs of a callback, of the types that the step declares. Raises SageMakerError for undeclared ones."""
    types = {output["OutputName"]: output.get("OutputType", "String") for output in declared}
    if undeclared := sorted(set(outputs) - set(types)):
        raise invalid(f"The step has no output parameters {', '.join(undeclared)}.")
    try:
        return {name: _READ[types[name]](value) for name, value in outputs.items()}
    except (KeyError, ValueError):
        raise invalid("An output parameter is not of the type that the step declares.") from None


def metadata(run: StepRun) -> dict[str, Any]:
    """What ListPipelineExecutionSteps tells of a step, by its type."""
    if run.type == PROCESSING and run.job:
        return {"ProcessingJob": {"Arn": run.properties["ProcessingJobArn"]}} if run.properties else {}
    if run.type == CALLBACK and run.token:
        outputs = run.properties.get("OutputParameters", {})
        given = [{"Name": name, "Value": _plain(value)} for name, value in outputs.items()]
        return {"Callback": {"CallbackToken": run.token, "SqsQueueUrl": run.queue, "OutputParameters": given}}
    if run.type == CONDITION and run.properties:
        return {"Condition": {"Outcome": run.properties["Outcome"]}}
    if run.type == REGISTER and run.properties:
        return {"RegisterModel": {"Arn": run.properties["ModelPackageArn"]}}
    if run.type == FAIL and run.failure:
        return {"Fail": {"ErrorMessage": run.failure}}
    return {}


def _arguments(execution: Execution, step: Step) -> dict[str, Any]:
    found: dict[str, Any] = evaluate(step.arguments, _scope(execution))
    return found


def _check(operation: str, arguments: dict[str, Any]) -> None:
    try:
        asked.check(asked.request_shape(operation), arguments)
    except SageMakerError as error:
        raise StepFailed(f"ClientError: {error.message}") from None


def _scope(execution: Execution) -> Scope:
    def properties(name: str, path: tuple[Key, ...]) -> Any:
        try:
            return walk(execution.steps[name].properties, path)
        except KeyError:
            raise StepFailed(f"ClientError: step {name} gave no {'.'.join(map(str, path))}.") from None

    defaults = definition.parse(execution.definition).parameters
    variables = {
        "StartDateTime": _iso(execution.started),
        "CurrentDateTime": _iso(datetime.now(UTC).timestamp()),
        "PipelineName": execution.pipeline,
        "PipelineArn": execution.pipeline_arn,
        "PipelineExecutionId": execution.id,
        "PipelineExecutionArn": execution.arn,
    }
    parameters = {name: execution.parameters.get(name, parameter.default) for name, parameter in defaults.items()}
    return Scope(parameters, variables, properties)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
