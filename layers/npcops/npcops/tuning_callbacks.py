"""What the two callback steps of the tuning pipeline have in common: their messages, and who waits for an answer."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import msgspec

from npcops.errors import NotFound, StoreUnavailable
from npcops.tuning_ports import TuningPipeline
from npcops.tunings import CallbackMessage, PipelineRun

Ended = Literal["done", "nobody", "refused", "failed"]
"""`done`: the pipeline has gone on with the result; `nobody` waited for it. Else it was told of a failure: `refused` is
for whoever asked to mend, `failed` for whoever operates the stage."""
TUNE: Final = "tune"
EVALUATE: Final = "evaluate"
# SageMaker ends an execution that is being stopped only after its callback step was answered.
WAITING = ("Starting", "Executing", "Stopping")


class Step(msgspec.Struct, frozen=True):
    """A callback step: its name in the pipeline, and the arguments without which it cannot be done."""

    name: str
    needed: tuple[str, ...]


STEPS = {
    TUNE: Step("Tune", ("Title", "Tuning", "BaseModel", "Type", "Throughput", "TrainingUri", "OutputUri")),
    EVALUATE: Step("Evaluate", ("Title", "Tuning", "Model", "DeploymentArn")),
}


def run_of(message: CallbackMessage) -> tuple[str, str]:
    """The title and the tuning that a message is about."""
    return message.arguments["Title"], message.arguments["Tuning"]


def token_digest(message: CallbackMessage, size: int = 5) -> str:
    """What tells one waiting of a step from every other, in `2 * size` hexadecimal digits."""
    return hashlib.blake2b(message.token.encode(), digest_size=size).hexdigest()


def job_name(message: CallbackMessage) -> str:
    """What the job, the model and the throughput of a callback are called: the same, however often it is begun."""
    return f"{message.arguments['Tuning']}-{token_digest(message)}"


def read_message(value: object) -> CallbackMessage:
    """The message of a state machine's payload."""
    return msgspec.convert(value, CallbackMessage)


class Callbacks:
    """Answers callback steps, and knows which of them wait."""

    def __init__(self, pipeline: TuningPipeline) -> None:
        self._pipeline = pipeline

    def waits(self, message: CallbackMessage) -> bool:
        """Whether the step waits for an answer. Raises StoreUnavailable."""
        run = self._run(message)
        return run is not None and _status(run, message) in WAITING

    def wanted(self, message: CallbackMessage) -> bool:
        """Whether the pipeline would go on with a success; True where that cannot be told now.

        A pipeline that is being stopped waits, but only to hear that its step has ended.
        """
        try:
            run = self._run(message)
        except StoreUnavailable:
            return True
        return run is not None and run.status == "Executing" and _status(run, message) in WAITING

    def handed_over(self, message: CallbackMessage) -> bool:
        """Whether the pipeline has had a success, and what was bought is not this step's any more."""
        run = self._run(message)
        return run is not None and _status(run, message) == "Succeeded"

    def succeed(self, message: CallbackMessage, outputs: dict[str, str]) -> Ended:
        """Report success; a repetition after an answer that got lost ends as the first one did.

        Raises StoreUnavailable.
        """
        if self._pipeline.succeed(message.token, outputs) or self.handed_over(message):
            return "done"
        self._refused(message)
        return "nobody"

    def fail(self, message: CallbackMessage, reason: str) -> None:
        """Report failure, unless nobody waits for it. Raises StoreUnavailable."""
        if not self._pipeline.fail(message.token, reason):
            self._refused(message)

    def _refused(self, message: CallbackMessage) -> None:
        """An answer was not taken. Raises StoreUnavailable if somebody waits for it all the same."""
        if self.waits(message):
            raise StoreUnavailable("The pipeline waits, and does not take the answer.")

    def _run(self, message: CallbackMessage) -> PipelineRun | None:
        try:
            return self._pipeline.run(message.execution)
        except NotFound:
            return None


def _status(run: PipelineRun, message: CallbackMessage) -> str:
    """How the message's step stands; a step that is not listed yet has just begun."""
    name = STEPS[message.arguments["Step"]].name
    found = [step.status for step in run.steps if step.name == name]
    return found[-1] if found else run.status
