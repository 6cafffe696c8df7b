"""Why a callback step failed, in words for whoever asked for the tuning."""

from __future__ import annotations

import msgspec

# Of what the state machines find themselves: a sentence with the cause, which may be Bedrock's own words.
FOUND = {
    "TuningJobFailed": "The tuning job failed: {cause}",
    "TuningJobStopped": "The tuning job was stopped, and not by this pipeline: {cause}",
    "TuningTookTooLong": "The tuning job took more than {cause} hours and was stopped.",
    "UnknownStatus": "Bedrock tells of a status of the job that is not known here: {cause}",
    "DeploymentFailed": "No throughput could be made for the model: {cause}",
    "DeploymentNeverReady": "The model could not be called within {cause} minutes; its throughput was deleted.",
    "EvaluationFailed": "The evaluation failed: {cause}",
    "EvaluationTookTooLong": "The evaluation took more than {cause} hours; the model's throughput was deleted.",
    "Unwanted": "The pipeline was stopped.",
    "StoreUnavailable": "A service did not answer for a long time.",
    "ModelUnavailable": "A service did not answer for a long time.",
}
# Errors whose own message is for the reader.
IN_WORDS = frozenset({"TuningRefused", "InvalidRequest", "NotFound", "Conflict", "TooLarge"})
# What whoever asked can mend, or wanted.
REFUSALS = IN_WORDS | {"TuningJobFailed", "TuningJobStopped", "EvaluationFailed", "Unwanted"}
NO_CAUSE = "no reason was given."


class Failure(msgspec.Struct, frozen=True):
    """An error as a state machine passes it on; `Error` is empty where nothing failed."""

    Error: str = ""
    Cause: str = ""


class _Raised(msgspec.Struct):
    """What Lambda says of an exception."""

    message: str = msgspec.field(default="", name="errorMessage")


def why(failure: Failure) -> str:
    """One or two sentences."""
    if failure.Error in FOUND:
        return FOUND[failure.Error].format(cause=failure.Cause.strip() or NO_CAUSE)
    if failure.Error in IN_WORDS and (told := _message(failure.Cause)):
        return told
    return f"It stopped unexpectedly ({failure.Error}); the logs of the stage tell why."


def _message(cause: str) -> str:
    try:
        return msgspec.json.decode(cause, type=_Raised).message
    except msgspec.DecodeError:
        return ""
