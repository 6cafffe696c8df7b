"""Use case: take a message of a callback step, and have its work done by a state machine, once."""

from __future__ import annotations

from typing import Literal

import msgspec

from npcops.errors import InvalidRequest
from npcops.tuning_callbacks import STEPS, Callbacks, token_digest
from npcops.tuning_ports import MachineStarter, TuningPipeline
from npcops.tunings import CallbackMessage

# So often is work begun that was broken off, from outside, each time.
MOST_TIMES = 5
NAME_BYTES = 16


class Taken(msgspec.Struct, frozen=True):
    """What became of a message: its work runs, was done before (`over`), or it was `refused`, and the pipeline told."""

    outcome: Literal["running", "over", "refused"]
    step: str = ""
    title: str = ""
    tuning: str = ""
    execution: str = ""


class _Token(msgspec.Struct):
    token: str


class _Execution(msgspec.Struct):
    input: str


class _BrokenOff(msgspec.Struct):
    """An event of Step Functions: an execution has ended, and not as it should. It was given the message."""

    detail: _Execution


class TakeCallback:
    """Takes messages. `machines` are what does the work, by the step's argument `Step`."""

    def __init__(self, starter: MachineStarter, pipeline: TuningPipeline, machines: dict[str, str]) -> None:
        self._starter, self._pipeline, self._machines = starter, pipeline, machines
        self._callbacks = Callbacks(pipeline)

    def __call__(self, body: str) -> Taken:
        """`body` as SageMaker wrote it, or the event that its work was broken off.

        Raises StoreUnavailable, and InvalidRequest if there is nobody to tell that it cannot be read.
        """
        body = _message(body)
        try:
            message = msgspec.json.decode(body, type=CallbackMessage)
        except msgspec.DecodeError:
            return self._refused(_token(body), "The message of this step cannot be read.")
        arguments = message.arguments
        step = STEPS.get(arguments.get("Step", ""))
        if step is None:
            return self._refused(message.token, "This step is not one that is known here.")
        if missing := [name for name in step.needed if not arguments.get(name)]:
            return self._refused(message.token, f"This step lacks the arguments {', '.join(missing)}.")
        return self._begun(message, arguments["Step"])

    def _begun(self, message: CallbackMessage, step: str) -> Taken:
        """An execution that was broken off is followed by another, which finds all that the first one has done."""
        name = f"{step}-{token_digest(message, NAME_BYTES)}"
        given = dict(msgspec.to_builtins(message))
        where = (step, message.arguments["Title"], message.arguments["Tuning"])
        for number in range(1, MOST_TIMES + 1):
            own = name if number == 1 else f"{name}-{number}"
            execution = self._starter.start(self._machines[step], own, given)
            if self._starter.running(execution):
                return Taken("running", *where, execution)
            if not self._callbacks.waits(message):
                return Taken("over", *where, execution)
        return self._refused(message.token, f"The work was broken off {MOST_TIMES} times.")

    def _refused(self, token: str, reason: str) -> Taken:
        self._pipeline.fail(token, reason)
        return Taken("refused")


def _message(body: str) -> str:
    try:
        return msgspec.json.decode(body, type=_BrokenOff).detail.input
    except msgspec.DecodeError:
        return body


def _token(body: str) -> str:
    try:
        return msgspec.json.decode(body, type=_Token).token
    except msgspec.DecodeError:
        raise InvalidRequest("A message of the callback queue cannot be read and has no token.") from None
