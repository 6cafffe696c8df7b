"""The exceptions of the SageMaker API, with the HTTP status that each one travels with."""

from __future__ import annotations

BAD_REQUEST, FAILED = 400, 500


class SageMakerError(Exception):
    """An error that the client sees under its API name."""

    def __init__(self, name: str, message: str, status: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


class StepFailed(Exception):
    """A step of a pipeline cannot go on; the message is its failure reason."""


def invalid(message: str) -> SageMakerError:
    """The request does not satisfy the constraints of the API, or names a package or group that is not there."""
    return SageMakerError("ValidationException", message)


def missing(message: str) -> SageMakerError:
    """There is no such pipeline, execution or callback token."""
    return SageMakerError("ResourceNotFound", message)


def conflict(message: str) -> SageMakerError:
    """What is there does not allow it."""
    return SageMakerError("ConflictException", message)
