"""Lore snapshots through the functions' own handlers: made, named by a title's entry, searched, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.calls import answered, call, refused, sample
from tests.fakes import WordEmbeddings
from tests.handlers.conftest import Load
from tests.handlers.test_lore_api import changed, hydrate
from tests.resources import Resources

GATED = "---\nrequires: [met-king]\n---\n# The mill\n\nThe mill burns every winter.\n"
OPEN = GATED.replace("requires: [met-king]", "canon: true")
PATH = "mill.md"


class Studio:
    """A studio's calls."""

    def __init__(self, load: Load, title: str, stage: Resources) -> None:
        self.load, self.title, self.stage, self.uploads = load, title, stage, 0

    def put(self, text: str, path: str = PATH) -> None:
        self.uploads += 1
        self.stage.put_lore(self.title, path, text)
        hydrate(self.load, changed(self.title, key=f"lore/{self.title}/{path}", sequencer=f"{self.uploads:02}"))

    def take(self, **body: Any) -> Any:
        return answered(self.load("snapshot_lore")(call("snapshot_lore", self.title, body=body)))

    def listed(self, **query: str) -> Any:
        return answered(self.load("list_snapshots")(call("list_snapshots", self.title, query=query)))["snapshots"]

    def find(self, lore: str, flags: str = "", title: str = "") -> Any:
        query = {"q": "Does the mill burn?", "npc": "mira", "flags": flags, "lore": lore}
        return self.load("search_lore")(call("search_lore", title or self.title, query=query))

    def texts(self, lore: str = "", flags: str = "") -> list[str]:
        return [passage["text"] for passage in answered(self.find(lore, flags))["passages"]]

    def entry(self, lore: str, label: str | None = None, title: str = "") -> Any:
        title = title or self.title
        content = {"id": title, "name": "Saltmarrow", "lore": lore}
        body = {"content": content, **({"label": label} if label else {})}
        return self.load("put_entry")(call("put_entry", title, body=body, kind="titles", name=title))

    def delete(self, snapshot: str, title: str = "") -> Any:
        return self.load("delete_snapshot")(call("delete_snapshot", title or self.title, snapshot=snapshot))


@pytest.fixture
def studio(load: Load, title: str, stage: Resources) -> Studio:
    return Studio(load, title, stage)


def test_a_snapshot_is_made_without_embedding_anything(studio: Studio, embeddings: WordEmbeddings) -> None:
    studio.put(GATED)
    before = len(embeddings.embedded)
    made = studio.take(note="Before the flood")
    assert made == {
        "snapshot": made["snapshot"],
        "documents": 1,
        "chunks": 1,
        "copied": 1,
        "done": True,
        "changed": False,
    }
    assert len(embeddings.embedded) == before == 1
    (listed,) = studio.listed()
    assert (listed["snapshot"], listed["by"], listed["note"]) == (
        made["snapshot"],
        "writer@studio.example",
        "Before the flood",
    )
    assert (listed["documents"], listed["chunks"], listed["labels"]) == (1, 1, [])


def test_a_gate_that_was_dropped_in_the_live_lore_holds_in_the_snapshot(studio: Studio) -> None:
    studio.put(GATED)
    kept = studio.take()["snapshot"]
    studio.put(OPEN)
    assert studio.texts() == ["The mill burns every winter."]
    assert studio.texts(kept) == []
    assert studio.texts(kept, "met-king") == ["The mill burns every winter."]


def test_changed_lore_is_told(studio: Studio) -> None:
    studio.put(GATED)
    first = studio.take()["snapshot"]
    assert studio.take(snapshot=first)["changed"] is False
    studio.put(OPEN)
    second = studio.take(snapshot=first)
    assert second["changed"] is True
    assert second["snapshot"] != first


def test_a_title_names_only_snapshots_that_are_whole(studio: Studio) -> None:
    studio.put(GATED)
    kept = studio.take()["snapshot"]
    assert answered(studio.entry(kept, "production"))["labels"].keys() == {"production"}
    assert studio.listed()[0]["labels"] == ["production"]
    problem = refused(studio.entry("0" * 16), 400, "invalid-request")
    assert "0" * 16 in problem["detail"]
    refused(studio.entry("production"), 400, "invalid-request")
    refused(studio.entry(kept, title=f"{studio.title}-2"), 400, "invalid-request")


def test_a_snapshot_goes_when_no_label_names_it(studio: Studio, load: Load) -> None:
    studio.put(GATED)
    kept = studio.take()["snapshot"]
    named = answered(studio.entry(kept, "staging"))["version"]
    assert "staging" in refused(studio.delete(kept), 409, "conflict")["detail"]
    answered(studio.entry("", "staging"))
    assert "staging" in refused(studio.delete(kept), 409, "conflict")["detail"]
    content = {"id": studio.title, "name": "Another name"}
    body = {"content": content, "label": "staging"}
    answered(load("put_entry")(call("put_entry", studio.title, body=body, kind="titles", name=studio.title)))
    assert answered(studio.delete(kept)) == {"snapshot": kept, "status": "deleted"}
    assert studio.listed() == []
    refused(studio.delete(kept), 404, "not-found")
    event = call("move_label", studio.title, body={"version": named}, kind="titles", name=studio.title, label="staging")
    assert kept in refused(load("move_label")(event), 400, "invalid-request")["detail"]
    assert studio.texts(flags="met-king") == ["The mill burns every winter."]


def test_one_title_never_reads_or_deletes_another_s_snapshot(studio: Studio) -> None:
    studio.put(GATED)
    kept = studio.take()["snapshot"]
    other = f"{studio.title}-2"
    refused(studio.find(kept, "met-king", title=other), 400, "invalid-request")
    refused(studio.delete(kept, title=other), 404, "not-found")
    assert answered(studio.load("list_snapshots")(call("list_snapshots", other)))["snapshots"] == []
    assert studio.texts(kept, "met-king") == ["The mill burns every winter."]


@pytest.mark.parametrize("lore", ["x", "0123456789ABCDEF", "0" * 15, "0" * 16 + "\n", "@", "../" + "0" * 13])
def test_what_is_no_name_of_a_snapshot_is_not_searched(studio: Studio, lore: str) -> None:
    refused(studio.find(lore), 400, "invalid-request")


def test_a_space_is_no_title_to_reconcile(studio: Studio, load: Load) -> None:
    studio.put(GATED)
    before = load("reconcile_titles")(sample("reconcile_titles"))
    kept = studio.take()["snapshot"]
    assert load("reconcile_titles")(sample("reconcile_titles")) == before
    answered(load("reconcile_lore")(call("reconcile_lore", studio.title)), 202)
    assert studio.texts(kept, "met-king") == ["The mill burns every winter."]


def test_snapshots_are_for_the_studio(load: Load, title: str) -> None:
    for operation in ("snapshot_lore", "list_snapshots", "delete_snapshot"):
        for scopes in ("player", "server"):
            refused(load(operation)(call(operation, title, scopes=scopes)), 403, "forbidden")


@pytest.mark.parametrize("body", [{"note": "x" * 501}, {"snapshot": "x"}, {"surprise": 1}, []])
def test_snapshots_that_make_no_sense_are_refused(load: Load, title: str, body: Any) -> None:
    refused(load("snapshot_lore")(call("snapshot_lore", title, body=body)), 400, "invalid-request")


def test_there_is_no_snapshot_of_no_lore(load: Load, title: str) -> None:
    refused(load("snapshot_lore")(call("snapshot_lore", title, body={})), 409, "conflict")
