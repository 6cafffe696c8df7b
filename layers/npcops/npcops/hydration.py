"""Typed values of hydration: what travels between its steps and what the ledger keeps."""

from __future__ import annotations

from typing import Literal

import msgspec

from npcops.lore import Chunk

Status = Literal["hydrating", "ready", "failed", "deleted"]


class Change(msgspec.Struct, frozen=True):
    """What a bucket event or a reconciliation says: this document may have changed.

    `sequencer` is S3's (hexadecimal, comparable for one key); empty when the change comes from a reconciliation.
    """

    title: str
    path: str
    sequencer: str = ""


class SourceObject(msgspec.Struct, frozen=True):
    """A lore file as the bucket holds it now. `sidecar` is the content of `<name>.meta.yaml` next to it, if any.

    `size` is in bytes; `data` is empty when that is more than the reader allowed.
    """

    path: str
    data: bytes
    etag: str
    size: int
    sidecar: bytes | None = None


class Outcome(msgspec.Struct, frozen=True):
    """How a hydration ended. `reason` is for a writer and only set when it failed.

    `lasting` tells a failure that trying again cannot mend (the file itself is at fault) from one that it can.
    """

    status: Literal["ready", "failed", "deleted"]
    chunks: int = 0
    embedded: int = 0
    reason: str | None = None
    lasting: bool = False


class LedgerEntry(msgspec.Struct, frozen=True):
    """What is known about one document.

    `manifest` holds the chunk ids that were last made live, `planned` those that `generation` is about to make live.
    A `failed` document keeps its last good chunks, so its `manifest` still names those. Lists of entries leave out
    both, which are most of an entry; `chunks` says how many ids `manifest` has.
    """

    title: str
    path: str
    status: Status
    sequencer: str
    generation: str
    etag: str = ""
    manifest: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    chunks: int = 0
    embedded: int = 0
    reason: str | None = None
    lasting: bool = False
    updated_at: str = ""


class Batch(msgspec.Struct, frozen=True):
    """The work of one `EmbedAndIndex` call, written as a work file because chunks outgrow a state's 256 KB.

    `reuse` maps a chunk id to the id of an existing chunk with the same text: its vector is copied, not computed.
    """

    title: str
    document: str
    generation: str
    chunks: tuple[Chunk, ...]
    reuse: dict[str, str] = {}


class Plan(msgspec.Struct, frozen=True):
    """The result of `PlanHydration`: what the rest of the state machine does."""

    title: str
    path: str
    generation: str
    action: Literal["index", "remove", "skip", "failed"]
    batches: tuple[str, ...] = ()
    to_embed: int = 0
    reason: str | None = None
