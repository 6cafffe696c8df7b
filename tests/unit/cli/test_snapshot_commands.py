"""`npc lore snapshot`: asks until it is done, names the snapshot in the title, and tells what comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from npc import snapshots
from tests.unit.cli.pretended_stage import Stage, problem

POST = "POST /dev/v1/lore/snapshots"
ONE, TWO = "0123456789abcdef", "f" * 16


@pytest.fixture(autouse=True)
def _nobody_waits(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "POLL_SECONDS", 0.0)
    stage.answers["GET /dev/v1/lore"] = {"documents": [], "next": None, "readable": []}


def progress(copied: int, snapshot: str = ONE, **more: Any) -> dict[str, Any]:
    plain = {"snapshot": snapshot, "documents": 2, "chunks": 30, "copied": copied, "done": copied == 30}
    return {**plain, "changed": False, **more}


def one_after_another(*answers: Any) -> Callable[[httpx.Request], httpx.Response]:
    """Answers each call with the next of them."""
    left = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        found = left.pop(0)
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    return answer


def bodies(stage: Stage) -> list[Any]:
    return [stage.sent(n) for n, request in enumerate(stage.requests) if request.method == "POST"]


def test_a_snapshot_is_asked_for_until_it_is_done(stage: Stage) -> None:
    stage.answers[POST] = one_after_another(progress(10), progress(30, done=False), progress(30))
    ran = stage.npc("lore", "snapshot", "--note", "Before the flood")
    assert (ran.code, ran.out) == (0, f"{ONE} (2 documents, 30 chunks)\n")
    assert bodies(stage) == [{"note": "Before the flood", "snapshot": s} for s in (None, ONE, ONE)]


def test_calls_that_are_cut_off_are_made_again(stage: Stage) -> None:
    cut = problem(504, "The answer took too long", "Try again.", "timed-out")
    stage.answers[POST] = one_after_another(progress(10), cut, cut, cut, progress(20), cut, progress(30))
    assert stage.npc("lore", "snapshot", "--json").data == progress(30)


def test_a_stage_that_answers_nothing_but_failures_is_given_up(stage: Stage) -> None:
    stage.answers[POST] = one_after_another(*[problem(503, "Not available", "Later.", "store-unavailable")] * 4)
    assert stage.npc("lore", "snapshot").code == 1
    assert len(bodies(stage)) == 4


def test_a_refusal_is_told_at_once(stage: Stage) -> None:
    stage.answers[POST] = one_after_another(problem(409, "Not possible", "There is no lore to keep."))
    assert stage.npc("lore", "snapshot").err == "npc: Not possible: There is no lore to keep.\n"


def test_lore_that_changes_meanwhile_is_told_and_its_copy_removed(stage: Stage) -> None:
    stage.answers[POST] = one_after_another(progress(10), progress(20, TWO, changed=True), progress(30, TWO))
    stage.answers[f"DELETE /dev/v1/lore/snapshots/{ONE}"] = {"snapshot": ONE, "status": "deleted"}
    ran = stage.npc("lore", "snapshot")
    assert "changed meanwhile" in ran.err
    assert ran.out.startswith(TWO)
    assert [request.url.path for request in stage.requests if request.method == "DELETE"] == [
        f"/dev/v1/lore/snapshots/{ONE}"
    ]


def test_a_copy_that_cannot_be_removed_is_no_failure(stage: Stage) -> None:
    stage.answers[POST] = one_after_another(progress(10), progress(30, TWO, changed=True))
    stage.answers[f"DELETE /dev/v1/lore/snapshots/{ONE}"] = problem(409, "Not possible", "It is being made.")
    ran = stage.npc("lore", "snapshot")
    assert ran.code == 0
    assert "--unfinished" in ran.err


def test_lore_that_is_being_read_is_told(stage: Stage) -> None:
    stage.answers["GET /dev/v1/lore"] = {"documents": [{"path": "a.md"}], "next": None, "readable": []}
    stage.answers[POST] = progress(30)
    assert "1 documents are being read" in stage.npc("lore", "snapshot").err


def test_promoting_stores_a_version_of_the_title_without_a_label(stage: Stage) -> None:
    entry = "/dev/v1/catalog/titles"
    stage.answers[POST] = progress(30)
    stage.answers[f"GET {entry}"] = {"entries": [{"name": "saltmarrow", "labels": {"production": "v1"}}]}
    content = {"id": "saltmarrow", "name": "Saltmarrow", "lore": TWO}
    stage.answers[f"GET {entry}/saltmarrow"] = {"content": content, "version": "v1"}
    stage.answers[f"PUT {entry}/saltmarrow"] = {"name": "saltmarrow", "version": "v2", "labels": {"production": "v1"}}
    ran = stage.npc("lore", "snapshot", "--promote")
    assert stage.requests[-2].url.params["version"] == "production"
    assert stage.sent() == {"content": {**content, "lore": ONE}, "note": f"Lore {ONE}"}
    assert "npc catalog label titles saltmarrow production v2" in ran.out
    assert "titles/saltmarrow=v2" in ran.out
    data = stage.npc("lore", "snapshot", "--promote", "--json").data
    assert data == {**progress(30), "title": {"name": "saltmarrow", "version": "v2"}}


def test_what_is_printed_after_promoting_are_commands_that_exist(stage: Stage) -> None:
    from npc.app import hoisted, run

    for line in snapshots.steps({"name": "saltmarrow", "version": "v2"}).splitlines()[1:]:
        words = line.split()
        assert words.pop(0) == "npc"
        assert run([*hoisted(words), "--help"]) == 0


def test_a_title_without_an_entry_is_told(stage: Stage) -> None:
    stage.answers[POST] = progress(30)
    stage.answers["GET /dev/v1/catalog/titles"] = {"entries": []}
    assert "npc catalog put titles" in stage.npc("lore", "snapshot", "--promote").err


def test_snapshots_are_listed_with_their_labels(stage: Stage) -> None:
    one = {"snapshot": ONE, "done": True, "documents": 2, "chunks": 30, "by": "ada", "at": "2026-11-20T12:00:00+00:00"}
    found = {"snapshots": [{**one, "note": "A [note]", "labels": ["production"]}]}
    stage.answers["GET /dev/v1/lore/snapshots"] = found
    ran = stage.npc("lore", "snapshots")
    assert all(word in ran.out for word in (ONE, "ada", "A [note]", "production", "2026-11-20T12:00"))
    assert "unfinished" not in stage.requests[-1].url.params
    found["snapshots"][0]["done"] = False
    assert "not whole" in stage.npc("lore", "snapshots", "--unfinished").out
    assert stage.requests[-1].url.params["unfinished"] == "true"
    stage.answers["GET /dev/v1/lore/snapshots"] = {"snapshots": []}
    assert "NPCs know the live lore" in stage.npc("lore", "snapshots").out


def test_snapshots_are_removed_by_name(stage: Stage) -> None:
    stage.answers[f"DELETE /dev/v1/lore/snapshots/{ONE}"] = {"snapshot": ONE, "status": "deleted"}
    assert stage.npc("lore", "snapshot-rm", ONE).out == f"removed {ONE}\n"


def test_a_snapshot_can_be_searched(stage: Stage) -> None:
    stage.answers["GET /dev/v1/lore/search"] = {"passages": []}
    stage.npc("lore", "search", "Who?", "--lore", ONE)
    assert stage.requests[-1].url.params["lore"] == ONE
    stage.npc("lore", "search", "Who?")
    assert "lore" not in stage.requests[-1].url.params


def test_documents_in_a_folder_of_that_name_are_no_snapshots(stage: Stage) -> None:
    stage.answers["DELETE /dev/v1/lore/snapshots%2Fold.md"] = {"document": "snapshots/old.md", "status": "deleting"}
    assert stage.npc("lore", "rm", "snapshots/old.md").code == 0
