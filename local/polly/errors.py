"""The exceptions of the Polly API, with the HTTP status that each one travels with."""

from __future__ import annotations

BAD_REQUEST, NOT_AVAILABLE = 400, 503


class PollyError(Exception):
    """An error that the client sees under its API name."""

    def __init__(self, name: str, message: str, status: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


def invalid(message: str) -> PollyError:
    """The request does not satisfy the constraints of the API."""
    return PollyError("ValidationException", message)


def not_available(reason: str) -> PollyError:
    """Nothing can be spoken here, whatever is asked."""
    return PollyError("ServiceUnavailableException", f"Voice is not available here: {reason}", NOT_AVAILABLE)
