"""Hydration end to end: what is uploaded can be found, as its writer gated it, at the price of what changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from npcops.chunking import chunk
from npcops.lore import IndexedChunk
from npcops.plan_hydration import CHUNKS_PER_BATCH
from npcops.readers import read_document
from tests.hydration_driver import Hydrations
from tests.sample_lore import MILL, PARAGRAPHS, TOWER, chronicle


def test_a_document_becomes_searchable(hydrations: Hydrations, title: str) -> None:
    assert hydrations.execute(hydrations.put(title, "mill.md", MILL)) == "ready"
    assert hydrations.texts(title) == ["The mill burns every winter."]
    entry = hydrations.entry(title, "mill.md")
    assert (entry.status, entry.chunks, entry.embedded, len(entry.manifest)) == ("ready", 1, 1, 1)
    (event,) = hydrations.resources.published()
    assert event["detail-type"] == "LoreHydrated.v1"
    told = {name: event["detail"][name] for name in ("title", "document", "chunks", "embedded", "added", "removed")}
    assert told == {"title": title, "document": "mill.md", "chunks": 1, "embedded": 1, "added": 1, "removed": 0}


def test_defect_01_a_second_upload_keeps_the_first(hydrations: Hydrations, title: str) -> None:
    for path, text in (("mill.md", MILL), ("tower.md", TOWER)):
        hydrations.execute(hydrations.put(title, path, text))
    assert hydrations.texts(title) == ["The mill burns every winter.", "The tower has no door."]
    assert {chunk.document for chunk in hydrations.live(title).values()} == {"mill.md", "tower.md"}


def test_titles_keep_apart(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    hydrations.execute(hydrations.put(f"{title}-2", "mill.md", TOWER))
    assert hydrations.texts(title) == ["The mill burns every winter."]
    hydrations.execute(hydrations.remove(f"{title}-2", "mill.md"))
    assert hydrations.texts(title) == ["The mill burns every winter."]


@pytest.mark.parametrize("path", ["The Mill, Old + New.md", "傳說/König & Gräfin (v2)%20.md"])
def test_defect_08_keys_of_any_letters_are_found(hydrations: Hydrations, title: str, path: str) -> None:
    hydrations.execute(hydrations.put(title, path, MILL))
    assert hydrations.entry(title, path).status == "ready"
    assert {chunk.document for chunk in hydrations.live(title).values()} == {path}


def test_defect_08_two_uploads_in_the_same_second_do_not_collide(hydrations: Hydrations, title: str) -> None:
    first, second = hydrations.put(title, "mill.md", MILL), hydrations.put(title, "tower.md", TOWER)
    one, two = hydrations.steps(first), hydrations.steps(second)
    ends = [step for pair in zip(one, two, strict=True) for step in pair]
    assert ends[-2:] == ["ready", "ready"]
    assert len(hydrations.texts(title)) == 2


def test_an_event_delivered_twice_embeds_once(hydrations: Hydrations, title: str) -> None:
    event = hydrations.put(title, "mill.md", MILL)
    assert [hydrations.execute(event), hydrations.execute(event)] == ["ready", "NothingToDo"]
    assert len(hydrations.embeddings.embedded) == 1
    assert hydrations.announced() == ["LoreHydrated.v1"]


def test_an_older_event_after_a_newer_one_changes_nothing(hydrations: Hydrations, title: str) -> None:
    older, newer = hydrations.put(title, "mill.md", MILL), hydrations.put(title, "mill.md", TOWER)
    assert [hydrations.execute(newer), hydrations.execute(older)] == ["ready", "NothingToDo"]
    assert hydrations.texts(title) == ["The tower has no door."]


def test_a_late_upload_event_does_not_bring_a_deleted_document_back(hydrations: Hydrations, title: str) -> None:
    created, deleted = hydrations.put(title, "mill.md", MILL), hydrations.remove(title, "mill.md")
    assert [hydrations.execute(deleted), hydrations.execute(created)] == ["NothingToDo", "NothingToDo"]
    assert hydrations.texts(title) == []


def test_the_deletion_of_a_document_nobody_knows_leaves_no_trace(hydrations: Hydrations, title: str) -> None:
    assert hydrations.execute(hydrations.remove(title, "mill.md")) == "NothingToDo"
    assert hydrations.execute(hydrations.put(title, "mill.txt.meta.yaml", "requires: [a]")) == "NothingToDo"
    assert list(hydrations.ledger.entries(title)) == []
    assert hydrations.announced() == []


def test_a_document_deleted_with_its_sidecar_is_announced_once(hydrations: Hydrations, title: str) -> None:
    hydrations.put(title, "mill.txt.meta.yaml", "requires: [a]")
    hydrations.execute(hydrations.put(title, "mill.txt", "The mill burns."))
    events = [hydrations.remove(title, path) for path in ("mill.txt", "mill.txt.meta.yaml")]
    assert [hydrations.execute(event) for event in events] == ["deleted", "NothingToDo"]
    assert hydrations.announced() == ["LoreHydrated.v1", "LoreDeleted.v1"]


def test_chunks_of_a_document_that_is_known_as_deleted_are_removed(hydrations: Hydrations, title: str) -> None:
    """A hydration that was overtaken by the deletion may switch late, and plans again then."""
    old = hydrations.steps(hydrations.put(title, "mill.md", MILL))
    assert [next(old), next(old), next(old)] == ["Started", "Planned", "Embedded"]

    def overtake() -> None:
        assert hydrations.execute(hydrations.remove(title, "mill.md")) == "deleted"
        (one,) = chunk(read_document("mill.md", MILL.encode(), None))
        (vector,) = hydrations.embeddings.embed_documents([one.search_text])
        hydrations.store.stage(title, [IndexedChunk(one, vector)])

    hydrations.interrupted(1, overtake)
    assert list(old) == ["replan", "Planned", "deleted"]
    assert hydrations.store.present(title, "mill.md") == set()


def test_a_deleted_document_is_gone_and_can_come_back(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.md", MILL))
    assert hydrations.execute(hydrations.remove(title, "mill.md")) == "deleted"
    assert hydrations.texts(title) == []
    assert hydrations.entry(title, "mill.md").status == "deleted"
    assert hydrations.execute(hydrations.put(title, "mill.md", MILL)) == "ready"
    assert hydrations.texts(title) == ["The mill burns every winter."]
    assert hydrations.announced() == ["LoreHydrated.v1", "LoreDeleted.v1", "LoreHydrated.v1"]


def test_editing_one_paragraph_embeds_at_most_two_chunks(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "chronicle.md", chronicle()))
    for number in range(len(PARAGRAPHS)):
        before = len(hydrations.embeddings.embedded)
        hydrations.execute(
            hydrations.put(title, "chronicle.md", chronicle((number, f"A comet fell in year {number}.")))
        )
        assert len(hydrations.embeddings.embedded) - before <= 2
        assert hydrations.entry(title, "chronicle.md").embedded == len(hydrations.embeddings.embedded) - before
        hydrations.execute(hydrations.put(title, "chronicle.md", chronicle()))


def test_uploading_the_same_text_again_embeds_nothing(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "chronicle.md", chronicle()))
    before, live = len(hydrations.embeddings.embedded), hydrations.live(title)
    assert hydrations.execute(hydrations.put(title, "chronicle.md", chronicle())) == "ready"
    assert (len(hydrations.embeddings.embedded), hydrations.live(title)) == (before, live)


def test_changing_only_the_gate_embeds_nothing_and_holds_from_the_commit_on(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "chronicle.md", chronicle()))
    before, everything = len(hydrations.embeddings.embedded), hydrations.texts(title)
    gated = f"---\nrequires: [a]\n---\n{chronicle()}"
    *_, end = steps = list(visible_after_each_step(hydrations, hydrations.put(title, "chronicle.md", gated), title))
    assert [visible for _, visible in steps[:-1]] == [len(everything)] * (len(steps) - 1)
    assert end == ("ready", 0)
    assert hydrations.texts(title) == everything
    assert len(hydrations.embeddings.embedded) == before


def visible_after_each_step(hydrations: Hydrations, event: dict[str, Any], title: str) -> Iterator[tuple[str, int]]:
    """Each step, and how many chunks a player without flags can find after it."""
    for step in hydrations.steps(event):
        yield step, len(hydrations.live(title, frozenset()))


def test_a_sidecar_rehydrates_the_document_it_describes(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.txt", "The mill burns."))
    assert hydrations.execute(hydrations.put(title, "mill.txt.meta.yaml", "requires: [a]")) == "ready"
    assert hydrations.live(title, frozenset()) == {}
    assert hydrations.texts(title) == ["The mill burns."]
    assert hydrations.execute(hydrations.remove(title, "mill.txt.meta.yaml")) == "ready"
    assert len(hydrations.live(title, frozenset())) == 1
    assert len(hydrations.embeddings.embedded) == 1


def test_a_sidecar_may_come_before_its_document(hydrations: Hydrations, title: str) -> None:
    hydrations.execute(hydrations.put(title, "mill.txt.meta.yaml", "requires: [a]"))
    assert hydrations.execute(hydrations.put(title, "mill.txt", "The mill burns.")) == "ready"
    assert hydrations.live(title, frozenset()) == {}
    assert hydrations.texts(title) == ["The mill burns."]


def test_a_sidecar_too_large_to_read_never_opens_the_document(hydrations: Hydrations, title: str) -> None:
    hydrations.put(title, "mill.txt.meta.yaml", "requires: [a]\n" + "#" * 70_000)
    assert hydrations.execute(hydrations.put(title, "mill.txt", "The mill burns.")) == "DocumentFailed"
    assert hydrations.texts(title) == []


def test_large_documents_are_embedded_in_batches_and_switched_at_once(hydrations: Hydrations, title: str) -> None:
    text = "# Annals\n\n" + "\n\n".join(
        f"## Year {n}\n\n{PARAGRAPHS[n % 12]} {n}" for n in range(CHUNKS_PER_BATCH + 30)
    )
    steps = list(visible_after_each_step(hydrations, hydrations.put(title, "annals.md", text), title))
    assert [step for step, _ in steps] == ["Started", "Planned", "Embedded", "Embedded", "ready"]
    assert [visible for _, visible in steps[:-1]] == [0, 0, 0, 0]
    assert steps[-1][1] == hydrations.entry(title, "annals.md").chunks > CHUNKS_PER_BATCH
    listed = hydrations.resources.s3.list_objects_v2(
        Bucket=hydrations.resources.name("work"), Prefix=f"hydration/{title}/"
    )
    assert listed["KeyCount"] == 0


def test_expected_chunks_are_live_in_order(hydrations: Hydrations, title: str) -> None:
    for text in (chronicle(), chronicle((2, "Short.")), chronicle((0, PARAGRAPHS[5]))):
        hydrations.execute(hydrations.put(title, "chronicle.md", text))
        wanted = {one.id: one.position for one in chunk(read_document("chronicle.md", text.encode(), None))}
        assert {one.id: one.position for one in hydrations.live(title).values()} == wanted
        assert list(hydrations.entry(title, "chronicle.md").manifest) == list(wanted)
