"""The local SageMaker under test: served on a free port, asked by boto3, with a double of the cloud behind it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.local.cloud_double import CloudDouble, until

ROLE = "arn:aws:iam::210987654321:role/processing"
QUEUE = "http://127.0.0.1:4600/210987654321/callbacks"
MACHINE = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
UNDER_WAY = ("Executing", "Stopping")


def client_of(url: str) -> Any:
    return boto3.client(
        "sagemaker",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"total_max_attempts": 1}),
    )


@dataclass
class Bench:
    """A served SageMaker: its client, the cloud behind it, where its state is and where jobs write what they print."""

    client: Any
    cloud: CloudDouble
    folder: Path
    logs: Path

    def run(self, *steps: dict[str, Any], parameters: list[dict[str, Any]] | None = None, **given: str) -> str:
        """Make a pipeline of these steps and start it; returns the execution's ARN."""
        name = f"pipeline-{uuid.uuid4().hex[:8]}"
        self.client.create_pipeline(
            PipelineName=name, RoleArn=ROLE, PipelineDefinition=written(*steps, parameters=parameters)
        )
        pairs = [{"Name": key, "Value": value} for key, value in given.items()]
        return str(
            self.client.start_pipeline_execution(PipelineName=name, PipelineParameters=pairs)["PipelineExecutionArn"]
        )

    def status(self, arn: str) -> str:
        return str(self.client.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])

    def ended(self, arn: str) -> str:
        """Its status once it has ended."""
        return str(until(lambda: (found := self.status(arn)) not in UNDER_WAY and found))

    def steps(self, arn: str) -> dict[str, Any]:
        """Its steps by name, in the order in which they began."""
        pages = self.client.get_paginator("list_pipeline_execution_steps")
        found = pages.paginate(PipelineExecutionArn=arn, SortOrder="Ascending").build_full_result()
        return {step["StepName"]: step for step in found["PipelineExecutionSteps"]}

    def message(self, count: int = 1) -> dict[str, Any]:
        """The newest callback message, once there are so many."""
        until(lambda: len(self.cloud.messages) >= count)
        return self.cloud.messages[-1]


def written(*steps: dict[str, Any], parameters: list[dict[str, Any]] | None = None) -> str:
    return json.dumps({"Version": "2020-12-01", "Parameters": parameters or [], "Steps": list(steps)})


def callback(name: str, *outputs: str, depends: list[str] | None = None, **arguments: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "Callback",
        "SqsQueueUrl": QUEUE,
        "Arguments": arguments,
        "DependsOn": depends or [],
        "OutputParameters": [{"OutputName": output, "OutputType": "String"} for output in outputs],
    }


def condition(name: str, left: Any, then: list[Any], otherwise: list[Any], right: Any = "yes") -> dict[str, Any]:
    conditions = [{"Type": "Equals", "LeftValue": left, "RightValue": right}]
    return {
        "Name": name,
        "Type": "Condition",
        "Arguments": {"Conditions": conditions, "IfSteps": then, "ElseSteps": otherwise},
    }


def fail(name: str, message: Any = "It is not good enough.") -> dict[str, Any]:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}}


def register(name: str, **arguments: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "RegisterModel", "Arguments": {"ModelPackageGroupName": "models", **arguments}}


def processing(name: str, script: str, *words: str, seconds: int = 60, **more: Any) -> dict[str, Any]:
    """A job that runs a Python script from `s3://data/code/`, with `s3://data/in/` as input and `s3://data/out` as
    output; the script is put there by `with_script`.
    """
    inside = "/opt/ml/processing"
    output = {"S3Uri": "s3://data/out", "LocalPath": f"{inside}/out", "S3UploadMode": "EndOfJob"}
    return {
        "Name": name,
        "Type": "Processing",
        "Arguments": {
            "ProcessingResources": {"ClusterConfig": dict(MACHINE)},
            "AppSpecification": {
                "ImageUri": "image",
                "ContainerEntrypoint": ["python3", f"{inside}/code/{script}"],
                "ContainerArguments": [f"{inside}/in", f"{inside}/out", *words],
            },
            "RoleArn": ROLE,
            "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
            "ProcessingInputs": [_input("code"), _input("in")],
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
            **more,
        },
    }


def _input(name: str) -> dict[str, Any]:
    place = {"S3Uri": f"s3://data/{name}/", "LocalPath": f"/opt/ml/processing/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": {**place, "S3InputMode": "File"}}
