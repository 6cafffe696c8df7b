"""Reads and writes objects of S3: training data and metrics of jobs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from local.bedrock.errors import ServiceError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


SERVER_FAULT = 500


class ObjectError(ServiceError):
    """An object cannot be read or written; the message says which, and why."""


class CutOff(ObjectError):
    """The object's service does not answer, or not now."""


class Objects:
    """S3 as the environment tells where it is (AWS_ENDPOINT_URL_S3)."""

    def read(self, uri: str) -> bytes:
        """The object. Raises ObjectError, and CutOff."""
        bucket, key = _split(uri)
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._failures as error:
            raise _kind(error)(f"The data at {uri} cannot be read: {error}") from error

    def write(self, uri: str, data: bytes) -> None:
        """Writes the object. Raises ObjectError, and CutOff."""
        bucket, key = _split(uri)
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=data)
        except self._failures as error:
            raise _kind(error)(f"Nothing can be written to {uri}: {error}") from error

    @cached_property
    def _client(self) -> S3Client:
        import boto3
        from botocore.config import Config

        config = Config(connect_timeout=2, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
        return boto3.client("s3", config=config)

    @cached_property
    def _failures(self) -> tuple[type[Exception], ...]:
        from botocore.exceptions import BotoCoreError, ClientError

        return BotoCoreError, ClientError


def _kind(error: Exception) -> type[ObjectError]:
    from botocore import exceptions as told

    if not isinstance(error, told.ClientError):
        cut_off = (told.HTTPClientError, told.ConnectionError, told.IncompleteReadError)
        return CutOff if isinstance(error, cut_off) else ObjectError
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", SERVER_FAULT))
    return CutOff if status >= SERVER_FAULT else ObjectError


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
