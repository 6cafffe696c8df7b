"""Lore snapshots: made in slices, by content, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from npcops import snapshot_lore
from npcops.adapters.dynamo_snapshots import DynamoSnapshots
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.errors import Conflict, StoreUnavailable
from npcops.lore import OPEN, Chunk, Gate, IndexedChunk, chunk_id, space_of
from npcops.snapshot_lore import SECONDS_TO_SHOW, SnapshotLore
from npcops.snapshots import NewSnapshot, Progress
from tests.hydration_driver import Crash, Watched
from tests.resources import Resources

DIMENSIONS = 4
PLENTY = 25.0


class Studio:
    """A title's lore and its snapshots. Time stands still unless a test moves it."""

    def __init__(self, resources: Resources, folder: Path, title: str) -> None:
        self.title = title
        self.store = SqliteVectorStore(folder, DIMENSIONS)
        self.snapshots = DynamoSnapshots(resources.dynamodb, resources.name("catalog"))
        self.moment = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def lore(self, document: str, *texts: str, gate: Gate = OPEN) -> None:
        """Make a document of one chunk a text; none deletes it."""
        chunks = [
            Chunk(chunk_id(document, "Lore", (), text, gate, True), document, "Lore", (), text, place, gate)
            for place, text in enumerate(texts)
        ]
        self.store.stage(self.title, [IndexedChunk(chunk, (1.0, 0.0, 0.0, 0.0)) for chunk in chunks])
        self.store.commit(self.title, document, [chunk.id for chunk in chunks])

    def take(
        self, *, store: Any = None, snapshots: Any = None, seconds: list[float] | None = None, **wanted: Any
    ) -> Progress:
        """One call, which has plenty of time unless `seconds` says what is left each time it looks."""
        made = SnapshotLore(store or self.store, snapshots or self.snapshots, lambda: self.moment)
        remaining: Callable[[], float] = (lambda: seconds.pop(0) if seconds else 0.0) if seconds else lambda: PLENTY
        return made(self.title, "ada", NewSnapshot(**wanted), remaining)

    def copy(self, snapshot: str) -> list[IndexedChunk]:
        """What a snapshot holds."""
        return list(self.store.live(space_of(self.title, snapshot)))

    def whole(self, snapshot: str) -> bool:
        """Whether it is declared to be, in which case it must be."""
        record = self.snapshots.find(self.title, snapshot)
        if record is None or record.state != "ready":
            return False
        assert self.copy(snapshot) == list(self.store.live(self.title))
        return True


@pytest.fixture
def studio(moto_resources: Resources, tmp_path: Path, title: str) -> Iterator[Studio]:
    made = Studio(moto_resources, tmp_path / "lore", title)
    made.lore("king.md", "The king is a baker.", "He sleeps.", gate=Gate(frozenset({"met-king"})))
    made.lore("mill.md", "The mill burns.")
    yield made
    made.store.close()


class Counted(Watched):
    """A store that counts what is published."""

    def __init__(self, store: Any) -> None:
        super().__init__(store, lambda: None)
        self.published: list[str] = []

    def publish(self, title: str, chunks: list[IndexedChunk]) -> None:
        self.published += [indexed.chunk.id for indexed in chunks]
        self._port.publish(title, chunks)


def test_a_snapshot_is_what_the_lore_is_now(studio: Studio) -> None:
    made = studio.take(note="Before the flood")
    assert (made.documents, made.chunks, made.copied, made.done, made.changed) == (2, 3, 3, True, False)
    assert studio.copy(made.snapshot) == list(studio.store.live(studio.title))
    record = studio.snapshots.find(studio.title, made.snapshot)
    assert record is not None
    assert (record.by, record.note, record.at) == ("ada", "Before the flood", "2026-11-20T12:00:00+00:00")


def test_equal_lore_is_the_same_snapshot_whatever_happened_in_between(studio: Studio) -> None:
    first = studio.take(note="one")
    studio.lore("mill.md", "The mill stands.")
    second = studio.take()
    studio.lore("mill.md", "The mill burns.")
    counted = Counted(studio.store)
    third = studio.take(store=counted, note="three")
    assert first.snapshot == third.snapshot != second.snapshot
    assert (third.done, third.copied, counted.published) == (True, 3, [])
    record = studio.snapshots.find(studio.title, first.snapshot)
    assert record is not None
    assert record.note == "one"


@pytest.mark.parametrize(
    ("texts", "gate"),
    [
        (("He sleeps.", "The king is a baker."), Gate(frozenset({"met-king"}))),
        (("The king is a baker.",), Gate(frozenset({"met-king"}))),
        (("The king is a baker.", "He sleeps."), OPEN),
        (("The king is a baker.", "He sleeps.", "And eats."), Gate(frozenset({"met-king"}))),
        ((), OPEN),
    ],
    ids=["order", "fewer", "gate", "more", "gone"],
)
def test_any_change_is_another_snapshot(studio: Studio, texts: tuple[str, ...], gate: Gate) -> None:
    before = studio.take()
    studio.lore("king.md", *texts, gate=gate)
    after = studio.take(snapshot=before.snapshot)
    assert after.snapshot != before.snapshot
    assert after.changed
    assert studio.copy(after.snapshot) == list(studio.store.live(studio.title))


def test_a_snapshot_does_not_change_with_the_lore(studio: Studio) -> None:
    made = studio.take()
    kept = studio.copy(made.snapshot)
    studio.lore("king.md", "The king is a smith.")
    studio.lore("mill.md")
    studio.lore("new.md", "News.")
    assert studio.copy(made.snapshot) == kept


def test_there_is_no_snapshot_of_nothing(moto_resources: Resources, tmp_path: Path, title: str) -> None:
    with pytest.raises(Conflict, match="no lore to keep"):
        Studio(moto_resources, tmp_path, title).take()


def test_large_lore_takes_several_calls_and_copies_nothing_twice(studio: Studio) -> None:
    for number in range(60):
        studio.lore(f"doc-{number:02}.md", *(f"Line {number} {line}" for line in range(number % 7 + 1)))
    expected = [identity for _, identity in studio.store.live_ids(studio.title)]
    counted, copied = Counted(studio.store), [0]
    # Time for ten documents a call.
    made = studio.take(store=counted, seconds=[PLENTY] * 11)
    while not made.done:
        assert made.copied > copied[-1] or made.copied == made.chunks
        copied.append(made.copied)
        assert not studio.whole(made.snapshot)
        made = studio.take(store=counted, seconds=[PLENTY] * 11, snapshot=made.snapshot)
        assert not made.changed
    assert len(copied) > 5
    assert counted.published == expected
    assert studio.whole(made.snapshot)


def test_documents_of_more_than_a_batch_are_whole(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_lore, "BATCH", 4)
    monkeypatch.setattr(snapshot_lore, "RECORDED", 6)
    studio.lore("large.md", *(f"Line {line}" for line in range(19)))
    counted = Counted(studio.store)
    made = studio.take(store=counted)
    assert studio.whole(made.snapshot)
    assert len(counted.published) == made.chunks == 22


def test_lore_that_changes_while_it_is_copied_is_not_taken_for_either(studio: Studio) -> None:
    class Changing(Counted):
        def publish(self, title: str, chunks: list[IndexedChunk]) -> None:
            super().publish(title, chunks)
            studio.lore("new.md", "News.")

    begun = studio.take(store=Changing(studio.store))
    assert not begun.done
    after = studio.take(snapshot=begun.snapshot)
    assert (after.done, after.changed, after.chunks) == (True, True, 4)
    assert not studio.whole(begun.snapshot)


def test_a_copy_that_caught_a_change_is_mended_when_the_lore_is_as_it_was(studio: Studio) -> None:
    """What had been copied of a document that changed for a while is taken out again."""

    class Changing(Counted):
        def live(self, title: str, after: str = "") -> Iterator[IndexedChunk]:
            studio.lore("king.md", "The king is a smith.")
            studio.lore("extra.md", "Not for long.")
            return studio.store.live(title, after)

    begun = studio.take(store=Changing(studio.store))
    assert not begun.done
    studio.lore("king.md", "The king is a baker.", "He sleeps.", gate=Gate(frozenset({"met-king"})))
    studio.lore("extra.md")
    assert not studio.take().done
    studio.moment += timedelta(seconds=SECONDS_TO_SHOW)
    assert not studio.take().done
    ended = studio.take()
    assert (ended.snapshot, ended.done) == (begun.snapshot, True)
    assert studio.whole(begun.snapshot)


def test_a_collection_that_shows_writes_late_is_waited_for(studio: Studio) -> None:
    class Late(Counted):
        shown = False

        def live_ids(self, title: str) -> Iterator[tuple[str, str]]:
            return studio.store.live_ids(title) if self.shown or "@" not in title else iter(())

    late = Late(studio.store)
    for _ in range(3):
        made = studio.take(store=late)
        assert (made.done, made.copied) == (False, 3)
        studio.moment += timedelta(seconds=20)
    late.shown = True
    assert studio.take(store=late).done
    assert len(late.published) == 3


def test_a_copy_that_was_lost_is_made_again(studio: Studio) -> None:
    begun = studio.take(seconds=[PLENTY] * 3)
    assert not begun.done
    studio.store.drop_title(space_of(studio.title, begun.snapshot))
    for _ in range(3):
        studio.moment += timedelta(seconds=SECONDS_TO_SHOW)
        studio.take()
    assert studio.whole(begun.snapshot)


def test_two_callers_do_not_work_on_one_snapshot(studio: Studio) -> None:
    told: list[Progress] = []

    class Asked(Counted):
        def publish(self, title: str, chunks: list[IndexedChunk]) -> None:
            told.append(studio.take())
            super().publish(title, chunks)

    made = studio.take(store=Asked(studio.store))
    assert made.done
    assert [(one.snapshot, one.done, one.copied) for one in told] == [(made.snapshot, False, 0)]


def test_whoever_lost_the_race_for_the_first_record_is_told_how_far_it_is(studio: Studio) -> None:
    class Racing(Watched):
        def find(self, title: str, snapshot: str) -> Any:
            found = studio.snapshots.find(title, snapshot)
            if found is None:
                studio.take(seconds=[PLENTY] * 2)
            return found

    made = studio.take(snapshots=Racing(studio.snapshots, lambda: None))
    assert (made.done, made.chunks) == (False, 3)
    assert studio.take().done


def test_a_caller_that_died_is_waited_for_as_long_as_its_time_lasted(studio: Studio) -> None:
    def die() -> None:
        raise Crash

    class Dying(Watched):
        def publish(self, *_: Any) -> None:
            raise Crash

    with pytest.raises(Crash):
        studio.take(store=Dying(studio.store, lambda: None))
    assert not studio.take().done
    studio.moment += timedelta(seconds=PLENTY + 3)
    assert studio.take().done


def test_a_store_that_does_not_answer_is_no_reason_to_wait(studio: Studio) -> None:
    class Failing(Watched):
        def publish(self, *_: Any) -> None:
            raise StoreUnavailable("The lore index did not answer (503, X).")

    with pytest.raises(StoreUnavailable):
        studio.take(store=Failing(studio.store, lambda: None))
    assert studio.take().done


def test_whoever_was_overtaken_changes_nothing(studio: Studio) -> None:
    """A call whose time was over while it hung does not declare a copy whole that another one is working on."""

    class Hanging(Counted):
        def publish(self, title: str, chunks: list[IndexedChunk]) -> None:
            studio.moment += timedelta(seconds=60)
            studio.take(seconds=[PLENTY, PLENTY])
            super().publish(title, chunks)

    with pytest.raises(Conflict, match="Somebody else"):
        studio.take(store=Hanging(studio.store))
    assert studio.take().done


def test_a_crash_between_any_two_steps_leaves_nothing_that_looks_whole(studio: Studio) -> None:
    """Calls die before their first, second, third ... use of a store; whoever asks again ends at the same snapshot."""
    steps = 0
    while True:
        studio.lore("round.md", f"Round {steps}.")
        left = steps

        def interrupt() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Crash

        try:
            made = studio.take(store=Watched(studio.store, interrupt), snapshots=Watched(studio.snapshots, interrupt))
        except Crash:
            found = [one for one in studio.snapshots.all(studio.title) if one.state != "ready"]
            unfinished = found[0] if found else None
            if unfinished is not None:
                assert not studio.whole(unfinished.id)
        else:
            break
        studio.moment += timedelta(seconds=PLENTY + 3)
        made = studio.take()
        assert made.done
        assert studio.whole(made.snapshot)
        assert unfinished is None or unfinished.id == made.snapshot
        steps += 1
    assert steps > 8
    assert made.done


def test_what_is_being_deleted_is_not_made_again_at_the_same_time(studio: Studio) -> None:
    made = studio.take()
    record = studio.snapshots.find(studio.title, made.snapshot)
    assert record is not None
    studio.snapshots.put(studio.title, replace(record, state="deleting", revision=record.revision + 1), record.revision)
    with pytest.raises(Conflict, match="being deleted"):
        studio.take()
