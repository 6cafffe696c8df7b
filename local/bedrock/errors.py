"""The exceptions of the Bedrock APIs, with the HTTP status that each one travels with."""

from __future__ import annotations


class ServiceError(Exception):
    """An error that the client sees under its API name; `status` is the HTTP status of the service model."""

    name = "InternalServerException"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ValidationError(ServiceError):
    """The request does not satisfy the constraints of the API."""

    name = "ValidationException"
    status = 400


class ModelNotReadyError(ServiceError):
    """The weights are still being loaded."""

    name = "ModelNotReadyException"
    status = 429


class ModelError(ServiceError):
    """The model failed, or answered with something that cannot be used."""

    name = "ModelErrorException"
    status = 424


class ModelTimeoutError(ServiceError):
    """The model took too long."""

    name = "ModelTimeoutException"
    status = 408


class UnknownOperationError(ServiceError):
    """The path is not an operation of Bedrock that is served here."""

    name = "UnknownOperationException"
    status = 404


class ResourceNotFoundError(ServiceError):
    """There is no resource of that name."""

    name = "ResourceNotFoundException"
    status = 404


class ConflictError(ServiceError):
    """The request contradicts what is there."""

    name = "ConflictException"
    status = 400
