"""Typed values of lore snapshots: what is known of one, and what making one answers."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

SnapshotId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$")]
State = Literal["copying", "checking", "ready", "deleting"]


class Snapshot(msgspec.Struct, frozen=True):
    """A copy of a title's lore, of `documents` and `chunks`, that never changes once it is `ready`.

    `id` is a hash of all its chunk ids in order. `by` made it, `at` (ISO 8601, UTC) it was begun or became ready.
    Until then documents up to path `after`, of `copied` chunks, are in the copy; the last of them were `written` then.
    Whoever works on it holds it until `held` (both in seconds since 1970). `revision` counts what was recorded.
    """

    id: str
    state: State
    documents: int
    chunks: int
    by: str
    at: str
    note: str = ""
    copied: int = 0
    after: str = ""
    written: float = 0.0
    held: float = 0.0
    revision: int = 0


class NewSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/lore/snapshots`. `snapshot` is the one that the call before was about, if there was one."""

    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    snapshot: SnapshotId | None = None


class Progress(msgspec.Struct, frozen=True):
    """How far a snapshot is: `copied` of its `chunks` are in the copy; NPCs can be given it when it is `done`.

    `changed`: the live lore is not what it was at the call before, so this is about another snapshot.
    """

    snapshot: str
    documents: int
    chunks: int
    copied: int
    done: bool
    changed: bool = False


class SnapshotState(msgspec.Struct, frozen=True):
    """A snapshot as studios see it. `labels` are those of the title's entry that name it, or would after a rollback."""

    snapshot: str
    done: bool
    documents: int
    chunks: int
    by: str
    at: str
    note: str
    labels: tuple[str, ...] = ()
