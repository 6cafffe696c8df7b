"""The running stage that the system tests question: its API, its tokens and its bucket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest

from npc import stages, tokens, uploads
from npc.client import Api
from npc.errors import CliError, NotReachable

SCOPES = ("studio", "server", "player")


@dataclass(frozen=True)
class RunningStage:
    """A deployed stage under test. `title` is a title of the tests' own, empty at first (local stage only)."""

    stage: stages.Stage
    title: str

    @property
    def api_url(self) -> str:
        """Where the API is; ends before `/v1`."""
        return self.stage.api_url

    @property
    def bucket(self) -> str:
        """The bucket of lore files."""
        return self.stage.outputs["LoreBucketName"]

    def token(self, scope: str, player: str = "system-test", title: str | None = None) -> str:
        """A token with one scope."""
        return stages.token(self.stage.name, (scope,), title or self.title, player)

    def api(self, scope: str = "studio", player: str = "system-test", title: str | None = None) -> Api:
        """The API as the command line uses it: failures are `npc.errors.Refused`."""
        return Api(self.api_url, self.token(scope, player, title))

    def http(self, token: str | None) -> httpx.Client:
        """Plain HTTP, for tests of refusals and headers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.api_url, headers=headers, timeout=60, trust_env=self.stage.name != "local")

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud that the stage runs in."""
        if self.stage.name != stages.LOCAL:
            return boto3.client(service)
        from local import deploy, layout, state

        return deploy.client(state.load(layout.current()), service)

    def document(self, path: str) -> dict[str, Any] | None:
        """A document's state as the API tells it; None if it is unknown."""
        documents, _ = uploads.listing(self.api())
        return documents.get(path)

    def put_lore(self, path: str, text: str | bytes) -> str:
        """Put a lore file into the bucket as any S3 tool would; returns its ETag."""
        body = text.encode() if isinstance(text, str) else text
        answer = self.client("s3").put_object(Bucket=self.bucket, Key=f"lore/{self.title}/{path}", Body=body)
        return str(answer["ETag"]).strip('"')

    def wait_for_lore(self, path: str, etag: str, seconds: float = 90) -> dict[str, Any]:
        """The document's state once the file with this ETag was hydrated or found unreadable."""

        def ended() -> dict[str, Any] | None:
            document = self.document(path)
            done = document and document["status"] in ("ready", "failed") and document["etag"] == etag
            return document if done else None

        return eventually(ended, seconds)


def eventually(check: Callable[[], Any], seconds: float = 60) -> Any:
    """The first truthy value of `check()`, asked again and again. Raises AssertionError when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.3)
    return found


@pytest.fixture(scope="session")
def world() -> RunningStage:
    """The stage with the sample world, for reading only. Skips without a stage, unless NPCOPS_REQUIRE_STAGE=1."""
    name = os.environ.get("NPCOPS_STAGE", stages.LOCAL)
    try:
        stage = stages.find(name)
        httpx.get(f"{stage.api_url}/v1/lore", timeout=30, trust_env=name != stages.LOCAL)
        token = stages.token(name, ("studio",), stages.local_title() if name == stages.LOCAL else "", "system-test")
    except (CliError, NotReachable, httpx.TransportError) as error:
        if os.environ.get("NPCOPS_REQUIRE_STAGE") == "1":
            raise
        pytest.skip(f"no stage to question: {error} (`make run` starts one)")
    return RunningStage(stage, str(tokens.claims(token)["title"]))


@pytest.fixture
def own_title(world: RunningStage) -> Iterator[RunningStage]:
    """The stage with an empty title of this test's own; its lore is removed afterwards. Local stage only."""
    if world.stage.name != stages.LOCAL:
        pytest.skip("only the local stage signs tokens for new titles")
    mine = RunningStage(world.stage, f"test-{uuid4().hex[:10]}")
    yield mine
    bucket = mine.client("s3")
    for found in bucket.list_objects_v2(Bucket=mine.bucket, Prefix=f"lore/{mine.title}/").get("Contents", []):
        bucket.delete_object(Bucket=mine.bucket, Key=found["Key"])
