"""`npc catalog`: what each command sends, and what it prints for people and for machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from npc import output
from npc.entry_files import read_entry
from tests.unit.cli.pretended_stage import Stage, problem

MIRA = "/dev/v1/catalog/npcs/mira"
MOVE = {
    "label": "production",
    "version": "bbbb",
    "before": "aaaa",
    "by": "ann",
    "at": "2026-11-20T10:00:00.000+00:00",
    "why": "Drier.",
    "gate": "passed",
    "evaluations": ["e1"],
}
MOVED = {"name": "mira", "version": "bbbb", "labels": {"production": "bbbb"}, "move": MOVE}
VERSION = {
    "version": "bbbb",
    "author": "ann",
    "note": "Drier.",
    "created_at": "2026-11-20T09:00:00+00:00",
    "labels": ["production"],
    "origin": "library/bbbb",
}


def test_all_kinds_are_listed_or_one(stage: Stage) -> None:
    for kind in ("rubrics", "policies", "examples", "actions", "suites", "titles", "prompts", "npcs"):
        stage.answers[f"GET /dev/v1/catalog/{kind}"] = {"entries": []}
    stage.answers["GET /dev/v1/catalog/npcs"] = {
        "entries": [{"name": "mira", "labels": {"staging": "bbbb", "production": "aaaa"}, "latest": "bbbb"}]
    }
    ran = stage.npc("catalog", "ls")
    rows = [line.split() for line in ran.out.splitlines()[1:]]
    assert rows == [["npcs", "mira", "production", "aaaa", "bbbb"], ["staging", "bbbb"]]
    assert len(stage.requests) == 8
    assert stage.npc("catalog", "ls", "npcs", "--json").data["entries"][0]["kind"] == "npcs"
    assert len(stage.requests) == 9
    assert stage.npc("catalog", "ls", "cards").code == 2


def test_an_entry_is_printed_as_the_file_that_it_is(stage: Stage, tmp_path: Path) -> None:
    spoken = "It is 12:30 :key: \x85 [bold]now[/bold].\n\tTomorrow \u2028 " + "and tomorrow " * 20
    content = {"id": "mira", "name": "no", "persona": spoken, "role": "2026-11-20", "knowledge": ["1e3", "0123"]}
    stage.answers[f"GET {MIRA}"] = {"content": content, "version": "bbbb"}
    (tmp_path / "mira.yaml").write_text(stage.npc("catalog", "get", "npcs", "mira").out, "utf-8")
    assert read_entry(tmp_path / "mira.yaml", "npcs") == ("mira", content)


@pytest.mark.parametrize("width", [80, 100, 200])
def test_ids_stay_whole_to_be_copied(stage: Stage, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(output.people, "width", width)
    old, new, kept = "0123456789abcdef", "fedcba9876543210", "library/00112233445566aa"
    by, why = "anna.rossi@studio.example", "The festival begins :key: tomorrow, and all of them have to know of it."
    version = VERSION | {"version": new, "author": by, "origin": kept, "note": why, "labels": ["production", "staging"]}
    move = MOVE | {"version": new, "before": old, "by": by, "why": why, "gate": "overridden"}
    stage.answers[f"GET {MIRA}/versions"] = {"versions": [version], "moves": [move, move | {"before": ""}]}
    words = stage.npc("catalog", "versions", "npcs", "mira").out.split()
    assert (words.count(new), words.count(old), words.count(kept)) == (3, 1, 1)
    assert words.count(":key:") == 3


def test_an_entry_is_stored_with_its_label_and_reason(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "any.yaml").write_text("id: mira\nname: Mira\n", "utf-8")
    stage.answers[f"PUT {MIRA}"] = MOVED
    ran = stage.npc("catalog", "put", "npcs", str(tmp_path / "any.yaml"), "--note", "n", "--override", "It is urgent.")
    assert (ran.code, ran.out) == (0, "mira bbbb\n")
    assert stage.sent() == {
        "content": {"id": "mira", "name": "Mira"},
        "note": "n",
        "label": "production",
        "override": "It is urgent.",
    }


@pytest.mark.parametrize(
    ("kind", "text"), [("suites", "name: mira"), ("prompts", "name: mira\nsystem: x"), ("npcs", "x: y")]
)
def test_an_entry_is_called_by_what_is_in_it_or_by_its_file(stage: Stage, tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "mira.yaml").write_text(text, "utf-8")
    stage.answers[f"PUT /dev/v1/catalog/{kind}/mira"] = MOVED
    assert stage.npc("catalog", "put", kind, str(tmp_path / "mira.yaml"), "--label", "").code == 0
    assert stage.sent().keys() == {"content", "note"}


def test_the_history_tells_of_versions_and_moves(stage: Stage) -> None:
    stage.answers[f"GET {MIRA}/versions"] = {"kind": "npcs", "name": "mira", "versions": [VERSION], "moves": [MOVE]}
    ran = stage.npc("catalog", "versions", "npcs", "mira")
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[1] == ["bbbb", "2026-11-20", "09:00", "ann", "production", "library/bbbb", "Drier."]
    assert rows[4] == ["2026-11-20", "10:00", "production", "aaaa", "->", "bbbb", "(passed)"]
    assert rows[5] == ["ann:", "Drier."]
    assert stage.npc("catalog", "versions", "npcs", "mira", "--json").data["moves"] == [MOVE]


def test_a_move_of_real_ids_is_a_line_of_80_columns(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.people, "width", 80)
    move = MOVE | {"version": "0123456789abcdef", "before": "fedcba9876543210", "gate": "overridden", "why": ""}
    stage.answers[f"GET {MIRA}/versions"] = {
        "versions": [],
        "moves": [move, move | {"before": "", "why": "[It] fits."}],
    }
    lines = stage.npc("catalog", "versions", "npcs", "mira").out.splitlines()
    assert lines[-4:] == [
        "2026-11-20 10:00  production fedcba9876543210 -> 0123456789abcdef (overridden)",
        "  ann",
        "2026-11-20 10:00  production none -> 0123456789abcdef (overridden)",
        "  ann: [It] fits.",
    ]


def test_an_override_that_cannot_work_is_refused_before_anything_is_sent(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "npcs").mkdir()
    file = tmp_path / "npcs" / "mira.yaml"
    file.write_text("id: mira\n", "utf-8")
    short = stage.npc("catalog", "label", "npcs", "mira", "production", "bbbb", "--override", " hot fix   ")
    assert (short.code, "10 characters" in short.err) == (2, True)
    for words in (["put", "npcs", str(file), "--label", ""], ["copy", "npcs", "mira"], ["import", str(tmp_path)]):
        ran = stage.npc("catalog", *words, "--override", "It is urgent.")
        assert (ran.code, "--label production" in ran.err) == (2, True)
    assert stage.requests == []


def difference(field: str, before: Any, after: Any, diff: str = "") -> dict[str, Any]:
    return {"field": field, "before": before, "after": after, "diff": diff}


def test_differences_are_told_field_by_field(stage: Stage) -> None:
    diff = "--- before\n+++ after\n@@ -1,2 +1,2 @@\n One.\n-Two [old].\n+Two."
    found = [difference("persona", "…", "…", diff), difference("role", None, "Ferry"), difference("unique", True, None)]
    answer = {"kind": "npcs", "name": "mira", "from": "aaaa", "to": "bbbb", "differences": found}
    stage.answers[f"GET {MIRA}/diff"] = answer
    ran = stage.npc("catalog", "diff", "npcs", "mira", "staging")
    assert dict(stage.requests[-1].url.params) == {"from": "staging", "to": "latest"}
    told = [
        "persona",
        "  @@ -1,2 +1,2 @@",
        "   One.",
        "  -Two [old].",
        "  +Two.",
        "role",
        '  + "Ferry"',
        "unique",
        "  - true",
    ]
    assert ran.out.splitlines() == told
    stage.answers[f"GET {MIRA}/diff"] = answer | {"differences": []}
    assert stage.npc("catalog", "diff", "npcs", "mira").out == "aaaa and bbbb are the same\n"
    assert dict(stage.requests[-1].url.params) == {"from": "production", "to": "latest"}


def test_a_label_is_moved(stage: Stage) -> None:
    stage.answers[f"POST {MIRA}/labels/production"] = MOVED
    ran = stage.npc("catalog", "label", "npcs", "mira", "production", "staging", "--why", "Drier.")
    assert ran.out == "production of mira is at bbbb, was aaaa (passed)\n"
    assert stage.sent() == {"version": "staging", "why": "Drier."}
    stage.npc("catalog", "label", "npcs", "mira", "production", "bbbb", "--override", "It is urgent.")
    assert stage.sent() == {"version": "bbbb", "override": "It is urgent."}


def test_a_label_that_stays_is_told_so(stage: Stage) -> None:
    stage.answers[f"POST {MIRA}/labels/beta"] = MOVED | {"move": None}
    ran = stage.npc("catalog", "label", "npcs", "mira", "beta", "bbbb")
    assert ran.out == "beta of mira is at bbbb already\n"


def test_a_label_goes_back(stage: Stage) -> None:
    move = MOVE | {"version": "aaaa", "before": "bbbb", "gate": "rollback"}
    stage.answers[f"POST {MIRA}/labels/production"] = MOVED | {"move": move}
    stage.answers[f"POST {MIRA}/labels/staging"] = MOVED | {"move": move}
    assert stage.npc("catalog", "rollback", "npcs", "mira").out == (
        "production of mira is at aaaa, was bbbb (rollback)\n"
    )
    assert stage.sent() == {"version": "previous"}
    stage.npc("catalog", "rollback", "npcs", "mira", "--label", "staging", "--why", "It swears.")
    assert stage.requests[-1].url.path.endswith("/labels/staging")
    assert stage.sent() == {"version": "previous", "why": "It swears."}


def test_what_the_gate_refuses_is_one_line_and_exit_code_1(stage: Stage) -> None:
    closed = problem(409, "The canon gate is closed", "mira did not pass suite evening (hello).", "gate-closed")
    stage.answers[f"POST {MIRA}/labels/production"] = closed
    ran = stage.npc("catalog", "label", "npcs", "mira", "production", "staging")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "npc: The canon gate is closed: mira did not pass suite evening (hello).\n"


def test_an_entry_is_taken_over_from_the_library(stage: Stage) -> None:
    stage.answers["POST /dev/v1/catalog/examples/greetings/copies"] = MOVED | {"name": "greetings"}
    ran = stage.npc("catalog", "copy", "examples", "greetings", "--label", "staging", "--note", "As elsewhere.")
    assert ran.out == "greetings bbbb\n"
    assert stage.sent() == {"from": "production", "label": "staging", "note": "As elsewhere."}
