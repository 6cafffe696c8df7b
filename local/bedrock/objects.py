"""Reads and writes objects of S3: training data and metrics of jobs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from local.bedrock.errors import ServiceError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class ObjectError(ServiceError):
    """An object cannot be read or written; the message says which, and why."""


class Objects:
    """S3 as the environment tells where it is (AWS_ENDPOINT_URL_S3)."""

    def read(self, uri: str) -> bytes:
        """The object. Raises ObjectError."""
        bucket, key = _split(uri)
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._failures as error:
            raise ObjectError(f"The data at {uri} cannot be read: {error}") from error

    def write(self, uri: str, data: bytes) -> None:
        """Writes the object. Raises ObjectError."""
        bucket, key = _split(uri)
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=data)
        except self._failures as error:
            raise ObjectError(f"Nothing can be written to {uri}: {error}") from error

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


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
