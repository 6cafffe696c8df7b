"""What the control plane keeps: customization jobs, custom models, and what they can be called by.

Times are ISO 8601, UTC. `token` is the client's request token and `asked` a digest of the request that came with it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from local.identifiers import identifier
from local.services import ACCOUNT, REGION

FINE_TUNING, CONTINUED_PRE_TRAINING = "FINE_TUNING", "CONTINUED_PRE_TRAINING"
_ID_LETTERS = 12

JobStatus = Literal["InProgress", "Completed", "Failed", "Stopping", "Stopped"]


class Record(msgspec.Struct, kw_only=True):
    """What all have in common. `id` is the end of the ARN."""

    id: str
    arn: str
    name: str
    created: str
    token: str = ""
    asked: str = ""


class Job(Record, kw_only=True):
    """A customization job; `base` is the Bedrock id of the model that it starts from."""

    base: str
    type: str
    role: str
    model_name: str
    training: str
    validation: list[str]
    output: str
    hyperparameters: dict[str, str]
    tags: dict[str, str] = {}
    status: JobStatus = "InProgress"
    model_arn: str = ""
    failure: str = ""
    modified: str = ""
    ended: str = ""
    training_loss: float | None = None
    validation_loss: float | None = None


class CustomModel(Record, kw_only=True):
    """What a job has made; its adapter lies in the folder of the job, whose id it has."""

    base: str
    job: str


class Deployment(Record, kw_only=True):
    """A custom model that can be called on demand."""

    model: str
    description: str = ""
    status: Literal["Creating", "Active", "Failed"] = "Creating"
    failure: str = ""
    modified: str = ""


class Provisioned(Record, kw_only=True):
    """Model units that were bought for a custom model."""

    model: str
    units: int
    commitment: str = ""
    status: Literal["Creating", "InService", "Failed"] = "Creating"
    failure: str = ""
    modified: str = ""


def new_id() -> str:
    """The last part of a new ARN."""
    return identifier(_ID_LETTERS)


def arn(kind: str, *names: str) -> str:
    """The ARN of a resource of this account."""
    return f"arn:aws:bedrock:{REGION}:{ACCOUNT}:{'/'.join([kind, *names])}"


def foundation_arn(model_id: str) -> str:
    """The ARN of a base model, which is nobody's."""
    return f"arn:aws:bedrock:{REGION}::foundation-model/{model_id}"


def now() -> str:
    """This moment."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
