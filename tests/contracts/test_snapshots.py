"""The contract of `SnapshotStore`, and snapshots on every index behind it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from npcops.adapters.dynamo_snapshots import DynamoSnapshots
from npcops.adapters.opensearch_index import LUCENE, index_name
from npcops.adapters.opensearch_store import OpenSearchVectorStore
from npcops.errors import Conflict
from npcops.lore import IndexedChunk, space_of
from npcops.snapshot_lore import SECONDS_TO_SHOW, SnapshotLore
from npcops.snapshots import NewSnapshot, Progress, Snapshot
from npcops.studio_ports import SnapshotStore
from tests.contracts.lore_samples import DIMENSIONS, Adapter, indexed, pointing
from tests.resources import Resources

ONE = Snapshot(
    "0123456789abcdef", "copying", 2, 3, "ada", "2026-11-20T12:00:00+00:00", "A note", 2, "ä b.md", 1.5, 2.5, 1
)


@pytest.fixture
def snapshots(resources: Resources) -> SnapshotStore:
    return DynamoSnapshots(resources.dynamodb, resources.name("catalog"))


def test_a_snapshot_is_kept_found_and_forgotten(snapshots: SnapshotStore, title: str) -> None:
    assert snapshots.find(title, ONE.id) is None
    assert snapshots.all(title) == []
    snapshots.put(title, ONE, None)
    assert snapshots.find(title, ONE.id) == ONE
    other = Snapshot("f" * 16, "ready", 1, 1, "bo", "2026-11-21T12:00:00+00:00", revision=1)
    snapshots.put(title, other, None)
    assert sorted(snapshots.all(title), key=lambda one: one.id) == [ONE, other]
    snapshots.remove(title, ONE.id, 1)
    assert snapshots.find(title, ONE.id) is None
    assert snapshots.all(title) == [other]


def test_only_who_knows_the_newest_revision_changes_it(snapshots: SnapshotStore, title: str) -> None:
    snapshots.put(title, ONE, None)
    second = Snapshot(ONE.id, "ready", 2, 3, "ada", ONE.at, revision=2)
    for expected in (None, 2, 0):
        with pytest.raises(Conflict):
            snapshots.put(title, second, expected)
        if expected is not None:
            with pytest.raises(Conflict):
                snapshots.remove(title, ONE.id, expected)
    assert snapshots.find(title, ONE.id) == ONE
    snapshots.put(title, second, 1)
    assert snapshots.find(title, ONE.id) == second
    with pytest.raises(Conflict):
        snapshots.remove(title, "f" * 16, 1)


def test_snapshots_of_one_title_are_not_another_s(snapshots: SnapshotStore, title: str) -> None:
    snapshots.put(title, ONE, None)
    for other in (f"{title}x", title[:-1], f"{title}#snapshots"):
        assert snapshots.find(other, ONE.id) is None
        assert snapshots.all(other) == []


def test_snapshots_are_no_entries_of_the_catalogue(resources: Resources, snapshots: SnapshotStore, title: str) -> None:
    from npcops.adapters.dynamo_catalog import DynamoCatalog
    from npcops.catalogue import KINDS

    snapshots.put(title, ONE, None)
    catalog = DynamoCatalog(resources.dynamodb, resources.name("catalog"))
    assert [catalog.names(title, kind) for kind in KINDS] == [[]] * len(KINDS)


def identical(moment: datetime) -> datetime:
    return moment


def finish(store: Any, snapshots: SnapshotStore, title: str, settle: Any) -> list[Progress]:
    """Call until the snapshot is done, with half a minute between the calls."""
    moment, made = datetime(2026, 11, 20, tzinfo=UTC), list[Progress]()
    for call in range(12):
        now = moment + timedelta(seconds=30 * call)
        made.append(SnapshotLore(store, snapshots, partial(identical, now))(title, "ada", NewSnapshot(), lambda: 25.0))
        settle()
        if made[-1].done:
            return made
    raise AssertionError(made)


def found(items: Iterable[IndexedChunk]) -> list[Any]:
    return [item.chunk for item in items]


def test_a_snapshot_holds_all_lore_on_every_index(adapter: Adapter, moto_resources: Resources, title: str) -> None:
    snapshots = DynamoSnapshots(moto_resources.dynamodb, moto_resources.name("catalog"))
    documents = [[indexed(f"{d} {n}", pointing(n), f"{d}.md", n) for n in range(3 * d + 1)] for d in range(14)]
    adapter.publish(title, *documents)
    made = finish(adapter.store, snapshots, title, adapter.settle)[-1]
    space = space_of(title, made.snapshot)
    assert found(adapter.store.live(space)) == found(adapter.store.live(title))
    adapter.publish(title, [indexed("News.", document="3.md")])
    assert made.chunks == len(list(adapter.store.live_ids(space))) == sum(map(len, documents))


@pytest.mark.opensearch
def test_copies_that_a_broken_call_left_on_serverless_do_not_stay_in_a_snapshot(
    opensearch_client: Any, index_prefix: str, moto_resources: Resources
) -> None:
    title = f"title-{secrets.token_hex(4)}"
    snapshots = DynamoSnapshots(moto_resources.dynamodb, moto_resources.name("catalog"))
    store = OpenSearchVectorStore(
        opensearch_client, index_prefix, DIMENSIONS, serverless=True, engine=LUCENE, patience_seconds=4
    )
    chunks = [indexed(f"Line {n}", pointing(n), "a.md", n) for n in range(4)] + [indexed("Other.", document="b.md")]
    store.publish(title, chunks)
    opensearch_client.indices.refresh(index=index_name(index_prefix, title))
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    begun = SnapshotLore(store, snapshots, lambda: moment)(
        title, "ada", NewSnapshot(), iter([9.0] * 5 + [0.0] * 9).__next__
    )
    assert not begun.done
    index = index_name(index_prefix, space_of(title, begun.snapshot))
    opensearch_client.indices.refresh(index=index)
    for hit in opensearch_client.search(index=index, body={"query": {"term": {"document": "a.md"}}})["hits"]["hits"]:
        opensearch_client.index(index=index, body=hit["_source"])

    def settle() -> None:
        opensearch_client.indices.refresh(index=index)

    settle()
    assert len(finish(store, snapshots, title, settle)) > SECONDS_TO_SHOW / 30
    assert store.live_counts(space_of(title, begun.snapshot)) == {"a.md": 4, "b.md": 1}
