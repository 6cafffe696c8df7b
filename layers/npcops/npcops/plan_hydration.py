"""Use case: find out what has to change in the index for one document, and write that down as batches of work."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from npcops.chunking import chunk
from npcops.diffing import diff
from npcops.errors import Superseded, TooLarge, UnreadableDocument
from npcops.hydration import Batch, Change, Outcome, Plan, SourceObject
from npcops.lore import Chunk
from npcops.lore_paths import described_by, is_sidecar
from npcops.ports import EventPublisher, LoreBucket, LoreLedger, VectorStore, WorkFiles
from npcops.readers import read_document
from npcops.readers.limits import MAX_BYTES

# A batch is one Lambda call: small enough for a minute of embedding, large enough to amortise the call.
CHUNKS_PER_BATCH = 96


class PlanHydration:
    """Reads the document as it is now (whatever the event said), and plans the way from the index to it.

    The ledger decides who may act: an event older than what it has seen is skipped. The document is read only after
    it was claimed, so the hydration that claimed it last has read it last. Of a document that is nowhere nothing is
    claimed and nobody is told.
    """

    def __init__(
        self, bucket: LoreBucket, work: WorkFiles, ledger: LoreLedger, store: VectorStore, events: EventPublisher
    ) -> None:
        self._bucket, self._work, self._ledger, self._store, self._events = bucket, work, ledger, store, events

    def __call__(self, change: Change, generation: str) -> Plan:
        """Plan the hydration of the document that `change` is about. Raises StoreUnavailable."""
        title, path, sequencer = change.title, change.path, change.sequencer
        if is_sidecar(path):
            # Sequencers are comparable for one key only; a sidecar's says nothing about its document's.
            path, sequencer = described_by(path), ""
        if self._is_nowhere(title, path):
            return Plan(title, path, generation, action="skip", reason="There is no such document.")
        try:
            self._ledger.claim(title, path, sequencer, generation)
        except Superseded:
            return Plan(title, path, generation, action="skip", reason="A newer change was seen before this one.")
        source = self._bucket.read(title, path, MAX_BYTES)
        if source is None:
            return self._remove(title, path, generation)
        try:
            if source.size > MAX_BYTES:
                raise TooLarge(
                    f"The file has {source.size:,} bytes; at most {MAX_BYTES:,} are read. Split it into parts."
                )
            chunks = chunk(read_document(path, source.data, source.sidecar))
        except (UnreadableDocument, TooLarge) as error:
            return self._refuse(source, title, path, generation, str(error))
        return self._index(source, title, path, generation, chunks)

    def _is_nowhere(self, title: str, path: str) -> bool:
        """Whether neither bucket nor index has the document and nobody is hydrating it.

        The ledger is asked first: whoever claims the document after that reads the bucket later than this does, so
        that nothing is missed by leaving it to them.
        """
        entry = self._ledger.get(title, path)
        if entry is not None and entry.status != "deleted":
            return False
        return not self._bucket.exists(title, path) and not self._store.present(title, path)

    def _remove(self, title: str, path: str, generation: str) -> Plan:
        self._ledger.plan(title, path, generation, (), etag="")
        return Plan(title, path, generation, action="remove")

    def _refuse(self, source: SourceObject, title: str, path: str, generation: str, reason: str) -> Plan:
        # The etag tells reconciliation that this very file was looked at: it is not tried again until it changes.
        self._ledger.plan(title, path, generation, (), source.etag)
        self._ledger.finish(title, path, generation, Outcome("failed", reason=reason, lasting=True))
        detail = {"id": f"{generation}-failed", "title": title, "document": path, "reason": reason}
        self._events.publish("LoreFailed.v1", detail)
        return Plan(title, path, generation, action="failed", reason=reason)

    def _index(self, source: SourceObject, title: str, path: str, generation: str, chunks: Sequence[Chunk]) -> Plan:
        difference = diff(self._store.present(title, path), chunks)
        keys = []
        for number, start in enumerate(range(0, len(difference.add), CHUNKS_PER_BATCH)):
            part = difference.add[start : start + CHUNKS_PER_BATCH]
            reuse = {item.id: difference.reuse[item.id] for item in part if item.id in difference.reuse}
            keys.append(f"hydration/{title}/{generation}/{number:04}.json")
            self._work.put(keys[-1], msgspec.json.encode(Batch(title, path, generation, tuple(part), reuse)))
        self._ledger.plan(title, path, generation, [item.id for item in chunks], source.etag)
        to_embed = len(difference.add) - len(difference.reuse)
        return Plan(title, path, generation, "index", tuple(keys), to_embed)
