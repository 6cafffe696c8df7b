"""Use case: compare bucket, ledger and index, and start over whatever they disagree about.

Events can be lost, executions can die, and an index can lose chunks; none of that stays unnoticed longer than a night.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec

from npcops.hydration import LedgerEntry
from npcops.lore_paths import is_sidecar, sidecar_of
from npcops.ports import HydrationStarter, LoreBucket, LoreLedger, VectorStore

# A start is a call of some milliseconds; thousands of them one after another would outlast the function.
STARTS_AT_ONCE = 8
# How long a hydration may be under way before it counts as interrupted.
PATIENCE = timedelta(minutes=15)


class Reconciled(msgspec.Struct, frozen=True):
    """How many documents were compared, and which were started over and why."""

    checked: int
    restarted: dict[str, str]


class ReconcileLore:
    """Finds documents whose three records differ and starts a hydration for each."""

    def __init__(
        self,
        bucket: LoreBucket,
        ledger: LoreLedger,
        store: VectorStore,
        starter: HydrationStarter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._bucket, self._ledger, self._store, self._starter, self._now = bucket, ledger, store, starter, now

    def everything(self, patience: timedelta) -> dict[str, Reconciled]:
        """Reconcile every title that has lore, and those whose last file is gone while the ledger still knows them."""
        titles = {*self._bucket.titles(), *self._ledger.titles()}
        return {title: self(title, patience) for title in sorted(titles)}

    def __call__(self, title: str, patience: timedelta) -> Reconciled:
        """Reconcile one title; a hydration under way for less than `patience` is left alone.

        Raises StoreUnavailable, also when a hydration could not be started; the others were started then.
        """
        objects = dict(self._bucket.listing(title))
        documents = {path: self._etag(path, objects) for path in objects if not is_sidecar(path)}
        entries = {entry.path: entry for entry in self._ledger.entries(title)}
        live = self._store.live_counts(title)
        restarted = {}
        for path in sorted({*documents, *entries, *live}):
            reason = self._disagreement(documents.get(path), entries.get(path), live.get(path, 0), patience)
            if reason:
                restarted[path] = reason
        self._start(title, list(restarted))
        return Reconciled(checked=len({*documents, *entries, *live}), restarted=restarted)

    def _start(self, title: str, paths: list[str]) -> None:
        with ThreadPoolExecutor(STARTS_AT_ONCE) as pool:
            started = [pool.submit(self._starter.start, title, path) for path in paths]
        for one in started:
            one.result()

    @staticmethod
    def _etag(path: str, objects: dict[str, str]) -> str:
        sidecar = objects.get(sidecar_of(path))
        return f"{objects[path]}+{sidecar}" if sidecar else objects[path]

    def _disagreement(self, etag: str | None, entry: LedgerEntry | None, live: int, patience: timedelta) -> str | None:
        if entry is None:
            return "never indexed" if etag else "indexed, but in no ledger"
        if entry.status == "hydrating":
            begun = datetime.fromisoformat(entry.updated_at)
            return "interrupted" if self._now() - begun >= patience else None
        if entry.status == "failed" and not entry.lasting:
            return "failed before"
        if etag is None:
            return "deleted from the bucket" if live or entry.status != "deleted" else None
        if etag != entry.etag:
            return "changed in the bucket"
        if entry.status == "failed":
            # The file is at fault and has not changed. Its last good version cannot be made from it again.
            return None
        if live != entry.chunks:
            return f"{entry.chunks} chunks expected in the index, {live} found"
        return None
