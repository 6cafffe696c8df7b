"""Lore, from upload to search, and the catalogue, through the functions' own handlers."""

from __future__ import annotations

from typing import Any

import pytest

from npcops import bootstrap
from tests.calls import answered, call, refused, sample
from tests.fakes import WordEmbeddings
from tests.handlers.conftest import Load
from tests.resources import Resources

MILL = "---\nrequires: [met-king]\n---\n# The mill\n\nThe mill burns every winter.\n"
PATH = "places/Grey+Gull inn.md"


def hydrate(load: Load, event: dict[str, Any]) -> dict[str, Any]:
    """What the state machine does when nothing goes wrong."""
    plan: dict[str, Any] = load("plan_hydration")(event)
    for batch in plan.get("batches", ()):
        item = {name: plan[name] for name in ("title", "path", "generation")} | {"batch": batch}
        load("embed_and_index")(item)
    if plan["action"] in ("index", "remove"):
        return dict(load("commit_hydration")(plan))
    return plan


def changed(title: str, name: str = "plan_hydration", key: str | None = None, sequencer: str = "01") -> dict[str, Any]:
    """The sample event of the state machine, about another document."""
    event = sample(name)
    changed_object = event["detail"]["object"]
    changed_object["key"] = key or changed_object["key"].replace("saltmarrow", title)
    changed_object["sequencer"] = sequencer
    return dict(event) | {"execution": f"arn:aws:states:us-east-1:123456789012:execution:hydrate-lore:run-{sequencer}"}


def test_lore_is_uploaded_hydrated_found_and_deleted(load: Load, title: str, stage: Resources) -> None:
    offer = answered(load("upload_lore")(call("upload_lore", title)), 201)
    assert offer["headers"] == {"Content-Type": "text/markdown"}
    stage.put_lore(title, PATH, MILL)
    assert hydrate(load, changed(title)) == {"status": "ready", "chunks": 1}

    (document,) = answered(load("list_lore")(call("list_lore", title, query={})))["documents"]
    assert (document["path"], document["status"], document["chunks"]) == (PATH, "ready", 1)
    assert answered(load("describe_lore")(call("describe_lore", title, document=PATH))) == document

    search = load("search_lore")
    query = {"q": "Does the mill burn?", "npc": "mira"}
    assert answered(search(call("search_lore", title, query=query))) == {"passages": []}
    (passage,) = answered(search(call("search_lore", title, query=query | {"flags": "met-king,other"})))["passages"]
    assert (passage["document"], passage["text"]) == (PATH, "The mill burns every winter.")
    assert passage["heading_path"] == "The mill"

    answered(load("delete_lore")(call("delete_lore", title, document=PATH)), 202)
    assert hydrate(load, changed(title, sequencer="02")) == {"status": "deleted", "chunks": 0}
    assert answered(search(call("search_lore", title, query=query | {"flags": "met-king"}))) == {"passages": []}
    types = [event["detail-type"] for event in stage.published()]
    assert types == ["LoreHydrated.v1", "LoreDeleted.v1"]


def test_deleting_what_nobody_knows_is_no_error(load: Load, title: str, stage: Resources) -> None:
    answered(load("delete_lore")(call("delete_lore", title, document=PATH)), 202)
    assert hydrate(load, changed(title))["action"] == "skip"
    assert answered(load("list_lore")(call("list_lore", title, query={"status": "deleted"})))["documents"] == []
    assert stage.published() == []


def test_a_reconciliation_s_event_is_hydrated_too(load: Load, title: str, stage: Resources) -> None:
    event = sample("hydration_reconciled")
    event["detail"]["object"]["key"] = f"lore/{title}/mill.md"
    stage.put_lore(title, "mill.md", MILL)
    event["execution"] = "arn:aws:states:us-east-1:123456789012:execution:hydrate-lore:reconcile-1"
    assert hydrate(load, event) == {"status": "ready", "chunks": 1}


def test_defect_08_a_key_of_s3_s_own_notification_is_decoded(load: Load, title: str, stage: Resources) -> None:
    event = sample("s3_notification_put")
    found = event["Records"][0]["s3"]["object"]
    found["key"] = found["key"].replace("saltmarrow", title)
    stage.put_lore(title, PATH, MILL)
    assert hydrate(load, {**event, "execution": "a:b:run"})["status"] == "ready"


def test_a_file_that_cannot_be_read_is_listed_with_its_reason(load: Load, title: str, stage: Resources) -> None:
    stage.put_lore(title, PATH, " ")
    assert hydrate(load, changed(title))["action"] == "failed"
    (document,) = answered(load("list_lore")(call("list_lore", title)))["documents"]
    assert (document["path"], document["status"]) == (PATH, "failed")
    assert "empty" in document["reason"]


def test_a_hydration_that_stopped_is_recorded(load: Load, title: str, stage: Resources) -> None:
    stage.put_lore(title, PATH, MILL)
    load("plan_hydration")(changed(title))
    event = sample("fail_hydration") | {"event": changed(title), "execution": changed(title)["execution"]}
    assert load("fail_hydration")(event) == {"status": "failed"}
    state = answered(load("describe_lore")(call("describe_lore", title, document=PATH)))
    assert (state["status"], "tried again" in state["reason"]) == ("failed", True)
    assert [event["detail-type"] for event in stage.published()] == ["LoreFailed.v1"]


@pytest.mark.parametrize("key", ["lore/{}/", "lore/{}/act 1/", "lore/readme.md", "lore/My Game/a.md"])
def test_what_is_no_document_wakes_nobody(load: Load, title: str, key: str, stage: Resources) -> None:
    planned = load("plan_hydration")(changed(title, key=key.format(title)))
    assert planned["action"] == "skip"
    assert stage.published() == []


def test_lists_and_states_are_for_the_studio(load: Load, title: str) -> None:
    operations = ["list_lore", "describe_lore", "search_lore", "upload_lore", "delete_lore", "reconcile_lore"]
    for operation in [*operations, "list_entries", "get_entry", "put_entry"]:
        for scopes in ("player", "server"):
            refused(load(operation)(call(operation, title, scopes=scopes)), 403, "forbidden")


def test_titles_see_their_own_lore_only(load: Load, title: str, stage: Resources) -> None:
    stage.put_lore(title, PATH, MILL)
    hydrate(load, changed(title))
    other = f"{title}-2"
    query = {"q": "Does the mill burn?", "flags": "met-king"}
    assert answered(load("search_lore")(call("search_lore", other, query=query))) == {"passages": []}
    assert answered(load("list_lore")(call("list_lore", other)))["documents"] == []
    refused(load("describe_lore")(call("describe_lore", other, document=PATH)), 404, "not-found")
    answered(load("delete_lore")(call("delete_lore", other, document=PATH)), 202)
    assert bootstrap.lore_bucket().read(title, PATH, 1000) is not None


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x" * 1001}, {"q": "Who?", "k": "0"}, {"q": "Who?", "k": "a"}])
def test_searches_that_make_no_sense_are_refused(load: Load, title: str, query: dict[str, str]) -> None:
    refused(load("search_lore")(call("search_lore", title, query=query)), 400, "invalid-request")


def test_an_empty_index_finds_nothing(load: Load, title: str) -> None:
    query = {"q": "Does the mill burn?"}
    assert answered(load("search_lore")(call("search_lore", title, query=query))) == {"passages": []}


def test_a_search_finds_as_many_as_asked_for(load: Load, title: str, stage: Resources) -> None:
    for number in range(4):
        stage.put_lore(title, f"{number}.md", f"The mill of year {number} burns.")
        hydrate(load, changed(title, key=f"lore/{title}/{number}.md"))
    query = {"q": "Does the mill burn?", "k": "2"}
    assert len(answered(load("search_lore")(call("search_lore", title, query=query)))["passages"]) == 2


@pytest.mark.parametrize(
    "body", [{}, {"path": ""}, {"path": "../a.md"}, {"path": "film.mp4"}, {"path": 7}, {"path": "a.md", "x": 1}]
)
def test_uploads_that_could_not_be_read_are_refused(load: Load, title: str, body: Any) -> None:
    refused(load("upload_lore")(call("upload_lore", title, body=body)), 400, "invalid-request")


def test_a_title_is_reconciled_on_request(load: Load, title: str, stage: Resources) -> None:
    stage.put_lore(title, PATH, MILL)
    found = answered(load("reconcile_lore")(call("reconcile_lore", title)), 202)
    assert found == {"checked": 1, "restarted": {PATH: "never indexed"}}


def test_how_long_a_hydration_may_take_can_be_said(load: Load, title: str, stage: Resources) -> None:
    stage.put_lore(title, PATH, MILL)
    load("plan_hydration")(changed(title))
    reconcile = load("reconcile_lore")
    assert answered(reconcile(call("reconcile_lore", title)), 202)["restarted"] == {}
    query = {"stuck_seconds": "0"}
    found = answered(reconcile(call("reconcile_lore", title, query=query)), 202)
    assert found["restarted"] == {PATH: "interrupted"}
    for wrong in ("soon", "-5", "1.5", "9" * 30):
        event = call("reconcile_lore", title, query={"stuck_seconds": wrong})
        refused(reconcile(event), 400, "invalid-request")


def test_all_titles_are_reconciled_at_night(load: Load, title: str, stage: Resources) -> None:
    stage.put_lore(title, PATH, MILL)
    before = load("reconcile_titles")(sample("reconcile_titles"))
    hydrate(load, changed(title))
    after = load("reconcile_titles")(sample("reconcile_titles"))
    assert before["titles"] == after["titles"] >= 1
    assert before["restarted"] - after["restarted"] == 1


def test_a_retried_batch_embeds_nothing_again(
    load: Load, title: str, stage: Resources, embeddings: WordEmbeddings
) -> None:
    stage.put_lore(title, PATH, MILL)
    plan = load("plan_hydration")(changed(title))
    item = {**sample("embed_and_index"), "title": title, "batch": plan["batches"][0]}
    assert [load("embed_and_index")(item), load("embed_and_index")(item)] == [{"embedded": 1}, {"embedded": 0}]
    assert len(embeddings.embedded) == 1
    assert sample("commit_hydration").keys() == plan.keys()


def test_the_catalogue_is_written_listed_and_read(load: Load, title: str) -> None:
    name = call("put_entry", title)["pathParameters"]["name"]
    stored = answered(load("put_entry")(call("put_entry", title)))
    assert (stored["name"], stored["labels"]) == (name, {"staging": stored["version"]})
    listed = answered(load("list_entries")(call("list_entries", title)))["entries"]
    assert listed == [{"name": name, "labels": stored["labels"], "latest": stored["version"]}]
    for version in ("staging", stored["version"], "latest", None):
        query = {"version": version} if version else {}
        entry = answered(load("get_entry")(call("get_entry", title, query=query)))
        assert (entry["kind"], entry["name"], entry["version"]) == ("npcs", name, stored["version"])
        assert entry["content"]["name"] == "Wenna"
    refused(load("get_entry")(call("get_entry", title)), 404, "not-found")
    refused(load("get_entry")(call("get_entry", title, kind="npcs", name="nobody")), 404, "not-found")
    assert answered(load("list_entries")(call("list_entries", f"{title}-2")))["entries"] == []


@pytest.mark.parametrize(
    ("content", "kind", "status", "problem"),
    [
        ({"id": "mira"}, "npcs", 400, "invalid-request"),
        ({"id": "mira", "name": "M", "persona": "P"}, "cards", 400, "invalid-request"),
        ({"name": "dialogue", "system": "{{ hero }}"}, "prompts", 422, "invalid-template"),
    ],
)
def test_entries_that_could_not_be_used_are_refused(
    load: Load, title: str, content: dict[str, Any], kind: str, status: int, problem: str
) -> None:
    name = content.get("id") or content["name"]
    event = call("put_entry", title, body={"content": content}, kind=kind, name=name)
    refused(load("put_entry")(event), status, problem)
