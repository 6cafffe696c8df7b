"""What is kept of pipelines, their executions and the model registry. Times are seconds since the epoch."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from local.services import ACCOUNT, REGION

EXECUTING, STOPPING, STOPPED = "Executing", "Stopping", "Stopped"
FAILED, SUCCEEDED = "Failed", "Succeeded"
UNDER_WAY = (EXECUTING, STOPPING)
PENDING = "PendingManualApproval"


class Pipeline(msgspec.Struct):
    """A pipeline; `definition` is its text, and `token` the client's by which it was made."""

    name: str
    definition: str
    role: str
    created: float
    modified: float
    token: str = ""
    display_name: str = ""
    description: str = ""
    last_run: float | None = None

    @property
    def arn(self) -> str:
        """Its ARN, as on AWS."""
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/{self.name}"


class StepRun(msgspec.Struct):
    """A step that has begun. `properties` is what other steps may refer to; `job` names a Processing step's job and
    `token` is a Callback step's.
    """

    name: str
    type: str
    started: float
    status: str = EXECUTING
    ended: float | None = None
    failure: str = ""
    attempts: int = 1
    properties: dict[str, Any] = {}
    job: str = ""
    token: str = ""
    queue: str = ""


class Execution(msgspec.Struct):
    """An execution, with the definition that it began with; `steps` are in the order in which they began."""

    arn: str
    pipeline: str
    definition: str
    role: str
    parameters: dict[str, Any]
    started: float
    modified: float
    status: str = EXECUTING
    display_name: str = ""
    description: str = ""
    failure: str = ""
    steps: dict[str, StepRun] = {}

    @property
    def pipeline_arn(self) -> str:
        """The ARN of its pipeline."""
        return self.arn.rpartition("/execution/")[0]

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]


class Started(msgspec.Struct):
    """Which execution a client's token began."""

    execution: str


class Callback(msgspec.Struct):
    """Which step a callback token belongs to, and the token of the client who answered it."""

    execution: str
    step: str
    answered_by: str = ""


class Group(msgspec.Struct):
    """A group of model packages; `versions` counts those it ever had."""

    name: str
    created: float
    description: str = ""
    versions: int = 0

    @property
    def arn(self) -> str:
        """Its ARN, as on AWS."""
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/{self.name}"


class Package(msgspec.Struct):
    """A model package: a version of its group. `fields` are the members of its description as they were given."""

    group: str
    version: int
    created: float
    modified: float
    fields: dict[str, Any]
    approval: str = PENDING
    token: str = ""

    @property
    def arn(self) -> str:
        """Its ARN, as on AWS."""
        return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{self.group}/{self.version}"


class Delivery(msgspec.Struct):
    """What the embedded cloud is still to be told: an entry for PutEvents, or a message for a step's queue."""

    kind: Literal["event", "message"]
    content: dict[str, Any]
    queue: str = ""
    execution: str = ""
    step: str = ""
