"""Typed values of tuning: what is asked for, a run of the pipeline, what its steps pass on, jobs and deployments."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from npcops.dialogue import NpcName

TuningType = Literal["fine-tuning", "continued-pre-training"]
Throughput = Literal["on-demand", "provisioned"]
TuningState = Literal["proposed", "waiting", "running", "registered", "failed", "stopped"]
"""`proposed` by the watch over drift; `waiting` for its data; `registered` and waiting for a person's approval."""
JobStatus = Literal["InProgress", "Completed", "Failed", "Stopping", "Stopped"]
Readiness = Literal["creating", "ready", "failed", "gone"]
DatasetName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
ModelId = Annotated[str, msgspec.Meta(max_length=200)]


class TuningRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/tunings`.

    `npcs` are those who will speak by the model (none: all of the title). Of data that names speakers only the lines of
    `speakers` are learned (none: those of `npcs`, by id or name; without these everybody's). `base` is the id of the
    model to be tuned (empty: the stage's TUNING_BASE_MODEL); `hyperparameters` stand in the place of its recipe's.
    """

    dataset: DatasetName
    npcs: Annotated[tuple[NpcName, ...], msgspec.Meta(max_length=100)] = ()
    speakers: Annotated[tuple[str, ...], msgspec.Meta(max_length=100)] = ()
    base: ModelId = ""
    type: TuningType = "fine-tuning"
    throughput: Throughput | None = None
    hyperparameters: dict[str, str] = {}
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Tuning(msgspec.Struct, frozen=True):
    """What the table keeps of a run. Times are ISO 8601, UTC; `key` and `object_version` are those of its data.

    What steps have found out is filled in as they end. `model` is `<base>@<ARN of the deployment>`, by which turns call
    it; `package` the ARN of the registered model package, `version` its number in the title's group (0: none yet).
    `revision` counts changes, for conditional writes.
    """

    title: str
    id: str
    requested_by: str
    requested_at: str
    request: TuningRequest
    state: TuningState = "waiting"
    key: str = ""
    object_version: str = ""
    execution: str = ""
    job: str = ""
    custom_model: str = ""
    deployment: str = ""
    model: str = ""
    training_loss: float | None = None
    validation_loss: float | None = None
    evaluation: str = ""
    outcome: str = ""
    package: str = ""
    version: int = 0
    failure: str = ""
    ended_at: str = ""
    revision: int = 0


class TrainingUploaded(msgspec.Struct, frozen=True):
    """That an object was put into the training bucket. `key` is decoded; `version` tells versions of the object apart
    (the version id, or, where the bucket has none, entity tag and sequencer); `at` is ISO 8601.
    """

    bucket: str
    key: str
    version: str
    at: str
    size: int = 0


class StepState(msgspec.Struct, frozen=True):
    """A step of a pipeline execution, as SageMaker tells it (`Executing`, `Succeeded`, `Failed`, ...).

    `outputs` are what a callback step was told.
    """

    name: str
    status: str
    started_at: str = ""
    ended_at: str = ""
    failure: str = ""
    outputs: dict[str, str] = {}


class PipelineRun(msgspec.Struct, frozen=True):
    """A pipeline execution: SageMaker's status (`Executing`, `Stopping`, `Stopped`, `Failed`, `Succeeded`) and steps,
    in the order in which they began. `package` is the ARN of the model package that it has registered.
    """

    status: str
    steps: tuple[StepState, ...]
    failure: str = ""
    package: str = ""


class CallbackMessage(msgspec.Struct, frozen=True):
    """What a callback step of the pipeline puts into the queue. `arguments` are those of the step's definition.

    It comes once more, with status `Stopping`, if the pipeline is stopped while the step waits.
    """

    token: str
    arguments: dict[str, str]
    execution: str = msgspec.field(name="pipelineExecutionArn", default="")
    status: str = ""


class TuningJob(msgspec.Struct, frozen=True):
    """A model customization job to be started.

    `name` is one that the same run makes again, so that a repeated start is known; locations are `s3://` URIs.
    """

    name: str
    model_name: str
    base: str
    type: TuningType
    training: str
    validation: str
    output: str
    hyperparameters: dict[str, str]
    tags: dict[str, str] = {}


class JobState(msgspec.Struct, frozen=True):
    """How a customization job stands. `failure` is Bedrock's own message; empty where it gives none."""

    status: JobStatus
    custom_model: str = ""
    failure: str = ""
    training_loss: float | None = None
    validation_loss: float | None = None


class Deployment(msgspec.Struct, frozen=True):
    """Throughput for a custom model: a deployment on demand, or provisioned units. `arn` is what turns call."""

    arn: str
    readiness: Readiness
    kind: Throughput
    name: str = ""
    custom_model: str = ""
    created_at: str = ""
    failure: str = ""


class LossPoint(msgspec.Struct, frozen=True):
    """The loss at a step of training; None where it was not measured."""

    step: int
    epoch: float
    training: float | None = None
    validation: float | None = None


class DataReport(msgspec.Struct, frozen=True):
    """What preprocessing made of a dataset: what came, what was dropped and why (counts by reason), and the split.

    `examples` counts records by part (`train`, `validation`, `heldout`); `notes` are sentences for a reader.
    """

    format: str
    family: str
    read: int
    dropped: dict[str, int]
    examples: dict[str, int]
    conversations: dict[str, int]
    characters: int
    longest: int
    speakers: dict[str, int]
    notes: tuple[str, ...] = ()
