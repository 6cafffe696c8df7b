"""What tests of more than one kind need: AWS in process or embedded, the store, and stand-ins for the two models."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from moto.dynamodb.responses import DynamoHandler

from tests.resources import ENVIRONMENT, Resources, create

# Powertools reads these when it is imported.
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "npcops")
os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "npcops")
CLOUD_URL = os.environ.get("NPCOPS_TEST_CLOUD_URL")
CLOUDS = ("moto", "cloud") if CLOUD_URL else ("moto",)


@pytest.fixture(scope="module")
def aws_environment() -> Iterator[None]:
    """An AWS environment that leads nowhere: credentials of nobody, no profile, no endpoint."""
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def moto_resources(aws_environment: None) -> Iterator[Resources]:
    """Resources in moto, made once a module: tests keep apart by titles and players of their own."""

    @functools.cache
    def client(service: Any) -> Any:
        return boto3.client(service)

    turn, answer = threading.Lock(), DynamoHandler.call_action

    def answer_in_turn(self: DynamoHandler) -> Any:
        with turn:
            return answer(self)

    with mock_aws(), pytest.MonkeyPatch.context() as repaired:
        # DynamoDB decides each write by itself; moto looks and then writes, and threads come in between.
        repaired.setattr(DynamoHandler, "call_action", answer_in_turn)
        yield create(client)


@pytest.fixture(scope="module")
def cloud_resources(aws_environment: None) -> Resources:
    """Resources in the embedded cloud, over real HTTP."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 2}, s3={"addressing_style": "path"})

    @functools.cache
    def client(service: Any) -> Any:
        return boto3.client(service, endpoint_url=CLOUD_URL, config=config)

    return create(client)


@pytest.fixture(params=CLOUDS)
def resources(request: pytest.FixtureRequest) -> Resources:
    """Each AWS in turn, for contract tests."""
    found: Resources = request.getfixturevalue("cloud_resources" if request.param == "cloud" else "moto_resources")
    return found
