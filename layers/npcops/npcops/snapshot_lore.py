"""Use case: copy a title's live lore, as it is, into a space of its own that never changes again.

Nothing is embedded: chunks are copied with their vectors. Large lore takes several calls, each of which goes on where
the one before ended, or was cut off. A copy counts as a snapshot only after its listing and that of the live lore have
been read once more and are the same, so that whatever happened in between leaves nothing that looks whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby, takewhile

import msgspec
from msgspec.structs import replace

from npcops.errors import ChunksMissing, Conflict, InvalidRequest, NpcopsError
from npcops.lore import IndexedChunk, space_of
from npcops.ports import VectorStore
from npcops.snapshots import NewSnapshot, Progress, Snapshot
from npcops.studio_ports import SnapshotStore

# Chunks written at once, and after how many of them the way back after a crash is recorded.
BATCH = 200
RECORDED = 2000
# What a call keeps of its time: to record how far it is; to compare two listings of lore as large as can be.
SECONDS_TO_STOP = 6.0
SECONDS_TO_CHECK = 9.0
# After so long even a Serverless collection shows what was written; only then is what it does not show missing.
SECONDS_TO_SHOW = 90.0
# Nobody works on a snapshot for longer than one call takes.
SECONDS_AFTER = 2.0


class Listing(msgspec.Struct, frozen=True):
    """What lore consists of: a hash of its chunk ids, and of each document how many it has and a digest of theirs."""

    id: str
    documents: dict[str, tuple[int, bytes]]

    @property
    def chunks(self) -> int:
        """How many there are."""
        return sum(count for count, _ in self.documents.values())


class SnapshotLore:
    """Makes snapshots, in slices."""

    def __init__(
        self, store: VectorStore, snapshots: SnapshotStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store, self._snapshots, self._now = store, snapshots, now

    def __call__(self, title: str, by: str, wanted: NewSnapshot, left: Callable[[], float]) -> Progress:
        """Work on the snapshot of the title's lore as it is now, for as many seconds as are `left`.

        Whoever asks while somebody else is at work is told how far it is. Raises Conflict (there is no lore) or
        StoreUnavailable; what is done by then is kept.
        """
        lore = self._listing(title)
        if not lore.chunks:
            raise Conflict("There is no lore to keep. Upload some first, and wait until it is ready.")
        changed = wanted.snapshot not in (None, lore.id)
        record = self._snapshots.find(title, lore.id)
        if record and (record.state == "ready" or record.held > self._seconds()):
            return _progress(record, changed)
        if record and record.state == "deleting":
            raise Conflict("This snapshot is being deleted. Delete it once more; then it can be made again.")
        record = record or self._new(lore, by, wanted.note)
        try:
            held = self._hold(title, record, left())
        except Conflict:
            return _progress(self._snapshots.find(title, lore.id) or record, changed)
        try:
            return _progress(self._worked_on(title, held, left), changed)
        except NpcopsError:
            self._let_go(title, held)
            raise

    def _new(self, lore: Listing, by: str, note: str) -> Snapshot:
        return Snapshot(lore.id, "copying", len(lore.documents), lore.chunks, by, self._moment(), note)

    def _hold(self, title: str, record: Snapshot, seconds: float) -> Snapshot:
        """Take the snapshot over for the rest of this call. Raises Conflict if somebody else does."""
        expected = record.revision or None
        held = replace(record, held=self._seconds() + seconds + SECONDS_AFTER, revision=record.revision + 1)
        self._snapshots.put(title, held, expected)
        return held

    def _let_go(self, title: str, held: Snapshot) -> None:
        """How far it is stays as it was recorded; the next call need not wait until this one's time would be over."""
        with suppress(NpcopsError):
            record = self._snapshots.find(title, held.id)
            if record and record.held == held.held:
                self._record(title, replace(record, held=0.0))

    def _record(self, title: str, record: Snapshot) -> Snapshot:
        """Keep what has changed. Raises Conflict if the snapshot is not this call's any more."""
        following = replace(record, revision=record.revision + 1)
        self._snapshots.put(title, following, record.revision)
        return following

    def _worked_on(self, title: str, record: Snapshot, left: Callable[[], float]) -> Snapshot:
        if record.state == "copying":
            record = self._copied(title, record, left)
        if record.state == "checking" and left() > SECONDS_TO_CHECK:
            record = self._checked(title, record, left)
        return self._record(title, replace(record, held=0.0))

    def _copied(self, title: str, record: Snapshot, left: Callable[[], float]) -> Snapshot:
        """Copy documents while there is time. What a broken call has written already is written again, to no effect."""
        space, batch, recorded = space_of(title, record.id), list[IndexedChunk](), record.copied
        for document, chunks in groupby(self._store.live(title, record.after), lambda item: item.chunk.document):
            if left() < SECONDS_TO_STOP:
                return self._written(title, record, space, batch)
            count = 0
            for indexed in chunks:
                count += 1
                batch.append(indexed)
                if len(batch) == BATCH:
                    self._store.publish(space, batch)
                    batch = []
            record = replace(record, after=document, copied=record.copied + count)
            if record.copied - recorded >= RECORDED:
                record, batch, recorded = self._written(title, record, space, batch), [], record.copied
        return self._written(title, replace(record, state="checking"), space, batch)

    def _written(self, title: str, record: Snapshot, space: str, batch: list[IndexedChunk]) -> Snapshot:
        if batch:
            self._store.publish(space, batch)
        return self._record(title, replace(record, written=self._seconds()))

    def _checked(self, title: str, record: Snapshot, left: Callable[[], float]) -> Snapshot:
        """Declare the snapshot ready if it is; mend it if it has had time to be."""
        space = space_of(title, record.id)
        copy, live = self._listing(space), self._listing(title)
        if live.id != record.id:
            return record
        wrong = self._wrong(space, copy, live)
        if not wrong:
            return replace(record, state="ready", copied=record.chunks, at=self._moment())
        if self._seconds() - record.written < SECONDS_TO_SHOW:
            return record
        self._mend(title, space, wrong, left)
        return replace(record, written=self._seconds())

    def _wrong(self, space: str, copy: Listing, live: Listing) -> list[tuple[str, str]]:
        """The documents that are not in the copy as they are in the lore, each with the one of the lore before it.

        A document whose chunks are there twice is wrong as well.
        """
        found, counts = dict(copy.documents), self._store.live_counts(space)
        wrong, before = list[tuple[str, str]](), ""
        for document, (count, digest) in live.documents.items():
            if found.pop(document, None) != (count, digest) or counts.get(document) != count:
                wrong.append((document, before))
            before = document
        return wrong + [(document, "") for document in found]

    def _mend(self, title: str, space: str, wrong: list[tuple[str, str]], left: Callable[[], float]) -> None:
        """Make documents of the copy what they are in the lore: all of their chunks there, each once, and no others."""
        for document, before in wrong:
            if left() < SECONDS_TO_STOP:
                return
            ids = list[str]()
            for batch in _batches(self._document(title, document, before)):
                self._store.publish(space, batch)
                ids += [indexed.chunk.id for indexed in batch]
            # On Serverless they can be seen some time later; then another call makes them what they are to be.
            with suppress(ChunksMissing):
                self._store.commit(space, document, ids)

    def _document(self, title: str, document: str, before: str) -> Iterator[IndexedChunk]:
        following = self._store.live(title, before)
        return takewhile(lambda item: item.chunk.document == document, following)

    def _listing(self, title: str) -> Listing:
        """Read all chunk ids; only a digest of each document's is kept."""
        documents, whole = dict[str, tuple[int, bytes]](), hashlib.blake2b(digest_size=8)
        for document, pairs in groupby(self._store.live_ids(title), lambda pair: pair[0]):
            count, digest = 0, hashlib.blake2b(digest_size=16)
            for _, chunk_id in pairs:
                count += 1
                digest.update(f"{chunk_id} ".encode())
            documents[document] = (count, digest.digest())
            whole.update(digest.digest())
        return Listing(whole.hexdigest(), documents)

    def _seconds(self) -> float:
        return self._now().timestamp()

    def _moment(self) -> str:
        return self._now().isoformat(timespec="seconds")


def check_lore(snapshots: SnapshotStore, title: str, snapshot: str) -> None:
    """Refuse, with InvalidRequest, lore that is neither the live lore (empty) nor a snapshot of this title's."""
    record = snapshots.find(title, snapshot) if snapshot else None
    if snapshot and (record is None or record.state != "ready"):
        raise InvalidRequest(
            f"There is no complete snapshot {snapshot} of this title's lore. Snapshots are named by what is in them: "
            "upload the same lore and make a snapshot, and it has this name."
        )


def _batches(items: Iterable[IndexedChunk]) -> Iterator[list[IndexedChunk]]:
    batch = list[IndexedChunk]()
    for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _progress(record: Snapshot, changed: bool) -> Progress:
    done = record.state == "ready"
    return Progress(record.id, record.documents, record.chunks, min(record.copied, record.chunks), done, changed)
