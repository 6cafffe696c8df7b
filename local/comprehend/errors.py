"""The exceptions of the Comprehend API, with the HTTP status that each one travels with."""

from __future__ import annotations

BAD_REQUEST, FAILED = 400, 500


class ComprehendError(Exception):
    """An error that the client sees under its API name."""

    def __init__(self, name: str, message: str, status: int = BAD_REQUEST) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


def invalid(message: str) -> ComprehendError:
    """The request does not satisfy the constraints of the API."""
    return ComprehendError("ValidationException", message)


def not_ready(reason: str) -> ComprehendError:
    """Nothing can be told now, whatever is asked; clients ask again."""
    return ComprehendError("InternalServerException", reason, FAILED)
