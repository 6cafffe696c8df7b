"""Putting lore files into a title: what to upload, many at a time, and waiting until their hydration ended."""

from __future__ import annotations

import hashlib
import mimetypes
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from npc.client import Api
from npc.errors import CliError, NotReachable

SIDECAR = ".meta.yaml"
AT_ONCE = 6
STALLED_SECONDS = 120.0
POLL_SECONDS = 1.0
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class LoreFile:
    """A file on disk and the document path it will have."""

    source: Path
    path: str

    @property
    def is_sidecar(self) -> bool:
        """Whether it only holds front matter for the file beside it."""
        return self.path.endswith(SIDECAR)


@dataclass
class Uploaded:
    """What an upload did: path to ETag, paths left alone because unchanged, and skipped files with reasons.

    `before` is the state of the title's documents before it.
    """

    etags: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)


def collect(sources: Sequence[Path], prefix: str = "") -> list[LoreFile]:
    """Every file named or below a named folder, by document path, sidecars first. Raises CliError.

    A folder's own name is not part of the document path; hidden files and folders are left out.
    """
    found: dict[str, LoreFile] = {}
    for source in sources:
        if not source.exists():
            raise CliError(f"{source} does not exist")
        base = source if source.is_dir() else source.parent
        for file in sorted(source.rglob("*")) if source.is_dir() else [source]:
            inside = file.relative_to(base)
            if file.is_file() and not any(part.startswith(".") for part in inside.parts):
                path = "/".join(part for part in (prefix.strip("/"), inside.as_posix()) if part)
                # As the API normalises it: some disks take accents apart, and the document could not be found again.
                path = unicodedata.normalize("NFC", path)
                found[path] = LoreFile(file, path)
    return sorted(found.values(), key=lambda file: (not file.is_sidecar, file.path))


def readable_only(files: Sequence[LoreFile], suffixes: Sequence[str]) -> tuple[list[LoreFile], dict[str, str]]:
    """The files the stage can read, and for each of the others why it is skipped."""
    endings = tuple(suffix if suffix.startswith(".") else f".{suffix}" for suffix in suffixes)
    kept, skipped = [], {}
    for file in files:
        if file.is_sidecar or not endings or file.path.lower().endswith(endings):
            kept.append(file)
        else:
            skipped[file.path] = f"files of type {file.source.suffix or '(none)'} cannot be read as lore"
    return kept, skipped


def listing(api: Api) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """All documents of the title by path, and the suffixes that the stage can read."""
    documents: dict[str, dict[str, Any]] = {}
    after: str | None = None
    while True:
        page = api.call("GET", "/v1/lore", params={"after": after})
        documents.update({document["path"]: document for document in page["documents"]})
        after = page.get("next")
        if not after:
            return documents, list(page.get("readable", []))


def upload(api: Api, files: Sequence[LoreFile], told: Told, storage: httpx.BaseTransport | None = None) -> Uploaded:
    """Upload what changed through presigned URLs, sidecars before the files they describe. Raises CliError."""
    known, suffixes = listing(api)
    kept, skipped = readable_only(files, suffixes)
    result = Uploaded(skipped=skipped, before=known)
    changed = [file for file in kept if not _is_unchanged(file, known)]
    result.unchanged = [file.path for file in kept if file not in changed]
    done = 0
    with httpx.Client(timeout=httpx.Timeout(120.0, connect=5.0), transport=storage) as bucket:
        for group in (
            [file for file in changed if file.is_sidecar],
            [file for file in changed if not file.is_sidecar],
        ):
            with _pool() as pool:
                for file, etag in pool.map(lambda file: (file, _put(api, bucket, file)), group):
                    result.etags[file.path] = etag
                    done += 1
                    told("uploading", done, len(changed))
    return result


def wait(api: Api, uploaded: Uploaded, told: Told, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """Wait until every uploaded document is ready or failed; returns their last states by path.

    Raises CliError when nothing has moved for a few minutes.
    """
    # A sidecar without its document has nothing to wait for.
    there = uploaded.before.keys() | uploaded.etags.keys()
    waiting = sorted({path.removesuffix(SIDECAR) for path in uploaded.etags} & there)
    ended: dict[str, Any] = {}
    moved, seen = time.monotonic(), None
    while waiting:
        documents, _ = listing(api)
        ended |= {path: documents[path] for path in waiting if _has_ended(path, documents.get(path), uploaded)}
        waiting = [path for path in waiting if path not in ended]
        told("hydrating", len(ended), len(ended) + len(waiting))
        state = {path: documents.get(path) for path in waiting}
        if state != seen:
            moved, seen = time.monotonic(), state
        elif time.monotonic() - moved > STALLED_SECONDS:
            raise CliError(f"{len(waiting)} documents have not moved for a while; try `npc lore reconcile`")
        if waiting:
            sleep(POLL_SECONDS)
    return ended


def _etags(document: dict[str, Any] | None) -> tuple[str, str]:
    """The ETags of a document's file and of its sidecar, as the ledger keeps them: `file` or `file+sidecar`."""
    file, _, sidecar = ((document or {}).get("etag") or "").partition("+")
    return file, sidecar


def _has_ended(path: str, document: dict[str, Any] | None, uploaded: Uploaded) -> bool:
    """Whether the ledger's state of a document is about what was uploaded, and final."""
    if document is None or document["status"] not in ("ready", "failed"):
        return False
    if document["status"] == "failed" and document != uploaded.before.get(path):
        return True
    file, sidecar = _etags(document)
    return uploaded.etags.get(path, file) == file and uploaded.etags.get(path + SIDECAR, sidecar) == sidecar


def _is_unchanged(file: LoreFile, known: dict[str, dict[str, Any]]) -> bool:
    document = known.get(file.path.removesuffix(SIDECAR))
    if document is None or document.get("status") not in ("ready", "failed", "hydrating"):
        return False
    etag = hashlib.md5(file.source.read_bytes(), usedforsecurity=False).hexdigest()
    return etag == _etags(document)[1 if file.is_sidecar else 0]


def _put(api: Api, bucket: httpx.Client, file: LoreFile) -> str:
    content_type = mimetypes.guess_type(file.path)[0] or "application/octet-stream"
    grant = api.call("POST", "/v1/lore", body={"path": file.path, "content_type": content_type})
    try:
        answer = bucket.put(grant["url"], content=file.source.read_bytes(), headers=grant["headers"])
    except httpx.TransportError as error:
        raise NotReachable(f"the lore bucket cannot be reached for {file.path}: {error}") from None
    if answer.is_error:
        raise CliError(f"the lore bucket refused {file.path}: HTTP {answer.status_code}")
    return str(answer.headers.get("etag", "")).strip('"')


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
