"""Use case: save games. A snapshot is a point of a playthrough; rewinding and forking begin a new branch at one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from npcops.dialogue import SaveName
from npcops.errors import Conflict, InvalidRequest
from npcops.memory import Branch, Save, Snapshot, WorldState, playthrough
from npcops.turn_ids import began, new_turn_id
from npcops.turn_ports import PlayerStore

# A save has one branch more for each time it was loaded and talked in since. It is read with every turn, and its oldest
# branches are mostly older than any memory is kept.
MOST_BRANCHES = 200
# How often another writer may be first.
ATTEMPTS = 5


class TakeSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", tag="snapshot"):
    """Keep where `save` stands now, and what is true for the player, under the name `snapshot`."""

    save: SaveName
    snapshot: SaveName


class Rewind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", tag="rewind"):
    """Put `save` and the world state back to a snapshot."""

    save: SaveName
    snapshot: SaveName


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action", tag="fork"):
    """Begin the new save `save` at a snapshot, or where the save `source` stands now: one of the two."""

    save: SaveName
    snapshot: SaveName | None = None
    source: SaveName | None = None


SaveChange = TakeSnapshot | Rewind | Fork
"""The body of `POST /v1/players/{player}/saves`, told apart by its `action`."""


class SaveState(msgspec.Struct, frozen=True):
    """A save as its player knows it; `revision` counts how often it was forked or rewound."""

    name: str
    revision: int


class SnapshotState(msgspec.Struct, frozen=True):
    """A snapshot as its player knows it: the save it was taken of, and when (ISO 8601)."""

    name: str
    save: str
    taken_at: str


class SaveList(msgspec.Struct, frozen=True):
    """All that a player has, by name."""

    saves: tuple[SaveState, ...]
    snapshots: tuple[SnapshotState, ...]


class SaveChanged(msgspec.Struct, frozen=True):
    """What a change has made: the save as it is now, the snapshot concerned, and the world state a rewind put back."""

    action: Literal["snapshot", "rewind", "fork"]
    save: SaveState
    snapshot: SnapshotState | None = None
    world: WorldState | None = None


class Saves:
    """Snapshots, rewinds and forks the saves of players, and lists them."""

    def __init__(self, players: PlayerStore, new_id: Callable[[], str] = new_turn_id) -> None:
        self._players, self._new_id = players, new_id

    def change(self, title: str, player: str, change: SaveChange) -> SaveChanged:
        """Do what is asked for. Raises InvalidRequest, NotFound (no such snapshot), Conflict, StoreUnavailable."""
        begun = self._new_id()
        if isinstance(change, TakeSnapshot):
            return self._snapshot(title, player, change, begun)
        if isinstance(change, Rewind):
            return self._rewind(title, player, change, begun)
        return self._fork(title, player, change, begun)

    def all(self, title: str, player: str) -> SaveList:
        """Every save that was changed or spoken in, and every snapshot. Raises StoreUnavailable."""
        return SaveList(
            tuple(map(_save_state, self._players.saves(title, player))),
            tuple(map(_snapshot_state, self._players.snapshots(title, player))),
        )

    def _snapshot(self, title: str, player: str, change: TakeSnapshot, begun: str) -> SaveChanged:
        """Taken anew if there is one of this name, as players overwrite what they saved."""
        standing = self._players.standing(title, player, change.save)
        lineage = self._now(title, player, standing.save)
        snapshot = Snapshot(change.snapshot, change.save, lineage, standing.world, began(begun))
        self._players.put_snapshot(title, player, snapshot)
        return SaveChanged("snapshot", _save_state(standing.save), _snapshot_state(snapshot))

    def _rewind(self, title: str, player: str, change: Rewind, begun: str) -> SaveChanged:
        """Done twice, the second time leaves what was said after the first."""
        snapshot = self._players.snapshot(title, player, change.snapshot)
        for _ in range(ATTEMPTS):
            revision = self._players.save(title, player, change.save).revision
            save = _grown(change.save, snapshot.lineage, begun, revision + 1, snapshot.save)
            if self._players.put_save(title, player, save, snapshot.world):
                return SaveChanged("rewind", _save_state(save), _snapshot_state(snapshot), snapshot.world)
        raise Conflict(f"Save {change.save} is being changed by others; try again.")

    def _fork(self, title: str, player: str, change: Fork, begun: str) -> SaveChanged:
        """The world state stays as it is: nobody plays the new save yet."""
        if (change.snapshot is None) == (change.source is None):
            raise InvalidRequest("A fork needs either the snapshot or the source at which it begins.")
        snapshot = self._players.snapshot(title, player, change.snapshot) if change.snapshot else None
        if snapshot:
            lineage, rooted = snapshot.lineage, snapshot.save
        else:
            source = self._players.save(title, player, change.source or "")
            lineage, rooted = self._now(title, player, source), playthrough(source.live)
        save = _grown(change.save, lineage, begun, 1, rooted)
        known = self._players.save(title, player, change.save)
        if self._unused(title, player, known) and known.revision == 0:
            if not self._players.put_save(title, player, save):
                raise Conflict(f"Save {change.save} was made by another call meanwhile.")
        elif known.revision == 1 and known.lineage[:-1] == save.lineage[:-1] and self._unused(title, player, known):
            save = known  # The same call again: nothing has happened in between.
        else:
            raise Conflict(f"There is a save {change.save} already; rewind it, or choose another name.")
        return SaveChanged("fork", _save_state(save), _snapshot_state(snapshot) if snapshot else None)

    def _unused(self, title: str, player: str, save: Save) -> bool:
        return not self._players.newest(title, player, save.live)

    def _now(self, title: str, player: str, save: Save) -> tuple[Branch, ...]:
        """The branches of a save, ended where it stands now. A last one in which nobody spoke is not needed, so that
        loading again and again does not make a save longer.
        """
        newest = self._players.newest(title, player, save.live)
        return (*save.lineage[:-1], *([Branch(save.live, newest)] if newest else []))


def _grown(name: str, lineage: tuple[Branch, ...], begun: str, revision: int, rooted: str) -> Save:
    """A save with a new branch after `lineage`; of a very long line the beginning is forgotten."""
    root = playthrough(lineage[-1].id) if lineage else rooted
    return Save(name, (*lineage[-MOST_BRANCHES + 1 :], Branch(f"{root}~{begun}")), revision)


def _save_state(save: Save) -> SaveState:
    return SaveState(save.name, save.revision)


def _snapshot_state(snapshot: Snapshot) -> SnapshotState:
    return SnapshotState(snapshot.name, snapshot.save, snapshot.taken_at)
