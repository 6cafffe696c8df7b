"""Use case: an execution of the pipeline has ended; record how, and pay no longer for what nobody will use."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from npcops.errors import Conflict, NotFound
from npcops.tuning_ports import CustomModels, TuningPipeline, TuningStore
from npcops.tunings import PipelineRun, Tuning
from npcops.turn_ids import now_iso

SUCCEEDED, STOPPED = "Succeeded", "Stopped"
MOST_TOLD = 1000
VERSION = re.compile(r"/(\d+)$")
UNTOLD = "The pipeline ended as {}, without a reason."
UNREGISTERED = "The pipeline succeeded without registering a model."
# What the outputs of callback steps are called here.
TOLD = {
    "JobArn": "job",
    "CustomModelArn": "custom_model",
    "DeploymentArn": "deployment",
    "Model": "model",
    "TrainingLoss": "training_loss",
    "ValidationLoss": "validation_loss",
    "Evaluation": "evaluation",
    "Outcome": "outcome",
}
FREED = ("deployment", "model")
FIGURES = ("training_loss", "validation_loss")


class ExecutionEnded(msgspec.Struct, frozen=True):
    """That an execution of the pipeline has ended: whose it was, and as what (`Succeeded`, `Failed`, `Stopped`)."""

    execution: str
    title: str
    tuning: str
    status: str


class Ended(msgspec.Struct, frozen=True):
    """How a run ended. `left` means that its throughput could not be freed yet: whoever retires models will."""

    tuning: Tuning
    left: bool = False


def ended_execution(event: dict[str, Any]) -> ExecutionEnded:
    """What SageMaker tells by EventBridge: an execution is displayed by its run's id, and described by the title."""
    detail = event["detail"]
    return ExecutionEnded(
        execution=detail["pipelineExecutionArn"],
        title=detail.get("pipelineExecutionDescription") or "",
        tuning=detail.get("pipelineExecutionDisplayName") or "",
        status=detail["currentPipelineExecutionStatus"],
    )


class EndTuning:
    """Records ends of runs. SageMaker may tell of one end several times."""

    def __init__(
        self,
        tunings: TuningStore,
        pipeline: TuningPipeline,
        models: CustomModels,
        now: Callable[[], str] = now_iso,
    ) -> None:
        self._tunings, self._pipeline, self._models, self._now = tunings, pipeline, models, now

    def __call__(self, ended: ExecutionEnded) -> Ended | None:
        """None for an execution that is no run's. Raises StoreUnavailable."""
        if not ended.title or not ended.tuning:
            return None
        try:
            known = self._tunings.find(ended.title, ended.tuning)
        except NotFound:
            return None
        if known.execution and known.execution != ended.execution:
            return None
        try:
            run = self._pipeline.run(ended.execution)
        except NotFound:
            run = PipelineRun(ended.status, ())
        tuning = self._tunings.change(known.title, known.id, **self._found_out(known, ended, run))
        if ended.status == SUCCEEDED:
            # A package that SageMaker does not list yet runs on this throughput; whoever retires models looks again.
            return Ended(tuning, left=tuning.state != "registered" and bool(tuning.deployment))
        return self._freed(tuning)

    def _found_out(self, known: Tuning, ended: ExecutionEnded, run: PipelineRun) -> dict[str, Any]:
        state, failure = _state(ended, run)
        found: dict[str, Any] = {"state": state, "execution": ended.execution, "failure": failure or known.failure}
        found["ended_at"] = known.ended_at or self._now()
        if version := VERSION.search(run.package):
            found |= {"package": run.package, "version": int(version[1])}
        for step in run.steps:
            for name, value in step.outputs.items():
                field = TOLD.get(name)
                if known.ended_at and field in FREED:
                    # It was known when the end was first told, and may have been given back since.
                    continue
                if field and not getattr(known, field):
                    found[field] = _number(value) if field in FIGURES else value
        return found

    def _freed(self, tuning: Tuning) -> Ended:
        if tuning.job:
            # Its state machine goes on polling a job that nobody waits for any more.
            self._models.stop_job(tuning.job)
        if not tuning.deployment:
            return Ended(tuning)
        try:
            self._models.free(tuning.deployment)
        except Conflict:
            return Ended(tuning, left=True)
        return Ended(self._tunings.change(tuning.title, tuning.id, deployment="", model=""))


def _state(ended: ExecutionEnded, run: PipelineRun) -> tuple[Literal["registered", "stopped", "failed"], str]:
    """As what a run has ended, and why."""
    if ended.status == SUCCEEDED and run.package:
        return "registered", ""
    if ended.status == STOPPED:
        return "stopped", ""
    if ended.status == SUCCEEDED:
        return "failed", UNREGISTERED
    step = next((each for each in run.steps if each.failure), None)
    told = f"{step.name}: {step.failure}" if step else run.failure
    return "failed", (told or UNTOLD.format(ended.status))[:MOST_TOLD]


def _number(text: str) -> float | None:
    """Of a loss that nobody measured, the pipeline has a word."""
    try:
        return float(text)
    except ValueError:
        return None
