"""Use cases: switch a document to its new chunks, or record that its hydration failed."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from npcops.errors import ChunksMissing, Superseded
from npcops.hydration import Change, LedgerEntry, Outcome, Plan
from npcops.lore_paths import described_by
from npcops.ports import EventPublisher, LoreLedger, VectorStore, WorkFiles


class Committed(msgspec.Struct, frozen=True):
    """What a commit did. `replan` asks for the document to be planned again at once."""

    status: Literal["ready", "deleted", "superseded", "replan"]
    chunks: int = 0


class CommitHydration:
    """Makes exactly the planned chunks live, drops all others of the document, and tells the world."""

    def __init__(self, work: WorkFiles, ledger: LoreLedger, store: VectorStore, events: EventPublisher) -> None:
        self._work, self._ledger, self._store, self._events = work, ledger, store, events

    def __call__(self, plan: Plan) -> Committed:
        """Commit what was planned. Raises StoreUnavailable.

        If a newer hydration takes over between the check and the switch, the switch may have dropped what that one
        had staged or made live; then `replan` has the document diffed against the index again, which mends it. So it
        does when this hydration was recorded as failed before, because nothing is planned any more.
        """
        title, path, generation = plan.title, plan.path, plan.generation
        entry = self._ledger.get(title, path)
        if entry is None or entry.generation != generation:
            return Committed("superseded")
        if entry.status == "failed":
            return Committed("replan")
        if entry.status != "hydrating":
            return self._done(plan, entry.status, entry.chunks)
        try:
            live = self._store.commit(title, path, entry.planned)
        except ChunksMissing:
            return Committed("replan")
        gone = not entry.etag
        outcome = Outcome("deleted" if gone else "ready", chunks=live, embedded=plan.to_embed)
        # Published before it is recorded: a retry after the record finds nothing left to tell. The id is the same.
        self._publish(entry, outcome)
        try:
            self._ledger.finish(title, path, generation, outcome)
        except Superseded:
            return Committed("replan")
        return self._done(plan, "deleted" if gone else "ready", live)

    def _done(self, plan: Plan, status: Literal["ready", "deleted"], chunks: int) -> Committed:
        self._work.delete(list(plan.batches))
        return Committed(status, chunks)

    def _publish(self, entry: LedgerEntry, outcome: Outcome) -> None:
        detail = {"id": f"{entry.generation}-{outcome.status}", "title": entry.title, "document": entry.path}
        if outcome.status == "deleted":
            self._events.publish("LoreDeleted.v1", detail)
            return
        known = set(entry.manifest)
        added, removed = len(set(entry.planned) - known), len(known - set(entry.planned))
        figures = {"chunks": outcome.chunks, "embedded": outcome.embedded, "added": added, "removed": removed}
        self._events.publish("LoreHydrated.v1", detail | figures)


class FailHydration:
    """Records why a hydration failed, in words that tell its reader what happens next."""

    REASONS: ClassVar[dict[str, str]] = {
        "ModelUnavailable": "The embedding model did not answer. This is tried again tonight, or by reconciling now.",
        "ModelFailed": "The embedding model refused the text. Please show this document to your operator.",
        "StoreUnavailable": "The index did not answer. This is tried again tonight, or by reconciling now.",
    }
    OTHERWISE = "Indexing stopped unexpectedly. This is tried again tonight, or by reconciling now."

    def __init__(self, ledger: LoreLedger, events: EventPublisher) -> None:
        self._ledger, self._events = ledger, events

    def __call__(self, change: Change, generation: str, error: str) -> None:
        """Mark the document as failed; its last good version stays in the index."""
        title, path = change.title, described_by(change.path)
        reason = self.REASONS.get(error, self.OTHERWISE)
        try:
            self._ledger.finish(title, path, generation, Outcome("failed", reason=reason))
        except Superseded:
            return
        detail = {"id": f"{generation}-failed", "title": title, "document": path, "reason": reason}
        self._events.publish("LoreFailed.v1", detail)
