"""What starts a tuning run: events of the training bucket, and which objects there are training data."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from npcops.errors import InvalidRequest
from npcops.lore_paths import TITLE
from npcops.tunings import TrainingUploaded

PREFIX = "training"
EXTENSIONS = ("jsonl", "csv", "yarn", "txt")
# Has no questions and answers: it is for continued pre-training.
PLAIN_TEXT = "txt"
DATASET = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
CORRECTIONS = "corrections"
"""The dataset of corrected answers that people accepted."""


class TrainingPlace(msgspec.Struct, frozen=True):
    """Where training data lies: `training/{title}/{dataset}/{name}.{extension}`; the name may have folders."""

    title: str
    dataset: str
    name: str
    extension: str

    @property
    def key(self) -> str:
        """The key of the object."""
        return f"{PREFIX}/{self.title}/{self.dataset}/{self.name}.{self.extension}"


def uploaded_training(event: dict[str, Any]) -> TrainingUploaded:
    """The upload that an event tells of.

    Raises InvalidRequest for an event of another kind, and ValueError for one about several objects, of which one run
    would forget all but one.

    EventBridge carries object keys as they are; S3's notifications carry them URL-encoded, with `+` for a space.
    """
    if "detail" in event:
        bucket, found, at = event["detail"]["bucket"], event["detail"]["object"], event["time"]
        key, etag, version = found["key"], found.get("etag", ""), found.get("version-id", "")
    elif event.get("Records"):
        first, *others = event["Records"]
        if others:
            raise ValueError(f"One run is of one object; this event is about {1 + len(others)} objects.")
        bucket, found, at = first["s3"]["bucket"], first["s3"]["object"], first["eventTime"]
        key, etag, version = unquote_plus(found["key"]), found.get("eTag", ""), found.get("versionId", "")
    else:
        raise InvalidRequest("This is no event of the training bucket.")
    return TrainingUploaded(
        bucket=bucket["name"],
        key=key,
        version=version or f"etag:{etag}:{found.get('sequencer', '')}",
        at=at,
        size=int(found.get("size", 0)),
    )


def place_of(upload: TrainingUploaded) -> TrainingPlace:
    """Where training data lies. Raises InvalidRequest, with the reason, for an object that is none."""
    prefix, _, rest = upload.key.partition("/")
    title, _, rest = rest.partition("/")
    dataset, _, path = rest.partition("/")
    extension = PurePosixPath(path).suffix.removeprefix(".").lower()
    if prefix != PREFIX or not TITLE.fullmatch(title) or not DATASET.fullmatch(dataset) or not path:
        raise InvalidRequest("The key is not training/{title}/{dataset}/{name}, or dataset is not of a-z, 0-9 and -.")
    if path.endswith("/") or not upload.size:
        raise InvalidRequest("It is a folder, or empty.")
    if extension not in EXTENSIONS:
        raise InvalidRequest(f"Training data ends with {', '.join(f'.{known}' for known in EXTENSIONS)}.")
    return TrainingPlace(title, dataset, path[: -len(extension) - 1], extension)


def digest_of(upload: TrainingUploaded) -> str:
    """64 hexadecimal digits, the same for the same version of the same object, whoever tells of it and when."""
    return hashlib.sha256("\0".join((upload.bucket, upload.key, upload.version)).encode()).hexdigest()
