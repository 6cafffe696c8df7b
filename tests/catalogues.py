"""Writers at work on a catalogue: the use cases of the studio, wired as bootstrap_studio does."""

from __future__ import annotations

from typing import Any

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_snapshots import DynamoSnapshots
from npcops.canon_gate import CanonGate
from npcops.catalog_entries import CopyEntry, NewVersion, PutEntry
from npcops.catalogue import Move
from npcops.entry_diff import DiffEntry
from npcops.errors import StoreUnavailable
from npcops.labels import LabelMove, MoveLabel, Stored
from tests.gating import LABEL, STAGE_MODEL, MemoryEvaluations
from tests.resources import Resources


class Bus:
    """An `EventPublisher` that keeps what it is given, or fails."""

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, Any]]] = []
        self.fails = False

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        if self.fails:
            raise StoreUnavailable("The bus is down.")
        self.published.append((detail_type, detail))


class Writing:
    """One title and its writers."""

    def __init__(self, resources: Resources, title: str) -> None:
        self.resources, self.title = resources, title
        self.catalog, self.evaluations, self.bus = self.fresh(), MemoryEvaluations(), Bus()
        evaluations: Any = self.evaluations
        self.snapshots = DynamoSnapshots(resources.dynamodb, resources.name("catalog"))
        self.gate = CanonGate(self.look, evaluations, STAGE_MODEL, LABEL)
        self.move_label = MoveLabel(self.catalog, self.gate, self.bus, self.snapshots)
        self.put_entry = PutEntry(self.catalog, self.move_label, self.snapshots)
        self.copy_entry = CopyEntry(self.catalog, self.put_entry)
        self.diff_entry = DiffEntry(self.catalog)

    def fresh(self) -> DynamoCatalog:
        """The catalogue as another process sees it that has read nothing yet."""
        return DynamoCatalog(self.resources.dynamodb, self.resources.name("catalog"), label_seconds=0)

    def look(self) -> DynamoCatalog:
        """The same for one decision."""
        return DynamoCatalog(self.resources.dynamodb, self.resources.name("catalog"), label_seconds=60)

    def put(self, kind: str, content: dict[str, Any], label: str | None = None, by: str = "ann", **more: Any) -> Stored:
        """Store what a writer wrote, and perhaps move a label onto it."""
        name = str(content.get("id") or content.get("name"))
        return self.put_entry(self.title, kind, name, by, NewVersion(content, "note", label, **more))

    def move(self, kind: str, name: str, version: str, label: str = LABEL, by: str = "ann", **more: Any) -> Stored:
        """Move a label."""
        return self.move_label(self.title, kind, name, label, by, LabelMove(version, **more))

    def moves(self, kind: str, name: str) -> list[Move]:
        """The history, newest first."""
        return self.catalog.moves(self.title, kind, name)

    def live(self, kind: str, name: str, label: str = LABEL) -> str:
        """Where a label points; empty if nowhere."""
        return self.catalog.labels(self.title, kind, name).get(label, "")
