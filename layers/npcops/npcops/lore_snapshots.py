"""Use cases: which snapshots a title has, and which may go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from msgspec.structs import replace

from npcops.errors import Conflict, NotFound
from npcops.labels import earlier
from npcops.lore import space_of
from npcops.ports import Catalog, VectorStore
from npcops.snapshots import Snapshot, SnapshotState, State
from npcops.studio_ports import SnapshotStore


class ListSnapshots:
    """Lists the snapshots of a title."""

    def __init__(self, snapshots: SnapshotStore, catalog: Catalog) -> None:
        self._snapshots, self._catalog = snapshots, catalog

    def __call__(self, title: str, unfinished: bool = False) -> list[SnapshotState]:
        """The newest first; those that are not whole, or are being deleted, only where `unfinished` are asked for."""
        found = [one for one in self._snapshots.all(title) if unfinished or one.state == "ready"]
        named = naming(self._catalog, title) if found else {}
        return [_state(one, named.get(one.id, ())) for one in sorted(found, key=lambda one: one.at, reverse=True)]


class DeleteSnapshot:
    """Deletes snapshots that no NPC knows and no rollback would bring back."""

    def __init__(
        self,
        store: VectorStore,
        snapshots: SnapshotStore,
        catalog: Catalog,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._snapshots, self._catalog, self._now = store, snapshots, catalog, now

    def __call__(self, title: str, snapshot: str) -> None:
        """Raises NotFound, Conflict (a label names it, or it is being made) or StoreUnavailable; it may be repeated.

        It is marked before the labels are looked at: from then on nothing that names it is stored or labelled.
        """
        record = self._snapshots.find(title, snapshot)
        if record is None:
            raise NotFound("There is no such snapshot of this title's lore.")
        if record.held > self._now().timestamp():
            raise Conflict("This snapshot is being made at this moment; try again in half a minute.")
        marked = self._put(title, record, "deleting")
        if labels := naming(self._catalog, title).get(snapshot):
            # Nothing was dropped, also not by an earlier call: what is marked is not named any more.
            self._put(title, marked, "ready")
            raise Conflict(
                f"The title's entry names this snapshot at {', '.join(labels)}, or would after a rollback. "
                "Move the label to another version, twice if you want to give up its last rollback."
            )
        self._store.drop_title(space_of(title, snapshot))
        self._snapshots.remove(title, snapshot, marked.revision)

    def _put(self, title: str, record: Snapshot, state: State) -> Snapshot:
        following = replace(record, state=state, revision=record.revision + 1)
        self._snapshots.put(title, following, record.revision)
        return following


def naming(catalog: Catalog, title: str) -> dict[str, tuple[str, ...]]:
    """By which labels of the title's entry each snapshot is named, or would be after they are rolled back."""
    with suppress(NotFound):
        moves, named = catalog.moves(title, "titles", title), defaultdict[str, list[str]](list)
        for label, version in catalog.labels(title, "titles", title).items():
            versions = [version]
            with suppress(Conflict):
                versions.append(earlier(moves, label))
            for lore in dict.fromkeys(_lore_of(catalog, title, one) for one in versions):
                named[lore].append(label)
        return {lore: tuple(sorted(labels)) for lore, labels in named.items() if lore}
    return {}


def _lore_of(catalog: Catalog, title: str, version: str) -> str:
    content, _ = catalog.get(title, "titles", title, version)
    return str(content.get("lore") or "")


def _state(one: Snapshot, labels: tuple[str, ...]) -> SnapshotState:
    return SnapshotState(one.id, one.state == "ready", one.documents, one.chunks, one.by, one.at, one.note, labels)
