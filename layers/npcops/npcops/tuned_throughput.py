"""Use cases: buy throughput for a tuned model, look whether it can be called, and give back what is not needed."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from npcops.errors import NotFound
from npcops.tuning_callbacks import EVALUATE, Callbacks, job_name, run_of
from npcops.tuning_jobs import tags
from npcops.tuning_ports import CustomModels, TuningStore
from npcops.tunings import CallbackMessage, Readiness


class Deployed(msgspec.Struct, frozen=True):
    """What was bought: the ARN, and the model as turns name it."""

    deployment: str
    model: str


class PolledDeployment(msgspec.Struct, frozen=True):
    """Whether it can be called."""

    readiness: Readiness
    failure: str = ""


class Freed(msgspec.Struct, frozen=True):
    """What was deleted, and whether nothing was to be deleted because the pipeline has gone on with it."""

    deployments: tuple[str, ...] = ()
    handed_over: bool = False


class DeployTunedModel:
    """Buys throughput: a deployment on demand, or provisioned units."""

    def __init__(self, tunings: TuningStore, models: CustomModels, stage: str) -> None:
        self._tunings, self._models, self._stage = tunings, models, stage

    def __call__(self, message: CallbackMessage, custom_model: str) -> Deployed:
        """Once for each message. Raises TuningRefused, NotFound and StoreUnavailable."""
        title, tuning = run_of(message)
        kind = message.arguments["Throughput"]
        arn = self._models.deploy(job_name(message), custom_model, kind, tags(self._stage, title, tuning))
        model = f"{message.arguments['BaseModel']}@{arn}"
        self._tunings.change(title, tuning, deployment=arn, model=model)
        return Deployed(arn, model)


class PollDeployment:
    """Looks at throughput."""

    def __init__(self, models: CustomModels) -> None:
        self._models = models

    def __call__(self, deployment: str) -> PolledDeployment:
        """Raises StoreUnavailable."""
        found = self._models.deployment(deployment)
        return PolledDeployment(found.readiness, found.failure)


class FreeThroughput:
    """Leaves nothing behind of a step that did not come to its end: no job that runs, nothing that is paid for.

    It goes by names, because whoever bought something may have died before it was written down.
    """

    def __init__(self, tunings: TuningStore, models: CustomModels, callbacks: Callbacks) -> None:
        self._tunings, self._models, self._callbacks = tunings, models, callbacks

    def __call__(self, message: CallbackMessage) -> Freed:
        """Raises Conflict while throughput is still being created, and StoreUnavailable."""
        if self._callbacks.handed_over(message):
            return Freed(handed_over=True)
        if message.arguments["Step"] == EVALUATE:
            found = self._models.deployment(message.arguments["DeploymentArn"])
        else:
            self._models.stop_job(job_name(message))
            found = self._models.deployment(job_name(message))
        if found.readiness == "gone":
            return Freed()
        self._models.free(found.arn)
        title, tuning = run_of(message)
        with suppress(NotFound):
            if self._tunings.find(title, tuning).deployment == found.arn:
                self._tunings.change(title, tuning, deployment="", model="")
        return Freed((found.arn,))
