"""The release pipeline of the stage in CodePipeline."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient


@cache
def client() -> CodePipelineClient:
    """One client a process."""
    return boto3.client(
        "codepipeline",
        config=Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3}),
    )


class CodePipelineRelease:
    """`ReleasePipeline` on the pipeline of this name; empty where the stage has none.

    What is released stands in the stage's candidate parameter: the pipeline is told nothing, because it may be of a
    kind that takes no variables.
    """

    def __init__(self, client: Callable[[], CodePipelineClient], name: str) -> None:
        self._client, self._name = client, name

    def start(self, title: str, version: int, token: str) -> str:
        """See ReleasePipeline. `token` is of letters, digits and hyphens, at most 128 characters."""
        if not self._name:
            return ""
        try:
            started = self._client().start_pipeline_execution(name=self._name, clientRequestToken=token)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(
                f"The release pipeline was not started for version {version} of {title} ({type(error).__name__})."
            ) from None
        return started["pipelineExecutionId"]
