"""`npc eval` and `npc try`: what they send, what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from npc import output, polling
from tests.unit.cli.pretended_stage import Stage, problem

ID = "019a9c4f2d803f1b2c4d5e"
PATH = f"/dev/v1/evaluations/{ID}"
STARTED = {"evaluation": ID, "state": "queued", "attempt": 1}
COMPARISON = {
    "metric": "groundedness",
    "candidate": 0.5,
    "baseline": 0.75,
    "difference": -0.25,
    "low": -0.4,
    "high": -0.1,
    "pairs": 4,
    "higher_is_better": True,
}


def described(outcome: str | None = "passed", **given: Any) -> dict[str, Any]:
    """An evaluation as the API describes it."""
    verdict = outcome and {"outcome": outcome, "reasons": [], "failing": [], "regressed": [], "improved": []}
    return {
        "id": ID,
        "state": "concluded" if outcome else "running",
        "requested_by": "ada",
        "requested_at": "2026-11-20T12:00:00.000+00:00",
        "concluded_at": "",
        "request": {"note": "a new toll"},
        "attempt": 1,
        "total": 4,
        "done": 4 if outcome else 1,
        "npcs": ["wenna-tull"],
        "changes": [],
        "verdict": verdict,
        "comparisons": [],
        "kinds": [],
        "failure": "",
        "report": {"report.html": "https://bucket.test/report.html?signed"} if outcome else {},
    } | given


BROKEN = described(
    "failed",
    verdict={
        "outcome": "failed",
        "reasons": [{"kind": "worse", "told": "Fewer [cases] pass.", "cases": []}],
        "failing": ["canon.toll", "canon.king"],
        "regressed": ["canon.toll"],
        "improved": ["canon.ferry"],
    },
    comparisons=[COMPARISON],
)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL_SECONDS", 0)


def serve(stage: Stage, *answers: Any) -> None:
    """Start an evaluation that is described by these answers in turn; the last one is repeated."""
    left = list(answers)
    stage.answers["POST /dev/v1/evaluations"] = STARTED
    stage.answers[f"GET {PATH}"] = lambda _: httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])


def test_a_run_asks_for_everything_that_is_named(stage: Stage, tmp_path: Path) -> None:
    serve(stage, described())
    cases = tmp_path / "cases.jsonl"
    cases.write_text('\ufeff{"id": "one"}\n\n{"id": "two"}\n')
    arguments = "--candidate prompts/dialogue=staging --candidate npcs/wenna-tull=0123456789abcdef --model m --lore s"
    more = f"--npc wenna-tull --suite canon --suite gates --cases {cases} --no-judge --note toll"
    words = f"{arguments} {more} --baseline none --repeats 3".split()
    assert stage.npc("eval", "run", *words).code == 0
    assert json.loads(stage.requests[0].content) == {
        "candidate": {
            "label": "production",
            "versions": {"prompts/dialogue": "staging", "npcs/wenna-tull": "0123456789abcdef"},
            "model": "m",
            "lore": "s",
        },
        "baseline": None,
        "npcs": ["wenna-tull"],
        "suites": ["canon", "gates"],
        "cases": [{"id": "one"}, {"id": "two"}],
        "greedy": False,
        "repeats": 3,
        "judge": False,
        "note": "toll",
    }


def test_a_plain_run_compares_production_with_itself(stage: Stage) -> None:
    serve(stage, described())
    stage.npc("eval", "run")
    sent = json.loads(stage.requests[0].content)
    assert (sent["candidate"], sent["baseline"]) == ({"label": "production"}, {"label": "production"})
    assert (sent["greedy"], sent["repeats"], sent["judge"]) == (True, 1, True)


@pytest.mark.parametrize(
    ("name", "text", "kind", "entry"),
    [
        ("prompts/mine.yaml", "name: dialogue\nsystem: You are.\n", "prompts", "dialogue"),
        ("mine.yaml", "name: dialogue\nsystem: You are.\n", "prompts", "dialogue"),
        ("wenna.yaml", "id: wenna-tull\nname: Wenna\npersona: A ferrywoman.\nexamples: []\n", "npcs", "wenna-tull"),
        ("title.yaml", "id: saltmarrow\nname: Saltmarrow\n", "titles", "saltmarrow"),
        ("some.yaml", "name: greetings\nexamples: []\n", "examples", "greetings"),
    ],
)
def test_a_file_is_stored_without_a_label_and_evaluated(
    stage: Stage, tmp_path: Path, name: str, text: str, kind: str, entry: str
) -> None:
    serve(stage, described())
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    stage.answers[f"PUT /dev/v1/catalog/{kind}/{entry}"] = {"name": entry, "version": "feed", "labels": {}}
    assert stage.npc("eval", "run", "--file", str(file)).code == 0
    stored, started = (json.loads(request.content) for request in stage.requests[:2])
    assert "label" not in stored
    assert started["candidate"]["versions"] == {f"{kind}/{entry}": "feed"}


@pytest.mark.parametrize(
    "arguments", [["--candidate", "prompts/dialogue"], ["--candidate", "songs/x=1"], ["--file", "{folder}/odd.yaml"]]
)
def test_what_names_no_entry_is_refused_before_anything_is_sent(
    stage: Stage, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "odd.yaml").write_text("colour: green\n")
    ran = stage.npc("eval", "run", *(word.format(folder=tmp_path) for word in arguments))
    assert (ran.code, stage.requests) == (1, [])


def test_it_is_followed_until_it_is_concluded(stage: Stage) -> None:
    serve(stage, described(None, state="queued", total=0), described(None), described(None, done=4), described())
    ran = stage.npc("eval", "run")
    assert (ran.code, len(stage.requests)) == (0, 5)
    assert ran.out.startswith("PASSED  4 of 4 cases pass")
    assert ID in ran.err


def test_the_verdict_comes_first_then_what_broke_then_figures(stage: Stage) -> None:
    serve(stage, BROKEN)
    ran = stage.npc("eval", "run")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "npc: the candidate did not pass"
    lines = [line.strip() for line in ran.out.splitlines() if line.strip()]
    assert lines[:3] == ["FAILED  2 of 4 cases pass", "Fewer [cases] pass.", "1 regressed: passed before, and fail now"]
    assert lines[3] == "canon.toll"
    assert [lines.index(key) for key in ("canon.toll", "canon.king", "canon.ferry")] == [3, 5, 7]
    assert " ".join(lines[9].split()) == "groundedness 50.0 % 75.0 % -25.0 % -40.0 % to -10.0 %"
    assert lines[-1].endswith(f"npc eval open {ID}")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (described("incomplete", done=3), "the evaluation is incomplete"),
        (described(None, state="failed", failure="The card of x names y."), "failed: The card of x names y."),
    ],
)
def test_what_came_to_no_verdict_ends_badly_too(stage: Stage, found: dict[str, Any], told: str) -> None:
    serve(stage, found)
    ran = stage.npc("eval", "run", "--json")
    assert (ran.code, told in ran.err) == (1, True)
    assert ran.data == found


def test_who_does_not_wait_gets_the_id(stage: Stage) -> None:
    serve(stage, BROKEN)
    ran = stage.npc("eval", "run", "--no-wait")
    assert (ran.code, ran.out.strip(), len(stage.requests)) == (0, ID, 1)


def test_a_stage_that_is_gone_is_told_with_what_to_do(stage: Stage) -> None:
    stage.answers["POST /dev/v1/evaluations"] = STARTED

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    stage.answers[f"GET {PATH}"] = away
    ran = stage.npc("eval", "run")
    assert ran.code == 3
    assert f"npc eval resume {ID}" in ran.err


def test_one_question_that_is_not_answered_is_asked_again(stage: Stage) -> None:
    serve(stage, described())
    answers = iter([httpx.ReadTimeout("slow"), described()])

    def now_and_then(_: httpx.Request) -> httpx.Response:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return httpx.Response(200, json=found)

    stage.answers[f"GET {PATH}"] = now_and_then
    assert stage.npc("eval", "run").code == 0


def test_resuming_goes_on_and_tells_the_end(stage: Stage) -> None:
    serve(stage, BROKEN)
    stage.answers["GET /dev/v1/evaluations"] = {"evaluations": [{"id": ID}], "next": None}
    stage.answers[f"POST {PATH}/resume"] = STARTED | {"attempt": 2}
    assert stage.npc("eval", "resume", "last").code == 1
    stage.answers[f"POST {PATH}/resume"] = problem(409, "Not possible", "It is still under way.")
    ran = stage.npc("eval", "resume", ID)
    assert (ran.code, "still under way" in ran.err) == (1, True)


def test_cases_are_uploaded_where_the_stage_says(stage: Stage, tmp_path: Path) -> None:
    serve(stage, described())
    put: list[bytes] = []
    stage.answers["POST /dev/v1/evaluations/uploads"] = {"evaluation": ID, "url": "https://bucket.test/cases?signed"}

    def store(request: httpx.Request) -> httpx.Response:
        put.append(request.content)
        return httpx.Response(200)

    stage.answers["PUT /cases"] = store
    file = tmp_path / "cases.jsonl"
    file.write_bytes(b'{"id": "one"}\n')
    assert stage.npc("eval", "upload", str(file), "--label", "staging").code == 0
    assert put == [b'{"id": "one"}\n']
    assert json.loads(stage.requests[0].content)["candidate"] == {"label": "staging"}
    stage.answers["PUT /cases"] = httpx.Response(403)
    assert "HTTP 403" in stage.npc("eval", "upload", str(file)).err


def test_a_report_is_written_to_a_file(stage: Stage, tmp_path: Path) -> None:
    serve(stage, BROKEN)
    stage.answers["GET /report.html"] = httpx.Response(200, content=b"<html>both</html>")
    place = tmp_path / "report.html"
    ran = stage.npc("eval", "open", ID, "--to", str(place), "--no-browser")
    assert (ran.code, ran.out.strip(), place.read_bytes()) == (0, str(place), b"<html>both</html>")
    missing = stage.npc("eval", "open", ID, "--to", str(tmp_path / "report.json"))
    assert (missing.code, "no report.json" in missing.err) == (1, True)


def test_evaluations_are_listed_and_shown(stage: Stage) -> None:
    serve(stage, BROKEN)
    listed: dict[str, Any] = {
        "id": ID,
        "requested_at": "2026-11-20T12:00:00",
        "requested_by": "ada",
        "state": "concluded",
        "outcome": "failed",
    }
    listed |= {"total": 4, "failing": 2, "regressed": 1, "note": "a [toll]", "npcs": []}
    stage.answers["GET /dev/v1/evaluations"] = {"evaluations": [listed], "next": None}
    assert stage.npc("eval", "ls").out.splitlines()[1].split() == [
        *(ID, "11-20", "12:00", "ada", "failed", "4", "2", "1"),
        *("a", "[toll]"),
    ]
    shown = stage.npc("eval", "show", ID)
    assert (shown.code, shown.out.splitlines()[0].endswith("by ada  a new toll")) == (0, True)
    serve(stage, described(None))
    assert "running: 1 of 4 cases played" in stage.npc("eval", "show", ID).out


def test_a_trend_is_a_table_and_if_wanted_a_page(stage: Stage, tmp_path: Path) -> None:
    point: dict[str, Any] = {
        "npc": "wenna-tull",
        "at": "2026-11-20T12:00:00.000+00:00",
        "evaluation": ID,
        "outcome": "passed",
    }
    point |= {"cases": 4, "pass_rate": 0.75, "figures": {"ms": 812.0}, "subject": "x"}
    stage.answers["GET /dev/v1/npcs/wenna-tull/trend"] = {"points": [point], "page": "<html>trend</html>"}
    ran = stage.npc("eval", "trend", "wenna-tull", "--to", str(tmp_path / "trend.html"))
    row = ["11-20", ID, "passed", "4", "75%", "0.81", "s"]
    assert ran.out.splitlines()[1].split() == row
    assert (tmp_path / "trend.html").read_text() == "<html>trend</html>"
    assert stage.requests[0].url.params["page"] == "html"


@pytest.mark.parametrize(("width", "more"), [(80, []), (200, ["toxic", "cost"])])
def test_a_trend_has_the_figures_for_which_there_is_room(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, width: int, more: list[str]
) -> None:
    monkeypatch.setattr(output.people, "width", width)
    figures = {"groundedness": 1.0, "citation_support": 1.0, "toxicity": 0.1, "ms": 14200.0, "cost_usd": 0.00042}
    point = {"at": "2026-11-20T12:00:00.000+00:00", "evaluation": ID, "outcome": "passed", "cases": 151}
    stage.answers["GET /dev/v1/npcs/wenna-tull/trend"] = {"points": [point | {"pass_rate": 1.0, "figures": figures}]}
    lines = stage.npc("eval", "trend", "wenna-tull").out.splitlines()
    columns = ["day", "evaluation", "verdict", "cases", "pass", "grounded", "cited", "time", *more]
    assert (len(lines), lines[0].split()) == (2, columns)


def test_a_trend_has_what_players_had_beside_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.people, "width", 80)
    live = {
        "npc": "mira",
        "period": "2026-11-16",
        "first": "2026-11-09",
        "last": "2026-11-15",
        "turns": 210,
        "failed": 3,
    }
    live |= {"measured": 40, "rated": 0, "groundedness": 0.82, "rating": None}
    stage.answers["GET /dev/v1/npcs/mira/trend"] = {"points": [], "live": [live], "page": ""}
    shown = [line.split() for line in stage.npc("eval", "trend", "mira").out.splitlines()]
    assert shown[1] == ["players'", "turns", "counted", "failed", "measured", "grounded", "rated", "rating"]
    assert shown[2] == ["11-09", "to", "11-15", "210", "3", "40", "82.0", "%", "0", "–"]
    assert stage.npc("eval", "trend", "mira", "--json").data == {"points": [], "live": [live]}


def test_where_nothing_was_evaluated_it_is_said(stage: Stage) -> None:
    stage.answers["GET /dev/v1/npcs/mira/trend"] = {"points": [], "page": ""}
    assert stage.npc("eval", "trend", "mira").out == "no evaluation of mira is concluded\n"
    stage.answers["GET /dev/v1/evaluations"] = {"evaluations": [], "next": None}
    assert stage.npc("eval", "ls").out == "there is no evaluation yet\n"


def a_turn(say: str) -> dict[str, Any]:
    turn = {"message": "?", "say": say, "actions": [{"name": "point", "arguments": {}}], "degraded": None, "model": "m"}
    cited = [{"id": "c", "document": "toll.md", "title": "Tolls"}]
    usage = {"input_tokens": 10, "output_tokens": 2, "cached_tokens": 0, "cost_usd": 0.0001, "ms": 5}
    return turn | {"citations": cited, "usage": usage, "ms": 5, "first_ms": 2}


def test_trying_says_what_would_be_said_also_beside_production(stage: Stage) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        tried = json.loads(request.content)
        say = "Two [chips]." if tried["configuration"] else "Three."
        return httpx.Response(200, json={"subject": {}, "turns": [a_turn(say)], "passages": [], "unanswered": 1})

    stage.answers["POST /dev/v1/tryouts"] = answer
    words = [
        "wenna-tull",
        "What is it?",
        "And for two?",
        "--flag",
        "quest:done",
        "--candidate",
        "prompts/dialogue=staging",
    ]
    ran = stage.npc("try", *words, "--beside")
    lines = ran.out.splitlines()
    assert (lines[0], lines[1]) == ("What is it?", "candidate: Two [chips].")
    assert "production: Three." in lines
    assert lines[-1] == "production: the time was up"
    sent = [json.loads(request.content) for request in stage.requests]
    assert sent[0]["messages"] == ["What is it?", "And for two?"]
    assert (sent[0]["flags"], sent[1]["configuration"]) == (["quest:done"], {})
    assert stage.npc("try", *words, "--json").data["turns"][0]["say"] == "Two [chips]."
