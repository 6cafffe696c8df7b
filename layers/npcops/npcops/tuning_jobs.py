"""Use cases: start a customization job for a callback step, look at it, and stop it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import msgspec

from npcops.errors import Conflict, NotFound
from npcops.recipes import recipe
from npcops.tuning_callbacks import Callbacks, job_name, run_of
from npcops.tuning_ports import CustomModels, TrainingFiles, TuningStore
from npcops.tunings import CallbackMessage, DataReport, Throughput, TuningJob, TuningType

REPORT = "data/report.json"


class StartedJob(msgspec.Struct, frozen=True):
    """The ARN of a job."""

    job: str


class PolledJob(msgspec.Struct, frozen=True):
    """How a job stands (`status` is Bedrock's), and whether the pipeline still wants it. What there is not is empty."""

    status: str
    wanted: bool
    custom_model: str = ""
    failure: str = ""


class StartTuningJob:
    """Starts jobs. `stage` is told to whoever looks at the bill, by a tag."""

    def __init__(
        self, tunings: TuningStore, files: TrainingFiles, models: CustomModels, callbacks: Callbacks, stage: str
    ) -> None:
        self._tunings, self._files, self._models = tunings, files, models
        self._callbacks, self._stage = callbacks, stage

    def __call__(self, message: CallbackMessage) -> StartedJob:
        """Once for each message. Raises TuningRefused, InvalidRequest (the recipe does not allow it), NotFound,
        Conflict if the pipeline does not wait any more, and StoreUnavailable.
        """
        title, tuning = run_of(message)
        known = self._tunings.find(title, tuning)
        # Whoever started the pipeline may have died before the run had its execution: nobody could stop that one.
        orphaned = known.state == "stopped" and not known.execution
        if orphaned or not self._callbacks.wanted(message):
            raise Conflict("The pipeline was stopped before the tuning job was started.")
        given, name = message.arguments, job_name(message)
        own, kind = recipe(given["BaseModel"]), cast(TuningType, given["Type"])
        own.runs_on(cast(Throughput, given["Throughput"]))
        job = self._models.start_job(
            TuningJob(
                name=name,
                model_name=name,
                base=own.customizes,
                type=kind,
                training=given["TrainingUri"],
                validation=self._validation(title, tuning, given.get("ValidationUri", "")),
                output=given["OutputUri"],
                hyperparameters=own.hyperparameters(kind, known.request.hyperparameters),
                tags=tags(self._stage, title, tuning),
            )
        )
        self._tunings.change(title, tuning, job=job)
        return StartedJob(job)

    def _validation(self, title: str, tuning: str, uri: str) -> str:
        """Little data leaves nothing to validate with, and an empty file is no dataset for Bedrock."""
        with suppress(NotFound):
            report = msgspec.json.decode(self._files.get(title, tuning, REPORT), type=DataReport)
            return uri if report.examples.get("validation") else ""
        return uri


class PollTuningJob:
    """Looks at jobs, and keeps what they have told."""

    def __init__(self, tunings: TuningStore, models: CustomModels, callbacks: Callbacks) -> None:
        self._tunings, self._models, self._callbacks = tunings, models, callbacks

    def __call__(self, message: CallbackMessage, job: str) -> PolledJob:
        """Raises NotFound and StoreUnavailable."""
        state = self._models.job(job)
        found: dict[str, Any] = {
            "custom_model": state.custom_model,
            "training_loss": state.training_loss,
            "validation_loss": state.validation_loss,
        }
        if state.status == "Completed" and state.custom_model:
            self._tunings.change(*run_of(message), **found)
        return PolledJob(state.status, self._callbacks.wanted(message), state.custom_model, state.failure)


class StopTuningJob:
    """Stops jobs."""

    def __init__(self, models: CustomModels) -> None:
        self._models = models

    def __call__(self, job: str) -> None:
        """Raises StoreUnavailable. Nothing happens to a job that has ended."""
        self._models.stop_job(job)


def tags(stage: str, title: str, tuning: str) -> dict[str, str]:
    """By which jobs, models and throughput are found in the bill."""
    return {"npcops:stage": stage, "npcops:title": title, "npcops:tuning": tuning}
