"""Training data and files of runs in S3.

Data lies at `training/{title}/{dataset}/{name}` in a bucket that is watched. What becomes of it lies in another one,
which is not: a run's files at `runs/{title}/{tuning}/{name}`, the code of processing jobs at `code/{name}`.
"""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from npcops.adapters.s3_files import ABSENT, available
from npcops.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DATA, RUNS = "The bucket of training data", "The bucket of models"
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
GONE = ABSENT | {"NoSuchVersion", "PreconditionFailed", "412"}
JSON_LINES = "application/jsonl"
# Of an object of a bucket that keeps no versions, its entity tag stands in the version's place.
TAGGED = "etag:"


class S3TrainingFiles:
    """`TrainingFiles` on two buckets."""

    def __init__(self, client: S3Client, training: str, models: str) -> None:
        self._client, self._training, self._models = client, training, models

    def upload_url(self, key: str, expires_seconds: int) -> str:
        """See TrainingFiles."""
        where = {"Bucket": self._training, "Key": key}
        return self._client.generate_presigned_url("put_object", Params=where, ExpiresIn=expires_seconds)

    def put_data(self, key: str, data: bytes) -> None:
        """See TrainingFiles."""
        with available(DATA):
            self._client.put_object(Bucket=self._training, Key=key, Body=data, ContentType=_kind(key))

    def keep_data(self, key: str, version: str, title: str, tuning: str, name: str) -> str:
        """See TrainingFiles."""
        source: dict[str, str] = {"Bucket": self._training, "Key": key}
        where = {"Bucket": self._models, "Key": _key(title, tuning, name)}
        # Tags that an uploader gave would need rights of their own.
        request: dict[str, Any] = {**where, "CopySource": source, "TaggingDirective": "REPLACE"}
        if version.startswith(TAGGED):
            request["CopySourceIfMatch"] = version.split(":")[1]
        else:
            source["VersionId"] = version
        try:
            with available(DATA):
                self._copy(request)
        except ClientError:
            raise NotFound("This version of the data is gone.") from None
        return self.run_uri(title, tuning, name)

    def _copy(self, request: dict[str, Any]) -> None:
        """Raises ClientError with a code of ABSENT if there is nothing to copy."""
        try:
            self._client.copy_object(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                error.response["Error"]["Code"] = "404"
            raise

    def run_uri(self, title: str, tuning: str, name: str = "") -> str:
        """See TrainingFiles."""
        return f"s3://{self._models}/{_key(title, tuning, name)}".rstrip("/")

    def put(self, title: str, tuning: str, name: str, data: bytes) -> None:
        """See TrainingFiles."""
        with available(RUNS):
            self._client.put_object(
                Bucket=self._models, Key=_key(title, tuning, name), Body=data, ContentType=_kind(name)
            )

    def get(self, title: str, tuning: str, name: str) -> bytes:
        """See TrainingFiles."""
        try:
            with available(RUNS):
                return self._client.get_object(Bucket=self._models, Key=_key(title, tuning, name))["Body"].read()
        except ClientError:
            raise NotFound(f"This run has no {name}.") from None

    def names(self, title: str, tuning: str, folder: str) -> list[str]:
        """See TrainingFiles."""
        whole, prefix = _key(title, tuning, ""), _key(title, tuning, folder)
        found: list[str] = []
        with available(RUNS):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._models, Prefix=prefix):
                found.extend(one["Key"].removeprefix(whole) for one in page.get("Contents", []))
        return found

    def link(self, title: str, tuning: str, name: str, expires_seconds: int) -> str:
        """See TrainingFiles."""
        where = {"Bucket": self._models, "Key": _key(title, tuning, name)}
        try:
            with available(RUNS):
                self._client.head_object(Bucket=where["Bucket"], Key=where["Key"])
        except ClientError:
            raise NotFound(f"This run has no {name}.") from None
        return self._client.generate_presigned_url("get_object", Params=where, ExpiresIn=expires_seconds)

    def put_code(self, name: str, data: bytes) -> str:
        """See TrainingFiles."""
        key = f"code/{name}"
        request: Any = {"Bucket": self._models, "Key": key, "Body": data, "IfNoneMatch": "*"}
        with available(RUNS):
            try:
                self._client.put_object(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] not in TAKEN:
                    raise
        return f"s3://{self._models}/{key.rpartition('/')[0]}/"


def _key(title: str, tuning: str, name: str) -> str:
    return f"runs/{title}/{tuning}/{name}"


def _kind(name: str) -> str:
    if name.endswith(".jsonl"):
        return JSON_LINES
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
