"""The types of steps that are served: what each may have, what it gives to others, and what of it works here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.sagemaker import asked, conditions
from local.sagemaker.expressions import Key, is_expression

PROCESSING, CALLBACK, CONDITION = "Processing", "Callback", "Condition"
REGISTER, FAIL = "RegisterModel", "Fail"
COMMON = {"Name", "Type", "DisplayName", "Description", "DependsOn", "Arguments"}
MEMBERS = {
    PROCESSING: COMMON | {"RetryPolicies"},
    CALLBACK: COMMON | {"SqsQueueUrl", "OutputParameters"},
    CONDITION: COMMON,
    REGISTER: COMMON | {"RetryPolicies"},
    FAIL: COMMON,
}
OUTPUT_TYPES = {"String", "Integer", "Boolean", "Float"}
BRANCHES = ("IfSteps", "ElseSteps")
# Faults of AWS after which a step is tried again; on one machine they do not happen.
RETRIED = {
    "Step.SERVICE_FAULT",
    "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
}
RETRY_MEMBERS = {"ExceptionType", "IntervalSeconds", "BackoffRate", "MaxAttempts", "ExpireAfterMin"}
JOB = "/opt/ml/"


def problems(step: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a step as it is written, but for what it refers to."""
    kind = step.get("Type")
    if kind not in MEMBERS:
        yield f"steps of type {kind!r} are not served here"
        return
    for name in sorted(set(step) - MEMBERS[kind]):
        yield f"it has no member {name}"
    depends, arguments = step.get("DependsOn", []), step.get("Arguments")
    if not isinstance(depends, list) or not all(isinstance(name, str) for name in depends):
        yield "DependsOn is a list of names"
    if not isinstance(arguments, dict):
        yield "Arguments is an object"
        return
    yield from _OF_KIND[kind](step, arguments)
    yield from _of_retries(step.get("RetryPolicies", []))


def gives(step: dict[str, Any], path: tuple[Key, ...]) -> bool:
    """Whether others may refer to this property of the step."""
    kind = step["Type"]
    if kind == CALLBACK:
        outputs = {output["OutputName"] for output in step.get("OutputParameters", [])}
        return len(path) == 2 and path[0] == "OutputParameters" and path[1] in outputs
    if kind == CONDITION:
        return path == ("Outcome",)
    if kind == FAIL:
        return False
    shape = asked.answer_shape("DescribeProcessingJob" if kind == PROCESSING else "DescribeModelPackage")
    for key in path:
        if shape.type_name == "structure" and key in shape.members:
            shape = shape.members[key]
        elif shape.type_name == "list":
            shape = shape.member
        elif shape.type_name == "map" and isinstance(key, str):
            shape = shape.value
        else:
            return False
    return True


def _of_processing(_: dict[str, Any], arguments: dict[str, Any]) -> Iterator[str]:
    # The pipeline names the job.
    yield from _of_shape("CreateProcessingJob", {"ProcessingJobName": "x", **arguments})
    for given in _members(arguments, "ProcessingInputs"):
        found = given.get("S3Input")
        if not isinstance(found, dict) or "DatasetDefinition" in given or given.get("AppManaged"):
            yield "an input of a job comes from S3 here"
            continue
        for name, choice in (("S3DataType", "S3Prefix"), ("S3InputMode", "File"), ("S3CompressionType", "None")):
            if found.get(name, choice) != choice:
                yield f"{name} is {choice} here"
        yield from _of_folder(found)
    for given in _members(arguments.get("ProcessingOutputConfig", {}), "Outputs"):
        if not isinstance(given.get("S3Output"), dict) or given.get("AppManaged"):
            yield "an output of a job goes to S3 here"
        else:
            yield from _of_folder(given["S3Output"])
    if not arguments.get("AppSpecification", {}).get("ContainerEntrypoint"):
        yield "a job has a ContainerEntrypoint here, because no image is run"


def _of_folder(place: dict[str, Any]) -> Iterator[str]:
    path = place.get("LocalPath")
    if not isinstance(path, str) or not path.startswith(JOB) or ".." in path.split("/"):
        yield f"LocalPath is a folder below {JOB}"


def _of_callback(step: dict[str, Any], arguments: dict[str, Any]) -> Iterator[str]:
    if not (isinstance(step.get("SqsQueueUrl"), str) or is_expression(step.get("SqsQueueUrl"))):
        yield "it has an SqsQueueUrl"
    for name, value in arguments.items():
        if isinstance(value, (dict, list)) and not is_expression(value):
            yield f"the argument {name} is nested"
    for output in step.get("OutputParameters", []):
        if set(output) - {"OutputType"} != {"OutputName"} or output.get("OutputType", "String") not in OUTPUT_TYPES:
            yield "an output parameter has an OutputName and an OutputType"


def _of_condition(_: dict[str, Any], arguments: dict[str, Any]) -> Iterator[str]:
    for name in sorted(set(arguments) - {"Conditions", *BRANCHES}):
        yield f"its arguments have no member {name}"
    listed = arguments.get("Conditions")
    if not isinstance(listed, list) or not listed:
        yield "it has Conditions"
    for condition in listed if isinstance(listed, list) else []:
        yield from conditions.problems(condition)
    for name in BRANCHES:
        if not isinstance(arguments.get(name, []), list):
            yield f"{name} is a list of steps"


def _of_register(_: dict[str, Any], arguments: dict[str, Any]) -> Iterator[str]:
    if not arguments.get("ModelPackageGroupName"):
        yield "it has a ModelPackageGroupName"
    yield from _of_shape("CreateModelPackage", arguments)


def _of_fail(_: dict[str, Any], arguments: dict[str, Any]) -> Iterator[str]:
    message = arguments.get("ErrorMessage", "")
    if set(arguments) - {"ErrorMessage"} or not (isinstance(message, str) or is_expression(message)):
        yield "it has an ErrorMessage, a text"


def _of_retries(policies: Any) -> Iterator[str]:
    for policy in policies if isinstance(policies, list) else [policies]:
        types = policy.get("ExceptionType") if isinstance(policy, dict) else None
        if not isinstance(types, list) or not set(types) <= RETRIED or not set(policy) <= RETRY_MEMBERS:
            yield f"a retry policy has {', '.join(sorted(RETRY_MEMBERS))}"


def _of_shape(operation: str, arguments: dict[str, Any]) -> Iterator[str]:
    yield from asked.problems(asked.request_shape(operation), arguments, "Arguments", is_expression)


def _members(value: Any, name: str) -> list[dict[str, Any]]:
    listed = value.get(name, []) if isinstance(value, dict) else []
    return [member for member in listed if isinstance(member, dict)] if isinstance(listed, list) else []


_OF_KIND: dict[str, Callable[[dict[str, Any], dict[str, Any]], Iterator[str]]] = {
    PROCESSING: _of_processing,
    CALLBACK: _of_callback,
    CONDITION: _of_condition,
    REGISTER: _of_register,
    FAIL: _of_fail,
}
