"""Which snapshots are listed, named and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_snapshots import DynamoSnapshots
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.characters import GameTitle
from npcops.errors import Conflict, InvalidRequest, NotFound
from npcops.labels import LabelMove, MoveLabel, earlier
from npcops.lore import OPEN, Chunk, IndexedChunk, chunk_id, space_of
from npcops.lore_snapshots import DeleteSnapshot, ListSnapshots
from npcops.snapshot_lore import SnapshotLore, check_lore
from npcops.snapshots import NewSnapshot, Snapshot
from tests.catalogues import Writing
from tests.hydration_driver import Crash, Watched
from tests.publishing import move, position, publish
from tests.resources import Resources

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Studio:
    """A title with an index, a catalogue and snapshots."""

    def __init__(self, resources: Resources, folder: Path, title: str) -> None:
        self.title, self.store = title, SqliteVectorStore(folder, 2)
        self.snapshots = DynamoSnapshots(resources.dynamodb, resources.name("catalog"))
        self.catalog = DynamoCatalog(resources.dynamodb, resources.name("catalog"), label_seconds=0)
        self.delete = DeleteSnapshot(self.store, self.snapshots, self.catalog, lambda: NOW)

    def take(self, text: str, at: int = 0) -> str:
        """A snapshot of lore that is one text."""
        chunk = Chunk(chunk_id("a.md", "Lore", (), text, OPEN, True), "a.md", "Lore", (), text, 0, OPEN)
        self.store.stage(self.title, [IndexedChunk(chunk, (1.0, 0.0))])
        self.store.commit(self.title, "a.md", [chunk.id])
        made = SnapshotLore(self.store, self.snapshots, lambda: NOW.replace(minute=at))
        return made(self.title, "ada", NewSnapshot(text), lambda: 25.0).snapshot

    def name(self, lore: str, label: str = "production") -> str:
        """A version of the title's entry with that lore, at a label."""
        game = GameTitle(id=self.title, name="Saltmarrow", lore=lore)
        return publish(self.catalog, self.title, "titles", self.title, game, label)

    def texts(self, snapshot: str) -> list[str]:
        return [item.chunk.text for item in self.store.live(space_of(self.title, snapshot))]

    def record(self, snapshot: str) -> Snapshot:
        found = self.snapshots.find(self.title, snapshot)
        assert found is not None
        return found


@pytest.fixture
def studio(moto_resources: Resources, tmp_path: Path, title: str) -> Iterator[Studio]:
    made = Studio(moto_resources, tmp_path / "lore", title)
    yield made
    made.store.close()


def test_snapshots_are_listed_newest_first_with_the_labels_that_name_them(studio: Studio) -> None:
    listed = ListSnapshots(studio.snapshots, studio.catalog)
    assert listed(studio.title) == []
    first, second, third = (studio.take(text, at) for at, text in enumerate(("One.", "Two.", "Three.")))
    assert [one.labels for one in listed(studio.title)] == [(), (), ()]
    studio.name(first)
    studio.name(second)
    studio.name(second, "staging")
    found = listed(studio.title)
    assert [(one.snapshot, one.labels) for one in found] == [
        (third, ()),
        (second, ("production", "staging")),
        (first, ("production",)),
    ]
    assert {(one.documents, one.chunks, one.by, one.done) for one in found} == {(1, 1, "ada", True)}
    assert [(one.note, one.at) for one in found][2] == ("One.", "2026-11-20T12:00:00+00:00")


def test_what_is_not_whole_is_listed_only_when_asked_for(studio: Studio) -> None:
    whole = studio.take("One.")
    studio.snapshots.put(studio.title, Snapshot("f" * 16, "copying", 9, 9, "bo", "2026", revision=1), None)
    listed = ListSnapshots(studio.snapshots, studio.catalog)
    assert [one.snapshot for one in listed(studio.title)] == [whole]
    assert {one.snapshot: one.done for one in listed(studio.title, unfinished=True)} == {whole: True, "f" * 16: False}


def test_a_snapshot_that_nobody_names_can_be_deleted_and_made_again(studio: Studio) -> None:
    made = studio.take("One.")
    studio.name("")
    studio.delete(studio.title, made)
    assert studio.snapshots.all(studio.title) == []
    assert studio.texts(made) == []
    assert [item.chunk.text for item in studio.store.live(studio.title)] == ["One."]
    with pytest.raises(NotFound):
        studio.delete(studio.title, made)
    assert studio.take("One.") == made
    assert studio.texts(made) == ["One."]


@pytest.mark.parametrize("label", ["production", "staging", "somebody-s"])
def test_a_snapshot_that_a_label_names_stays(studio: Studio, label: str) -> None:
    made = studio.take("One.")
    studio.name(made, label)
    with pytest.raises(Conflict, match=label):
        studio.delete(studio.title, made)
    assert studio.texts(made) == ["One."]
    check_lore(studio.snapshots, studio.title, made)


def test_what_a_rollback_would_bring_back_stays_until_two_moves_later(studio: Studio) -> None:
    first, second = studio.take("One."), studio.take("Two.")
    studio.name(first)
    studio.name(second)
    with pytest.raises(Conflict, match="rollback"):
        studio.delete(studio.title, first)
    before = position(studio.catalog, studio.title, "titles", studio.title)
    version = studio.catalog.get(studio.title, "titles", studio.title, "latest")[1]
    assert before == version
    live = studio.name("")
    assert live != before
    studio.delete(studio.title, first)
    with pytest.raises(Conflict):
        studio.delete(studio.title, second)


def test_a_version_without_a_label_keeps_nothing_and_cannot_get_one_without_its_lore(studio: Studio) -> None:
    made = studio.take("One.")
    game = GameTitle(id=studio.title, name="Saltmarrow", lore=made)
    publish(studio.catalog, studio.title, "titles", studio.title, game, "trial")
    version = studio.catalog.get(studio.title, "titles", studio.title, "trial")[1]
    other = studio.catalog.put(studio.title, "titles", studio.title, {"id": studio.title, "name": "S"}, "ada", "")
    for before, after in ((version, other), (other, studio.name("", "elsewhere"))):
        move(studio.catalog, studio.title, "titles", studio.title, "trial", after, before)
    studio.delete(studio.title, made)
    with pytest.raises(InvalidRequest, match="no complete snapshot"):
        check_lore(studio.snapshots, studio.title, made)


def test_only_whole_snapshots_of_the_own_title_may_be_named(studio: Studio, moto_resources: Resources) -> None:
    made = studio.take("One.")
    check_lore(studio.snapshots, studio.title, made)
    check_lore(studio.snapshots, studio.title, "")
    for title, snapshot in ((f"{studio.title}-2", made), (studio.title, "f" * 16), (studio.title, made[:-1])):
        with pytest.raises(InvalidRequest):
            check_lore(studio.snapshots, title, snapshot)
    for state in ("copying", "checking", "deleting"):
        record = studio.record(made)
        following = replace(record, state=state, revision=record.revision + 1)
        studio.snapshots.put(studio.title, following, record.revision)
        with pytest.raises(InvalidRequest):
            check_lore(studio.snapshots, studio.title, made)


def test_what_is_being_made_is_not_deleted(studio: Studio) -> None:
    made = studio.take("One.")
    record = studio.record(made)
    held = replace(record, state="copying", held=NOW.timestamp() + 9, revision=record.revision + 1)
    studio.snapshots.put(studio.title, held, record.revision)
    with pytest.raises(Conflict, match="being made"):
        studio.delete(studio.title, made)
    later = DeleteSnapshot(studio.store, studio.snapshots, studio.catalog, lambda: NOW.replace(minute=1))
    later(studio.title, made)
    assert studio.snapshots.all(studio.title) == []


def test_one_title_cannot_delete_the_lore_of_another(studio: Studio) -> None:
    made = studio.take("One.")
    with pytest.raises(NotFound):
        studio.delete(f"{studio.title}-2", made)
    assert studio.texts(made) == ["One."]


def test_a_label_that_moves_meanwhile_saves_the_snapshot(studio: Studio) -> None:
    """The mark comes first: either the mover sees it, or the one who deletes sees the label."""
    made = studio.take("One.")

    class Named(Watched):
        def put(self, title: str, snapshot: Snapshot, expected: int | None) -> None:
            if snapshot.state == "deleting":
                studio.name(made)
            studio.snapshots.put(title, snapshot, expected)

    store = Named(studio.snapshots, lambda: None)
    with pytest.raises(Conflict, match="production"):
        DeleteSnapshot(studio.store, store, studio.catalog, lambda: NOW)(studio.title, made)
    check_lore(studio.snapshots, studio.title, made)
    assert studio.texts(made) == ["One."]


@pytest.mark.parametrize("word", ["version", "previous"])
def test_a_label_that_moves_while_its_snapshot_goes_is_put_back(
    studio: Studio, moto_resources: Resources, word: str
) -> None:
    """The mover looked for the snapshot before it was marked, and who deletes it at the labels before the move."""
    made = studio.take("One.")
    before = studio.name("", "staging")
    version = studio.name(made, "staging" if word == "previous" else "free")
    if word == "previous":
        before = studio.name(studio.take("Two.", 1), "staging")

    class Late(Watched):
        def label(self, *args: Any) -> None:
            if args[3].version == version:
                record = studio.record(made)
                marked = replace(record, state="deleting", revision=record.revision + 1)
                studio.snapshots.put(studio.title, marked, record.revision)
            studio.catalog.label(*args)

    writing = Writing(moto_resources, studio.title)
    catalog = Late(studio.catalog, lambda: None)
    move = MoveLabel(catalog, writing.gate, writing.bus, studio.snapshots)
    history = studio.catalog.moves(studio.title, "titles", studio.title)
    with pytest.raises(Conflict, match="deleted at the same moment"):
        move(studio.title, "titles", studio.title, "staging", "ada", LabelMove(version if word == "version" else word))
    assert studio.catalog.labels(studio.title, "titles", studio.title)["staging"] == before
    after = studio.catalog.moves(studio.title, "titles", studio.title)
    assert len(after) == len(history) + 2
    if word == "previous":
        assert earlier(after, "staging") == earlier(history, "staging")


def test_a_deletion_that_died_anywhere_can_be_repeated(studio: Studio) -> None:
    for steps in range(9):
        made = studio.take(f"Lore {steps}.")
        left = steps

        def interrupt() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Crash

        store, snapshots, catalog = (
            Watched(port, interrupt) for port in (studio.store, studio.snapshots, studio.catalog)
        )
        try:
            DeleteSnapshot(store, snapshots, catalog, lambda: NOW)(studio.title, made)
        except Crash:
            if studio.texts(made) == []:
                with pytest.raises(InvalidRequest):
                    check_lore(studio.snapshots, studio.title, made)
            studio.delete(studio.title, made)
        else:
            assert steps > 3
        assert studio.texts(made) == []
        assert studio.snapshots.all(studio.title) == []


def test_a_deletion_that_died_gives_back_what_was_named_by_then(studio: Studio) -> None:
    made = studio.take("One.")
    record = studio.record(made)
    studio.snapshots.put(studio.title, replace(record, state="deleting", revision=record.revision + 1), record.revision)
    studio.name(made)
    with pytest.raises(Conflict):
        studio.delete(studio.title, made)
    check_lore(studio.snapshots, studio.title, made)
