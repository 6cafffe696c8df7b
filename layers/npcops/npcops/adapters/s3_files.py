"""Lore files and work files in S3.

Lore lives at `lore/{title}/{path}`; a sidecar `<name>.meta.yaml` lies next to the file it describes. The etag of a
document covers both, so that either changing is a change of the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import NotFound, StoreUnavailable
from npcops.hydration import SourceObject
from npcops.lore_paths import LORE_PREFIX, MAX_SIDECAR_BYTES, TITLE, lore_key, sidecar_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ABSENT = frozenset(("NoSuchKey", "404", "NotFound"))


@cache
def client() -> S3Client:
    """One client a process. Presigned URLs need signature version 4, and a host in the bucket's region.

    Left to itself botocore presigns for the global host, which redirects until a new bucket is known everywhere.
    """
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual"},
        connect_timeout=2,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    return boto3.client("s3", config=config)


@contextmanager
def available(what: str) -> Iterator[None]:
    """Turn failures of S3 into StoreUnavailable; absence passes through as ClientError."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ABSENT:
            raise
        raise StoreUnavailable(f"{what} answered {code}.") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"{what} did not answer ({type(error).__name__}).") from None


class S3LoreBucket:
    """`LoreBucket` on one S3 bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def read(self, title: str, path: str, limit: int) -> SourceObject | None:
        """See LoreBucket."""
        main = self._get(lore_key(title, path), limit)
        if main is None:
            return None
        # One byte too many is enough for the reader to refuse it; an empty one would open the gate it may hold.
        sidecar = self._get(lore_key(title, sidecar_of(path)), MAX_SIDECAR_BYTES + 1, cut=True)
        etag = f"{main.etag}+{sidecar.etag}" if sidecar else main.etag
        return SourceObject(path, main.data, etag, main.size, sidecar.data if sidecar else None)

    def exists(self, title: str, path: str) -> bool:
        """See LoreBucket. Of all keys that begin with a key, a listing has that key itself first."""
        key = lore_key(title, path)
        with available("The lore bucket"):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        return [one["Key"] for one in found.get("Contents", [])] == [key]

    def delete(self, title: str, path: str) -> None:
        """See LoreBucket. A versioned bucket would mark, and announce, the deletion of what was never there.

        The file goes before its sidecar, without which it would be open to everybody.
        """
        for name in (path, sidecar_of(path)):
            if self.exists(title, name):
                with available("The lore bucket"):
                    self._client.delete_object(Bucket=self._bucket, Key=lore_key(title, name))

    def upload_url(self, title: str, path: str, content_type: str, expires_seconds: int) -> str:
        """See LoreBucket."""
        request = {"Bucket": self._bucket, "Key": lore_key(title, path), "ContentType": content_type}
        return self._client.generate_presigned_url("put_object", Params=request, ExpiresIn=expires_seconds)

    def listing(self, title: str) -> Iterator[tuple[str, str]]:
        """See LoreBucket. Keys that end with a slash are the folders of consoles, not documents."""
        prefix = lore_key(title, "")
        with available("The lore bucket"):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    if not found["Key"].endswith("/"):
                        yield found["Key"].removeprefix(prefix), found["ETag"].strip('"')

    def titles(self) -> Iterator[str]:
        """See LoreBucket."""
        pages = self._client.get_paginator("list_objects_v2")
        with available("The lore bucket"):
            for page in pages.paginate(Bucket=self._bucket, Prefix=LORE_PREFIX, Delimiter="/"):
                for found in page.get("CommonPrefixes", []):
                    title = found["Prefix"].removeprefix(LORE_PREFIX).rstrip("/")
                    if TITLE.fullmatch(title):
                        yield title

    def _get(self, key: str, limit: int, cut: bool = False) -> SourceObject | None:
        try:
            with available("The lore bucket"):
                found = self._client.get_object(Bucket=self._bucket, Key=key)
                size = found["ContentLength"]
                data = found["Body"].read(limit) if cut or size <= limit else b""
                found["Body"].close()
                return SourceObject(key, data, found["ETag"].strip('"'), size)
        except ClientError:
            return None


class S3WorkFiles:
    """`WorkFiles` on one S3 bucket that nothing watches."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put(self, key: str, data: bytes) -> None:
        """See WorkFiles."""
        with available("The work bucket"):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType="application/json")

    def get(self, key: str) -> bytes:
        """See WorkFiles."""
        try:
            with available("The work bucket"):
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError:
            raise NotFound(f"The work file {key} is gone.") from None

    def delete(self, keys: list[str]) -> None:
        """See WorkFiles."""
        with available("The work bucket"), ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: self._client.delete_object(Bucket=self._bucket, Key=key), keys))
