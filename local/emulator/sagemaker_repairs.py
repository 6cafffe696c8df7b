"""Repairs for the SageMaker that runs beside MiniStack: its events reach the bus, and stacks may have its pipelines.

MiniStack 1.5.33 has no SageMaker. As AWS does, it lets nobody put events whose source is `aws.` something.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

PIPELINE = "AWS::SageMaker::Pipeline"
# The local SageMaker sends it with its events; functions do not.
SERVICE_HEADER = "x-npcops-service"
NAME_TAKEN = "Pipeline names must be unique"
_MEMBERS = ("PipelineName", "PipelineDisplayName", "PipelineDescription", "RoleArn", "ParallelismConfiguration")
_KNOWN = {*_MEMBERS, "PipelineDefinition", "Tags"}


def let_services_speak(eventbridge: Any) -> None:
    """Accept events from `aws.sagemaker` if it is the local SageMaker that puts them."""
    handle, put = eventbridge.handle_request, eventbridge._put_events
    speaker: ContextVar[str] = ContextVar("speaker", default="")

    async def handle_request(method: str, path: str, headers: dict[str, str], body: Any, query: Any) -> Any:
        spoken = speaker.set(headers.get(SERVICE_HEADER, ""))
        try:
            return await handle(method, path, headers, body, query)
        finally:
            speaker.reset(spoken)

    def put_events(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        sources = {str(entry.get("Source")) for entry in data.get("Entries", [])}
        own = bool(speaker.get()) and sources == {f"aws.{speaker.get()}"}
        return put(data, allow_aws_source=allow_aws_source or own)

    eventbridge.handle_request, eventbridge._put_events = handle_request, put_events


def deploy_pipelines(provisioners: Any, connect: Callable[[], Any] | None = None) -> None:
    """Let stacks have SageMaker pipelines, which are made in the local SageMaker by its API."""
    connected = connect or _client

    def create(_: str, properties: dict[str, Any], __: str) -> tuple[str, dict[str, str]]:
        sagemaker = connected()
        asked = _request(properties)
        try:
            arn = sagemaker.create_pipeline(**asked)["PipelineArn"]
        except sagemaker.exceptions.ClientError as error:
            # The cloud may have been killed before it kept what it had deployed.
            if NAME_TAKEN not in str(error):
                raise
            arn = sagemaker.update_pipeline(**asked)["PipelineArn"]
        return asked["PipelineName"], {"Arn": arn}

    def update(_: str, __: dict[str, Any], properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        sagemaker = connected()
        asked = _request(properties)
        try:
            return asked["PipelineName"], {"Arn": sagemaker.update_pipeline(**asked)["PipelineArn"]}
        except sagemaker.exceptions.ResourceNotFound:
            return create("", properties, stack)

    def delete(name: str, _: dict[str, Any]) -> None:
        sagemaker = connected()
        try:
            sagemaker.delete_pipeline(PipelineName=name)
        except sagemaker.exceptions.ResourceNotFound:
            return

    provisioners._RESOURCE_HANDLERS[PIPELINE] = {"create": create, "update": update, "delete": delete}
    provisioners._REPLACING_PROPERTIES[PIPELINE] = ("PipelineName",)


def _request(properties: dict[str, Any]) -> dict[str, Any]:
    body = properties.get("PipelineDefinition", {}).get("PipelineDefinitionBody")
    if not isinstance(body, str) or (unknown := set(properties) - _KNOWN):
        told = "has a PipelineDefinitionBody" if not isinstance(body, str) else f"has no {', '.join(sorted(unknown))}"
        raise ValueError(f"{PIPELINE} {told} here")
    return {**{name: properties[name] for name in _MEMBERS if name in properties}, "PipelineDefinition": body}


def _client() -> Any:
    import boto3

    session: Any = boto3.session.Session()
    return session.client("sagemaker", endpoint_url=os.environ["AWS_ENDPOINT_URL_SAGEMAKER"])
