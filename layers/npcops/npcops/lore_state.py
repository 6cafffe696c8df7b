"""Use cases of the studio's lore API: what state documents are in, uploads, and searches for people."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import msgspec

from npcops.errors import InvalidRequest, NotFound
from npcops.hydration import LedgerEntry
from npcops.lore import Passage, Viewer
from npcops.lore_paths import checked, is_sidecar
from npcops.memory import WorldState
from npcops.ports import LoreBucket, LoreLedger
from npcops.readers import READABLE

PAGE = 500
UPLOAD_SECONDS = 900
# A search result list for people: as much text as a generous context.
SEARCH_TOKENS = 4000
MAX_RESULTS = 50
COUNT = re.compile("[0-9]{1,2}")
SNAPSHOT = re.compile("[0-9a-f]{16}")
MAX_QUESTION = 1000


class DocumentState(msgspec.Struct, frozen=True):
    """A document as its writer sees it. `chunks` are live in the index, `embedded` were new the last time."""

    path: str
    status: str
    chunks: int
    embedded: int
    reason: str | None
    etag: str
    updated_at: str


class UploadRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/lore`."""

    path: str
    content_type: str = "application/octet-stream"


class Upload(msgspec.Struct, frozen=True):
    """PUT the file to `url` with exactly these headers within `expires_seconds`."""

    url: str
    headers: dict[str, str]
    expires_seconds: int


class SearchRequest(msgspec.Struct, frozen=True):
    """A studio's search: the question, from whose point of view, how much, and in which snapshot (empty: live lore)."""

    question: str
    viewer: Viewer
    limit: int
    lore: str = ""
    budget_tokens: int = SEARCH_TOKENS

    @classmethod
    def of(
        cls, q: str | None, npc: str | None, flags: list[str], k: str | None, lore: str | None = None
    ) -> SearchRequest:
        """Check the query parameters. Raises InvalidRequest."""
        if not q or len(q) > MAX_QUESTION:
            raise InvalidRequest(f"q must have 1 to {MAX_QUESTION} characters.")
        if k is not None and not (COUNT.fullmatch(k) and 1 <= int(k) <= MAX_RESULTS):
            raise InvalidRequest(f"k must be a number from 1 to {MAX_RESULTS}.")
        if lore and not SNAPSHOT.fullmatch(lore):
            raise InvalidRequest("lore must be the name of a snapshot, 16 hexadecimal digits.")
        try:
            msgspec.convert({"flags": flags}, WorldState)
        except msgspec.ValidationError:
            raise InvalidRequest(
                "flags are at most 500, of 1 to 128 characters, as of a player's world state."
            ) from None
        return cls(q, Viewer(npc or None, frozenset(flags)), int(k or 8), lore or "")


def list_documents(ledger: LoreLedger, title: str, after: str | None, status: str | None) -> dict[str, Any]:
    """One page of documents by path. Deleted ones are listed only when asked for by `status`."""
    wanted = (
        entry
        for entry in ledger.entries(title, after or "")
        if (entry.status == status if status else entry.status != "deleted")
    )
    found = list(islice(wanted, PAGE + 1))
    following = found[PAGE - 1].path if len(found) > PAGE else None
    return {"documents": [_state(entry) for entry in found[:PAGE]], "next": following}


def describe_document(ledger: LoreLedger, title: str, path: str) -> DocumentState:
    """One document. Raises NotFound."""
    entry = ledger.get(title, path)
    if entry is None:
        raise NotFound("No document of this path was ever uploaded.")
    return _state(entry)


def offer_upload(bucket: LoreBucket, title: str, wanted: UploadRequest) -> Upload:
    """A presigned PUT. Raises InvalidRequest for a path or format that could not be read anyway."""
    path = checked(wanted.path)
    if not is_sidecar(path) and PurePosixPath(path).suffix.lower() not in READABLE:
        raise InvalidRequest(f"Lore can be {', '.join(sorted(READABLE))}, or a sidecar named <file>.meta.yaml.")
    url = bucket.upload_url(title, path, wanted.content_type, UPLOAD_SECONDS)
    return Upload(url, {"Content-Type": wanted.content_type}, UPLOAD_SECONDS)


def present(passage: Passage) -> dict[str, Any]:
    """A passage for people: no gates, no chunk ids."""
    shown = ("id", "document", "title", "heading_path", "score", "canon", "text")
    return {name: getattr(passage, name) for name in shown}


def _state(entry: LedgerEntry) -> DocumentState:
    etag, moment = entry.etag, entry.updated_at
    return DocumentState(entry.path, entry.status, entry.chunks, entry.embedded, entry.reason, etag, moment)
