"""Every command: what it sends, what it prints for people and for machines, and how it fails."""

from __future__ import annotations

import httpx
import pytest

from npc.app import hoisted
from tests.unit.cli.pretended_stage import TURN, Stage, problem, token


def test_ask_sends_the_message_and_prints_the_line_with_its_citations(stage: Stage) -> None:
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = TURN
    ran = stage.npc("ask", "ferry", "When?", "--mode", "rag", "--save", "slot2")
    assert ran.code == 0
    assert stage.sent() == {"message": "When?", "save": "slot2", "mode": "rag"}
    assert "ferry: The [ferry] goes at noon." in ran.out
    assert "The ferry (places/ferry.md)" in ran.out


def test_a_studio_token_names_the_player_in_a_header(stage: Stage) -> None:
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = TURN
    stage.npc("ask", "ferry", "When?", "--player", "ada")
    assert stage.requests[-1].headers["x-player"] == "ada"


def test_a_player_token_speaks_for_itself(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPCOPS_TOKEN", token("player"))
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = TURN
    stage.npc("ask", "ferry", "When?")
    assert "x-player" not in stage.requests[-1].headers


@pytest.mark.parametrize("arguments", [("--json", "ask", "ferry", "hi"), ("ask", "ferry", "hi", "--json")])
def test_json_may_be_asked_for_anywhere(stage: Stage, arguments: tuple[str, ...]) -> None:
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = TURN
    assert stage.npc(*arguments).data == TURN


def test_a_problem_document_becomes_one_line_and_exit_code_1(stage: Stage) -> None:
    stage.answers["POST /dev/v1/npcs/ferry/turns"] = problem(409, "No tuned model", "Promote one\nfirst.")
    ran = stage.npc("ask", "ferry", "hi", "--mode", "tuned")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "npc: No tuned model: Promote one first.\n"


def test_a_gateway_message_is_shown_too(stage: Stage) -> None:
    stage.answers["GET /dev/v1/lore"] = httpx.Response(502, json={"message": "Internal server error"})
    assert stage.npc("lore", "ls").err == "npc: Internal server error\n"


def test_an_answer_that_is_not_json_is_reported_by_its_status(stage: Stage) -> None:
    stage.answers["GET /dev/v1/lore"] = httpx.Response(504, text="<html>")
    assert stage.npc("lore", "ls").err == "npc: HTTP 504\n"


def test_a_stage_that_does_not_answer_is_exit_code_3(stage: Stage) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    stage.answers["GET /dev/v1/lore"] = refuse
    ran = stage.npc("lore", "ls")
    assert ran.code == 3
    assert ran.err == "npc: https://api.test/dev cannot be reached (refused); is the stage up?\n"


@pytest.mark.parametrize("arguments", [("lore", "bad"), ("ask",), ("ask", "ferry", "x", "--mode", "odd"), ("--no",)])
def test_wrong_usage_is_one_line_and_exit_code_2(stage: Stage, arguments: tuple[str, ...]) -> None:
    ran = stage.npc(*arguments)
    assert ran.code == 2
    assert ran.err.startswith("npc: ")
    assert ran.err.count("\n") == 1


def test_an_unexpected_failure_is_one_line(stage: Stage) -> None:
    stage.answers["GET /dev/v1/lore"] = {"documents": "not a list"}
    ran = stage.npc("lore", "ls")
    assert ran.code == 1
    assert ran.err.startswith("npc: unexpected TypeError")
    assert ran.err.count("\n") == 1


def test_debugging_shows_the_traceback(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPCOPS_DEBUG", "1")
    stage.answers["GET /dev/v1/lore"] = {"documents": "not a list"}
    with pytest.raises(TypeError):
        stage.npc("lore", "ls")


def test_search_sends_the_character_and_flags(stage: Stage) -> None:
    passage = {"id": "c", "document": "a.md", "title": "A", "heading_path": "A > B", "score": 0.5, "text": "[x] text"}
    stage.answers["GET /dev/v1/lore/search"] = {"passages": [passage]}
    ran = stage.npc("lore", "search", "who?", "--npc", "ferry", "--flag", "q:a", "--flag", "q:b", "-k", "3")
    assert dict(stage.requests[-1].url.params) == {"q": "who?", "npc": "ferry", "flags": "q:a,q:b", "k": "3"}
    assert "0.50" in ran.out
    assert "A > B" in ran.out
    assert "[x] text" in ran.out


def test_a_search_without_a_character_does_not_send_one(stage: Stage) -> None:
    stage.answers["GET /dev/v1/lore/search"] = {"passages": []}
    stage.npc("lore", "search", "who?")
    assert dict(stage.requests[-1].url.params) == {"q": "who?", "k": "5"}


def test_ls_reads_every_page_and_filters_failures(stage: Stage) -> None:
    ready = {"path": "a.md", "status": "ready", "chunks": 2, "etag": "e", "updated_at": "now", "reason": None}
    failed = {**ready, "path": "b.pdf", "status": "failed", "reason": "it is encrypted"}

    def page(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("after") == "a.md":
            return httpx.Response(200, json={"documents": [failed], "readable": [".md"]})
        return httpx.Response(200, json={"documents": [ready], "readable": [".md"], "next": "a.md"})

    stage.answers["GET /dev/v1/lore"] = page
    assert [document["path"] for document in stage.npc("lore", "ls", "--json").data["documents"]] == ["a.md", "b.pdf"]
    out = stage.npc("lore", "ls", "--failed").out
    assert "it is encrypted" in out
    assert "a.md" not in out


def test_rm_escapes_names_but_keeps_folders(stage: Stage) -> None:
    stage.answers["DELETE /dev/v1/lore/places/Grey%2BGull%20inn%20%C3%BC.md"] = httpx.Response(204)
    ran = stage.npc("lore", "rm", "places/Grey+Gull inn ü.md")
    assert ran.code == 0, ran.err


def test_world_set_sends_flags_faction_and_place(stage: Stage) -> None:
    stage.answers["PUT /dev/v1/players/ada/world"] = lambda request: httpx.Response(204)
    ran = stage.npc("world", "set", "ada", "q:a", "q:b", "--faction", "salt", "--place", "quay", "--json")
    assert stage.sent() == {"flags": ["q:a", "q:b"], "faction": "salt", "place": "quay"}
    assert ran.data == stage.sent()


def test_world_set_without_flags_clears_them(stage: Stage) -> None:
    stage.answers["PUT /dev/v1/players/ada/world"] = lambda request: httpx.Response(204)
    stage.npc("world", "set", "ada")
    assert stage.sent() == {"flags": []}


def test_world_show_and_erase(stage: Stage) -> None:
    stage.answers["GET /dev/v1/players/ada/world"] = {"flags": ["q:a"], "faction": None, "place": "quay"}
    stage.answers["DELETE /dev/v1/players/ada"] = {"removed": {"turns": 3, "summaries": 1}}
    assert "quay" in stage.npc("world", "show", "ada").out
    assert stage.npc("player", "erase", "ada").out == "erased ada: 3 turns, 1 summaries\n"


def test_reconcile_tells_what_it_restarted_and_why(stage: Stage) -> None:
    stage.answers["POST /dev/v1/lore/reconcile"] = {"restarted": {"a.md": "never indexed"}, "checked": 7}
    ran = stage.npc("lore", "reconcile", "--stuck-seconds", "0")
    assert ran.out.splitlines() == ["7 documents checked, 1 hydrated again", "  a.md: never indexed"]
    assert dict(stage.requests[-1].url.params) == {"stuck_seconds": "0"}


def test_npcs_lists_the_catalogue(stage: Stage) -> None:
    stage.answers["GET /dev/v1/catalog/npcs"] = {"entries": [{"name": "ferry", "labels": {"production": "v1"}}]}
    assert "ferry" in stage.npc("npcs").out


def test_tokens_are_made_for_the_local_stage_only(stage: Stage) -> None:
    ran = stage.npc("token")
    assert (ran.code, ran.err) == (1, "npc: this works on the local stage only, not on dev\n")


def test_a_token_of_another_title_is_refused_before_anything_is_sent(stage: Stage) -> None:
    ran = stage.npc("lore", "ls", "--title", "othergame")
    assert (ran.code, stage.requests) == (1, [])


def test_hoisting_leaves_other_words_and_what_follows_a_double_dash() -> None:
    words = ["lore", "ls", "--stage", "qa", "--json", "--failed", "--", "--json"]
    assert hoisted(words) == ["--stage", "qa", "--json", "lore", "ls", "--failed", "--", "--json"]
    assert hoisted(["ask", "--title=x"]) == ["--title=x", "ask"]
