"""What SageMaker does in the embedded cloud: reads and writes objects, sends messages, puts events on the bus."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NotConnected

from local.sagemaker.errors import StepFailed

# The embedded cloud lets only AWS's own services speak as `aws.*`; by this header it knows one.
SERVICE_HEADER = "x-npcops-service"
_TOO_EARLY, _TOO_MANY, _SERVER = 408, 429, 500
# A connection that is refused is no HTTPClientError.
_CUT_OFF = (HTTPClientError, NotConnected, IncompleteReadError)


class Unreachable(Exception):
    """The cloud does not answer, or not now."""


class Refused(Exception):
    """The cloud will not do it, however often it is asked; the message is its own."""


class Cloud:
    """Clients of the embedded cloud, which the environment names (AWS_ENDPOINT_URL)."""

    def __init__(self) -> None:
        session: Any = boto3.session.Session()
        config = Config(
            retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=60, s3={"addressing_style": "path"}
        )
        self._s3, self._sqs, self._events = (session.client(name, config=config) for name in ("s3", "sqs", "events"))
        self._events.meta.events.register("before-call.events.PutEvents", _speak_as_sagemaker)

    def download(self, uri: str, folder: Path) -> None:
        """Put an object, or all objects with that prefix, into a folder. Raises StepFailed, Unreachable or Refused."""
        bucket, prefix = place_of(uri)
        with _told():
            found = list(self._listed(bucket, prefix))
            if not found:
                raise StepFailed(f"ClientError: No S3 objects found under S3 URL {uri!r} given in input data source.")
            for key in found:
                target = folder.joinpath(*_below(key, prefix))
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as file:
                    shutil.copyfileobj(self._s3.get_object(Bucket=bucket, Key=key)["Body"], file)

    def upload(self, folder: Path, uri: str) -> None:
        """Put every file of a folder below a prefix. Raises Unreachable or Refused."""
        bucket, prefix = place_of(uri)
        with _told():
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                name = PurePosixPath(prefix.rstrip("/"), *file.relative_to(folder).parts)
                with file.open("rb") as body:
                    self._s3.put_object(Bucket=bucket, Key=str(name), Body=body)

    def send(self, queue_url: str, message: dict[str, Any]) -> None:
        """Send a message to a queue. Raises Unreachable or Refused."""
        with _told():
            self._sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(message))

    def put_event(self, entry: dict[str, Any]) -> None:
        """Put an event on the default bus. Raises Unreachable or Refused."""
        with _told():
            answer = self._events.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise Refused(str(answer["Entries"][0].get("ErrorMessage") or answer["Entries"][0].get("ErrorCode")))

    def _listed(self, bucket: str, prefix: str) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", []):
                if not item["Key"].endswith("/"):
                    yield item["Key"]


def place_of(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URI. Raises StepFailed."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise StepFailed(f"ClientError: {uri!r} is no location in S3.")
    key = parts.path.lstrip("/")
    return parts.netloc, f"{key}?{parts.query}" if parts.query else key


def _below(key: str, prefix: str) -> tuple[str, ...]:
    """Where an object goes below the input's folder: what follows the folder that the prefix names."""
    folder = prefix if prefix.endswith("/") or key.startswith(f"{prefix}/") else prefix.rpartition("/")[0]
    parts = tuple(part for part in key[len(folder) :].split("/") if part)
    if not parts or any(part in (".", "..") for part in parts):
        raise StepFailed("ClientError: an object's key is no path below the input's folder.")
    return parts


def _speak_as_sagemaker(params: dict[str, Any], **_: Any) -> None:
    params["headers"][SERVICE_HEADER] = "sagemaker"


@contextmanager
def _told() -> Iterator[None]:
    """Turns botocore's errors into Unreachable and Refused."""
    try:
        yield
    except ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", _SERVER))
        passing = status >= _SERVER or status in (_TOO_EARLY, _TOO_MANY)
        raise (Unreachable if passing else Refused)(str(error)) from error
    except _CUT_OFF as error:
        raise Unreachable(str(error)) from error
    except BotoCoreError as error:
        raise Refused(str(error)) from error
