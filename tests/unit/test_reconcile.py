"""Reconciliation: whatever bucket, ledger and index disagree about is found, started over, and then left alone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from npcops.errors import StoreUnavailable
from npcops.ports import HydrationStarter
from npcops.reconcile_lore import STARTS_AT_ONCE, ReconcileLore
from tests.hydration_driver import Hydrations
from tests.sample_lore import UNREADABLE

MILL, TOWER = "The mill burns every winter.", "The tower has no door."


def reconcile_with(hydrations: Hydrations, starter: HydrationStarter) -> ReconcileLore:
    """A reconciliation whose hydrations are started by `starter`."""
    return ReconcileLore(hydrations.bucket, hydrations.ledger, hydrations.store, starter)


def settles(hydrations: Hydrations, title: str) -> bool:
    """Whether a reconciliation has nothing to do, and did nothing."""
    runs = hydrations.runs
    return hydrations.reconcile(title).restarted == {} and hydrations.runs == runs


def test_nothing_is_started_where_all_agree(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.execute(hydrations.put(title, "tower.md", TOWER))
    hydrations.execute(hydrations.remove(title, "tower.md"))
    found = hydrations.reconcile(title)
    assert (found.checked, found.restarted) == (2, {})


def test_an_upload_whose_event_was_lost_is_indexed(hydrations: Hydrations, title: str) -> None:
    hydrations.put(title, "act 1/König + Gräfin.md", MILL)
    assert hydrations.reconcile(title).restarted == {"act 1/König + Gräfin.md": "never indexed"}
    assert hydrations.texts(title) == [MILL]
    assert settles(hydrations, title)


def test_events_are_heard_after_a_reconciliation_came_first(hydrations: Hydrations, title: str) -> None:
    hydrations.put(title, "mill.md", MILL)
    hydrations.reconcile(title)
    assert hydrations.execute(hydrations.put(title, "mill.md", TOWER)) == "ready"
    assert hydrations.texts(title) == [TOWER]


def test_an_edit_whose_event_was_lost_is_indexed(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.put(title, "mill.md", TOWER)
    assert hydrations.reconcile(title).restarted == {"mill.md": "changed in the bucket"}
    assert hydrations.texts(title) == [TOWER]
    assert settles(hydrations, title)


def test_a_gate_whose_event_was_lost_closes(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.put(title, "mill.md.meta.yaml", "requires: [a]")
    assert hydrations.reconcile(title).restarted == {"mill.md": "changed in the bucket"}
    assert hydrations.live(title, frozenset()) == {}
    assert settles(hydrations, title)


def test_a_deletion_whose_event_was_lost_is_done(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.remove(title, "mill.md")
    assert hydrations.reconcile(title).restarted == {"mill.md": "deleted from the bucket"}
    assert hydrations.texts(title) == []
    assert hydrations.entry(title, "mill.md").status == "deleted"
    assert settles(hydrations, title)


def test_a_document_that_came_back_unheard_is_indexed(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.execute(hydrations.remove(title, "mill.md"))
    hydrations.put(title, "mill.md", MILL)
    assert hydrations.reconcile(title).restarted == {"mill.md": "changed in the bucket"}
    assert hydrations.texts(title) == [MILL]


def test_chunks_that_the_index_lost_are_found(hydrations: Hydrations, title: str) -> None:
    text = "\n\n".join(f"## Year {year}\n\n{MILL} {TOWER * 4}" for year in range(3))
    hydrations.execute(hydrations.put(title, "mill.md", text))
    live = sorted(hydrations.live(title))
    assert len(live) == 3
    hydrations.store.commit(title, "mill.md", live[:2])
    assert hydrations.reconcile(title).restarted == {"mill.md": "3 chunks expected in the index, 2 found"}
    assert sorted(hydrations.live(title)) == live
    assert settles(hydrations, title)


def test_a_whole_index_that_was_lost_is_rebuilt(hydrations: Hydrations, title: str) -> None:
    for path, text in (("mill.md", MILL), ("tower.md", TOWER)):
        hydrations.execute(hydrations.put(title, path, text))
    hydrations.store.drop_title(title)
    assert hydrations.reconcile(title).restarted.keys() == {"mill.md", "tower.md"}
    assert hydrations.texts(title) == [MILL, TOWER]
    assert settles(hydrations, title)


def test_chunks_that_no_ledger_knows_are_removed(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.remove(title, "mill.md")
    key = {"title": {"S": title}, "path": {"S": "mill.md"}}
    hydrations.resources.dynamodb.delete_item(TableName=hydrations.resources.name("ledger"), Key=key)
    assert hydrations.reconcile(title).restarted == {"mill.md": "indexed, but in no ledger"}
    assert hydrations.texts(title) == []
    assert settles(hydrations, title)


def test_a_ledger_that_was_lost_is_written_again(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    key = {"title": {"S": title}, "path": {"S": "mill.md"}}
    hydrations.resources.dynamodb.delete_item(TableName=hydrations.resources.name("ledger"), Key=key)
    assert hydrations.reconcile(title).restarted == {"mill.md": "never indexed"}
    assert hydrations.entry(title, "mill.md").status == "ready"
    assert len(hydrations.embeddings.embedded) == 1
    assert settles(hydrations, title)


def test_a_lasting_failure_is_not_tried_again_before_the_file_changes(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", UNREADABLE))
    assert settles(hydrations, title)
    hydrations.put(title, "mill.md", MILL)
    assert hydrations.reconcile(title).restarted == {"mill.md": "changed in the bucket"}
    assert hydrations.texts(title) == [MILL]


def test_a_lasting_failure_is_not_tried_again_for_chunks_it_cannot_bring_back(
    hydrations: Hydrations, title: str
) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.execute(hydrations.put(title, "mill.md", UNREADABLE))
    hydrations.store.drop_title(title)
    hydrations.resources.published()
    assert settles(hydrations, title)
    assert hydrations.resources.published() == []


@pytest.mark.parametrize("was_good", [True, False])
def test_an_unreadable_file_that_was_deleted_unheard_is_forgotten(
    hydrations: Hydrations, title: str, was_good: bool
) -> None:
    if was_good:
        hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.execute(hydrations.put(title, "mill.md", UNREADABLE))
    hydrations.remove(title, "mill.md")
    assert hydrations.reconcile(title).restarted == {"mill.md": "deleted from the bucket"}
    assert hydrations.entry(title, "mill.md").status == "deleted"
    assert hydrations.texts(title) == []
    assert settles(hydrations, title)


def test_hydrations_are_started_several_at_a_time(hydrations: Hydrations, title: str) -> None:
    everybody = threading.Barrier(STARTS_AT_ONCE, timeout=30)

    class Starter:
        def start(self, title: str, path: str) -> None:
            everybody.wait()

    paths = {f"{number}.md" for number in range(STARTS_AT_ONCE)}
    for path in paths:
        hydrations.put(title, path, MILL)
    assert reconcile_with(hydrations, Starter())(title, timedelta(0)).restarted.keys() == paths


def test_one_document_that_cannot_be_started_stops_no_other_and_is_told(hydrations: Hydrations, title: str) -> None:
    started: list[str] = []

    class Starter:
        def start(self, title: str, path: str) -> None:
            if path == "a.md":
                raise StoreUnavailable("Not now.")
            started.append(path)

    for path in ("a.md", "b.md", "c.md"):
        hydrations.put(title, path, MILL)
    with pytest.raises(StoreUnavailable):
        reconcile_with(hydrations, Starter())(title, timedelta(0))
    assert sorted(started) == ["b.md", "c.md"]
    assert hydrations.reconcile(title).restarted.keys() == {"a.md", "b.md", "c.md"}
    assert settles(hydrations, title)


def test_sidecars_and_folders_are_no_documents(hydrations: Hydrations, title: str) -> None:
    hydrations.put(title, "mill.txt.meta.yaml", "requires: [a]")
    hydrations.put(title, "act 1/", "")
    found = hydrations.reconcile(title)
    assert (found.checked, found.restarted) == (0, {})


def test_every_title_is_reconciled(hydrations: Hydrations, title: str) -> None:
    started: list[tuple[str, str]] = []

    class Starter:
        def start(self, title: str, path: str) -> None:
            started.append((title, path))

    hydrations.put(title, "mill.md", MILL)
    hydrations.put(f"{title}-2", "tower.md", TOWER)
    found = reconcile_with(hydrations, Starter()).everything(timedelta(minutes=15))
    assert {name: result.restarted for name, result in found.items() if name.startswith(title)} == {
        title: {"mill.md": "never indexed"},
        f"{title}-2": {"tower.md": "never indexed"},
    }
    assert {(title, "mill.md"), (f"{title}-2", "tower.md")} <= set(started)


def test_a_title_whose_last_file_was_deleted_unheard_is_reconciled(hydrations: Hydrations, title: str) -> None:
    started: list[tuple[str, str]] = []

    class Starter:
        def start(self, title: str, path: str) -> None:
            started.append((title, path))

    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.remove(title, "mill.md")
    assert title not in set(hydrations.bucket.titles())
    found = reconcile_with(hydrations, Starter()).everything(timedelta(minutes=15))
    assert found[title].restarted == {"mill.md": "deleted from the bucket"}
    assert (title, "mill.md") in started
