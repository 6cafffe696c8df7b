"""What the tests of the local Bedrock and SageMaker share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from local.bedrock.app import create_app
from local.sagemaker.app import create_app as create_sagemaker
from tests.local import pipelined
from tests.local.cloud_double import CloudDouble
from tests.local.doubles import FakeModels, ScriptedChat, client_of, served


@pytest.fixture
def bedrock() -> Iterator[Callable[[ScriptedChat], Any]]:
    """Serves a scripted chat model and returns a client for it."""
    with ExitStack() as stack:

        def start(chat: ScriptedChat) -> Any:
            return client_of(stack.enter_context(served(create_app(FakeModels(chat)))))

        yield start


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudDouble]:
    """A double of the embedded cloud, which this process's environment names."""
    double = CloudDouble()
    with served(double.app()) as url:
        for name, value in cloud_environment(url).items():
            monkeypatch.setenv(name, value)
        yield double


@pytest.fixture
def bench(cloud: CloudDouble, tmp_path: Path) -> Iterator[pipelined.Bench]:
    """A local SageMaker with that cloud behind it."""
    folder, logs = tmp_path / "sagemaker", tmp_path / "logs"
    with served(create_sagemaker(folder, logs)) as url:
        yield pipelined.Bench(pipelined.client_of(url), cloud, folder, logs)


def cloud_environment(url: str) -> dict[str, str]:
    """What finds the cloud at `url`, and nothing else."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", **dict.fromkeys(names, "local")}
