"""How the embedded cloud is made to know SageMaker, on stand-ins of its modules."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator import sagemaker_repairs
from local.emulator.sagemaker_repairs import PIPELINE, SERVICE_HEADER

PROPERTIES = {
    "PipelineName": "tune",
    "RoleArn": "arn:aws:iam::210987654321:role/pipeline",
    "PipelineDefinition": {"PipelineDefinitionBody": "{}"},
    "Tags": [],
}


class ClientError(Exception):
    pass


class ResourceNotFound(ClientError):
    pass


class FakeSageMaker:
    exceptions = SimpleNamespace(ClientError=ClientError, ResourceNotFound=ResourceNotFound)

    def __init__(self) -> None:
        self.pipelines: dict[str, dict[str, Any]] = {}

    def create_pipeline(self, **asked: Any) -> dict[str, str]:
        if asked["PipelineName"] in self.pipelines:
            raise ClientError("Pipeline names must be unique within an AWS account and region.")
        self.pipelines[asked["PipelineName"]] = asked
        return {"PipelineArn": "arn"}

    def update_pipeline(self, **asked: Any) -> dict[str, str]:
        if asked["PipelineName"] not in self.pipelines:
            raise ResourceNotFound
        self.pipelines[asked["PipelineName"]] = asked
        return {"PipelineArn": "arn"}

    def delete_pipeline(self, **asked: str) -> None:
        if self.pipelines.pop(asked["PipelineName"], None) is None:
            raise ResourceNotFound


def handlers(sagemaker: FakeSageMaker) -> dict[str, Any]:
    provisioners = SimpleNamespace(_RESOURCE_HANDLERS={}, _REPLACING_PROPERTIES={})
    sagemaker_repairs.deploy_pipelines(provisioners, lambda: sagemaker)
    assert provisioners._REPLACING_PROPERTIES == {PIPELINE: ("PipelineName",)}
    return dict(provisioners._RESOURCE_HANDLERS[PIPELINE])


def test_a_pipeline_is_made_whether_it_is_there_or_not() -> None:
    sagemaker = FakeSageMaker()
    known = handlers(sagemaker)
    for _ in range(2):
        assert known["create"]("TuningPipeline", PROPERTIES, "stack") == ("tune", {"Arn": "arn"})
    changed = {**PROPERTIES, "PipelineDefinition": {"PipelineDefinitionBody": '{"Steps": []}'}}
    known["update"]("tune", PROPERTIES, changed, "stack")
    assert sagemaker.pipelines["tune"]["PipelineDefinition"] == '{"Steps": []}'
    for _ in range(2):
        known["delete"]("tune", PROPERTIES)
    assert sagemaker.pipelines == {}
    known["update"]("tune", PROPERTIES, changed, "stack")
    assert set(sagemaker.pipelines) == {"tune"}


@pytest.mark.parametrize(
    "properties",
    [{**PROPERTIES, "Other": 1}, {**PROPERTIES, "PipelineDefinition": {"PipelineDefinitionS3Location": {}}}],
)
def test_what_is_not_known_of_a_pipeline_is_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=PIPELINE):
        handlers(FakeSageMaker())["create"]("TuningPipeline", properties, "stack")


@pytest.mark.parametrize(
    ("headers", "source", "allowed"),
    [
        ({SERVICE_HEADER: "sagemaker"}, "aws.sagemaker", True),
        ({SERVICE_HEADER: "sagemaker"}, "aws.s3", False),
        ({}, "aws.sagemaker", False),
    ],
)
def test_only_sagemaker_speaks_as_sagemaker(headers: dict[str, str], source: str, allowed: bool) -> None:
    heard: list[bool] = []
    eventbridge = SimpleNamespace()

    def put(data: dict[str, Any], allow_aws_source: bool = False) -> None:
        heard.append(allow_aws_source)

    async def handle(method: str, path: str, headers: dict[str, str], body: Any, query: Any) -> None:
        eventbridge._put_events({"Entries": [{"Source": source}]})

    eventbridge.handle_request, eventbridge._put_events = handle, put
    sagemaker_repairs.let_services_speak(eventbridge)
    with pytest.raises(StopIteration):
        eventbridge.handle_request("POST", "/", headers, b"", {}).send(None)
    eventbridge._put_events({"Entries": []}, allow_aws_source=True)
    assert heard == [allowed, True]
