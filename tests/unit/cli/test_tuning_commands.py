"""`npc tune`: what it uploads, how it tells progress, and how honestly it ends."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from npc import output, polling, tuning_run
from tests.unit.cli.pretended_stage import Stage, problem

ID, EVALUATION = "019a9f3c2b1d7e5a90c4f1", "019a9f3c2b1d7e5a90c4f2"
PATH = f"/dev/v1/tunings/{ID}"
OFFERED = {"tuning": ID, "url": "https://bucket.test/training?signed"}
LINES = b'{"prompt": "Who are you?", "completion": "I am [Delfador]."}\n'
DATA = {
    "format": "pairs",
    "family": "local",
    "read": 587,
    "dropped": {"said by another speaker": 470, "a toxic answer": 0},
    "examples": {"train": 80, "validation": 9, "heldout": 10},
    "conversations": {},
    "characters": 4000,
    "longest": 300,
    "speakers": {"Delfador": 99},
    "notes": ["Only the lines of [Delfador] are learned."],
}
LOSSES = [
    {"step": 1, "epoch": 0.05, "training": 3.9, "validation": None},
    {"step": 20, "epoch": 1.0, "training": 2.2, "validation": 2.5},
    {"step": 40, "epoch": 2.0, "training": 1.5, "validation": 2.4},
]
COMPARISON = {
    "metric": "similarity",
    "candidate": 0.75,
    "baseline": 0.5,
    "difference": 0.25,
    "low": 0.1,
    "high": 0.4,
    "pairs": 10,
    "higher_is_better": True,
}


def described(state: str = "registered", step: str = "Register", status: str = "Succeeded", **given: Any) -> Any:
    """A run as the API describes it; `given` are fields of the run, or of its description."""
    request = {"dataset": "wesnoth", "npcs": ["delfador"], "speakers": [], "note": "a [wizard]"}
    run = {
        "id": ID,
        "requested_by": "ada",
        "requested_at": "2026-11-20T12:00:00.000+00:00",
        "request": request,
        "state": state,
        "evaluation": EVALUATION if state == "registered" else "",
        "custom_model": "",
        "outcome": "passed" if state == "registered" else "",
        "version": 3,
        "failure": "",
        "training_loss": None,
        "validation_loss": None,
    }
    found = {
        "tuning": run | {name: value for name, value in given.items() if name in run},
        "pipeline": {"status": "Executing", "steps": [{"name": step, "status": status}]} if step else None,
        "hyperparameters": {"epochCount": "2", "batchSize": "4"},
        "losses": LOSSES,
        "data": DATA,
        "files": {},
        "better": "yes" if state == "registered" else None,
        "page": "",
    }
    return found | {name: value for name, value in given.items() if name not in run}


def points(last: int, steps: int | None) -> list[dict[str, Any]]:
    """Losses of an epoch of so many steps, as a job tells them; None: it counts whole epochs."""
    return [
        {"step": step, "epoch": round(step / steps, 4) if steps else 1, "training": 1.5, "validation": None}
        for step in range(1, last + 1)
    ]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL_SECONDS", 0)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    file = tmp_path / "Dialogue of_Wesnoth.jsonl"
    file.write_bytes(LINES)
    return file


def serve(stage: Stage, *answers: Any, evaluation: Any = None) -> list[bytes]:
    """Offer an upload, and describe the run by these answers in turn, the last one again and again; what was put."""
    left, put = list(answers), list[bytes]()

    def store(request: httpx.Request) -> httpx.Response:
        put.append(request.content)
        return httpx.Response(200)

    stage.answers["POST /dev/v1/tunings"] = OFFERED
    stage.answers["PUT /training"] = store
    stage.answers[f"GET {PATH}"] = lambda _: httpx.Response(200, json=left.pop(0) if len(left) > 1 else left[0])
    judged = {"done": 3, "total": 20, "comparisons": [COMPARISON]}
    stage.answers[f"GET /dev/v1/evaluations/{EVALUATION}"] = evaluation or judged
    return put


def test_a_file_is_uploaded_with_everything_that_is_named(stage: Stage, lines: Path) -> None:
    put = serve(stage, described())
    words = [
        "--dataset",
        "old",
        "--npc",
        "delfador",
        "--npc",
        "kalenz",
        "--speaker",
        "Delfador",
        "--base",
        "b",
        "--throughput",
        "provisioned",
    ]
    more = ["--type", "fine-tuning", "--set", "epochCount=3", "--set", "loraRank=4", "--note", "wizards"]
    assert stage.npc("tune", "run", str(lines), *words, *more).code == 0
    assert put == [LINES]
    assert (stage.requests[0].url.params["format"], stage.sent(0)) == (
        "jsonl",
        {
            "dataset": "old",
            "npcs": ["delfador", "kalenz"],
            "speakers": ["Delfador"],
            "base": "b",
            "type": "fine-tuning",
            "throughput": "provisioned",
            "hyperparameters": {"epochCount": "3", "loraRank": "4"},
            "note": "wizards",
        },
    )


def test_a_file_alone_is_enough(stage: Stage, lines: Path) -> None:
    serve(stage, described())
    assert stage.npc("tune", str(lines)).code == 0
    sent = stage.sent(0)
    assert (sent["dataset"], sent["type"], sent["npcs"], sent["throughput"]) == (
        "dialogue-of-wesnoth",
        "fine-tuning",
        [],
        None,
    )


@pytest.mark.parametrize("before", [["--npc", "delfador"], ["--npc=delfador"], ["--json", "--npc", "delfador"]])
def test_options_may_stand_before_the_file(stage: Stage, lines: Path, before: list[str]) -> None:
    serve(stage, described())
    assert stage.npc("tune", *before, str(lines), "--no-wait").code == 0
    assert stage.sent(0)["npcs"] == ["delfador"]


def test_plain_text_is_for_pre_training(stage: Stage, tmp_path: Path) -> None:
    serve(stage, described())
    (tmp_path / "lore.TXT").write_text("Once upon a time.")
    assert stage.npc("tune", str(tmp_path / "lore.TXT"), "--no-wait").code == 0
    assert (stage.sent(0)["type"], stage.requests[0].url.params["format"]) == ("continued-pre-training", "txt")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing.jsonl"], "nothing.jsonl cannot be read"),
        (["lss"], "`npc tune` has no command of that name"),
        (["{folder}/data.xlsx"], "training data end in .jsonl, .csv, .yarn, .txt"),
        (["{folder}/data.jsonl", "--set", "epochCount"], "--set needs a name and a value"),
    ],
)
def test_what_is_no_training_is_refused_before_anything_is_sent(
    stage: Stage, tmp_path: Path, arguments: list[str], told: str
) -> None:
    for name in ("data.xlsx", "data.jsonl"):
        (tmp_path / name).write_bytes(LINES)
    ran = stage.npc("tune", *(word.format(folder=tmp_path) for word in arguments))
    assert (ran.code != 0, told in ran.err, stage.requests) == (True, True, [])


def test_without_anything_the_commands_are_listed(stage: Stage) -> None:
    assert "corrections" in stage.npc("tune", "--help").out


def test_each_step_is_told_once_as_it_begins(stage: Stage, lines: Path) -> None:
    running = [
        described("waiting", step="", losses=[], data=None),
        described("running", "Preprocess", "Executing", losses=[], data=None),
        described("running", "Tune", "Executing"),
        described("running", "Tune", "Executing"),
        described("running", "Evaluate", "Executing", evaluation=EVALUATION),
    ]
    serve(stage, *running, described())
    ran = stage.npc("tune", str(lines))
    told = [line.strip() for line in ran.err.splitlines()]
    assert told == [
        f"tuning {ID}",
        "reading the data",
        "tuning",
        "evaluating",
        "registering",
    ]
    assert ran.code == 0


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (described("running", "Tune", "Executing"), ("tuning: step 40, loss 1.500", 40, 40)),
        (described("running", "Tune", "Executing", hyperparameters={}), ("tuning: step 40, loss 1.500", 40, None)),
        (described("running", "Tune", "Executing", losses=[]), ("tuning", 0, None)),
        # More steps than the uploaded examples make: what was learned is rehearsed among them.
        (described("running", "Tune", "Executing", losses=points(83, 42)), ("tuning: step 83, loss 1.500", 83, 84)),
        # A job that counts whole epochs does not tell how long one is.
        (described("running", "Tune", "Executing", losses=points(3, None)), ("tuning: step 3, loss 1.500", 3, None)),
        (
            described("running", "Tune", "Executing", custom_model="arn"),
            ("tuning: waiting until the tuned model can be asked", 0, None),
        ),
        (
            described("running", "Evaluate", "Executing", evaluation=EVALUATION),
            ("evaluating: playing cases", 3, 20),
        ),
        (described("running", "Evaluate", "Executing"), ("evaluating", 0, None)),
    ],
)
def test_progress_tells_step_loss_and_cases(
    stage: Stage, lines: Path, monkeypatch: pytest.MonkeyPatch, found: Any, told: tuple[str, int, int | None]
) -> None:
    seen: list[Any] = []

    class Listener:
        def __enter__(self) -> Listener:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def begin(self, what: str) -> None:
            return None

        def __call__(self, *progress: Any) -> None:
            seen.append(progress)

    monkeypatch.setattr(tuning_run, "Reporter", Listener)
    serve(stage, found, described())
    stage.npc("tune", str(lines))
    assert seen[0] == told


def test_the_loss_is_that_of_the_model_that_was_kept(stage: Stage, lines: Path) -> None:
    serve(stage, described(training_loss=1.7, validation_loss=2.3))
    ran = stage.npc("tune", str(lines))
    assert "Loss: 3.900 to 1.700 on what it learned; 2.500 to 2.300 on lines that it did not learn" in ran.out


def test_what_came_of_it_is_told_with_data_curve_and_figures(stage: Stage, lines: Path) -> None:
    serve(stage, described())
    ran = stage.npc("tune", str(lines))
    lines_told = [line.strip() for line in ran.out.splitlines() if line.strip()]
    assert lines_told[0] == "BETTER  than what players hear now, by more than chance"
    assert lines_told[1] == "Data: 587 records read; 80 to learn, 9 to watch the learning, 10 kept for the evaluation"
    assert lines_told[2:4] == ["left out: said by another speaker (470)", "Only the lines of [Delfador] are learned."]
    assert lines_told[4] == "Loss: 3.900 to 1.500 on what it learned; 2.500 to 2.400 on lines that it did not learn"
    assert [line.split()[0] for line in (lines_told[5], lines_told[12])] == ["3.90", "1.50"]
    assert " ".join(lines_told[14].split()) == "similarity 75.0 % 50.0 % +25.0 % +10.0 % to +40.0 %"
    assert lines_told[15:] == [
        f"Answers before and after: npc tune open {ID}",
        "To let it speak: npc model approve 3",
    ]


@pytest.mark.parametrize(
    ("found", "first", "code"),
    [
        (described(better="not-shown"), "NOT SHOWN TO BE BETTER  it passed, but chance alone", 0),
        (described(better="no"), "WORSE IN PART  it passed, but some figure became worse", 0),
        (described("failed", "NotBetter", outcome="failed", failure="It ended as failed."), "NOT GOOD ENOUGH", 1),
        (described("failed", "Preprocess", failure="No [line] can be read."), "FAILED  No [line] can be read.", 1),
        (described("stopped", "Tune", failure=""), "STOPPED  tuning", 1),
    ],
)
def test_it_is_not_called_better_than_it_is(stage: Stage, lines: Path, found: Any, first: str, code: int) -> None:
    serve(stage, found)
    ran = stage.npc("tune", str(lines))
    assert (ran.code, ran.out.startswith(first)) == (code, True)
    assert ("npc model approve" in ran.out) == (code == 0)
    assert stage.npc("tune", str(lines), "--json").data == found


def test_a_run_outlives_its_evaluation(stage: Stage) -> None:
    serve(stage, described(), evaluation=problem(404, "Not found", "There is no such evaluation."))
    ran = stage.npc("tune", "show", ID)
    assert (ran.code, ran.out.startswith("BETTER"), "similarity" in ran.out) == (0, True, False)


def test_who_does_not_wait_gets_the_id(stage: Stage, lines: Path) -> None:
    serve(stage, described())
    ran = stage.npc("tune", str(lines), "--no-wait")
    assert (ran.code, ran.out.strip(), len(stage.requests)) == (0, ID, 2)


def test_an_upload_that_is_refused_is_told(stage: Stage, lines: Path) -> None:
    serve(stage, described())
    stage.answers["PUT /training"] = httpx.Response(403)
    ran = stage.npc("tune", str(lines))
    assert (ran.code, "the training bucket refused the data: HTTP 403" in ran.err) == (1, True)


def test_who_interrupts_leaves_it_running_and_hears_how_to_go_on(stage: Stage, lines: Path) -> None:
    serve(stage, described())

    def interrupted(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    stage.answers[f"GET {PATH}"] = interrupted
    ran = stage.npc("tune", str(lines))
    assert ran.code == 130
    assert f"`npc tune follow {ID}` looks at it again, `npc tune stop {ID}` stops it" in ran.err
    assert [request.method for request in stage.requests] == ["POST", "PUT", "GET"]


def test_a_stage_that_is_gone_is_asked_a_few_times(stage: Stage, lines: Path) -> None:
    serve(stage, described())

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    stage.answers[f"GET {PATH}"] = away
    ran = stage.npc("tune", str(lines))
    assert (ran.code, "npc tune follow" in ran.err) == (3, True)
    asked = [request for request in stage.requests if request.method == "GET"]
    assert len(asked) == polling.PATIENCE


def test_following_again_tells_the_end(stage: Stage) -> None:
    serve(stage, described("running", "Tune", "Executing"), described())
    stage.answers["GET /dev/v1/tunings"] = {"tunings": [{"id": ID}], "next": None}
    ran = stage.npc("tune", "follow", "last")
    assert (ran.code, ran.out.startswith("BETTER")) == (0, True)


def test_corrections_become_a_run(stage: Stage) -> None:
    serve(stage, described())
    stage.answers["POST /dev/v1/tunings/corrections"] = {"tuning": ID, "corrections": 4}
    assert stage.npc("tune", "corrections", "--npc", "delfador", "--set", "epochCount=1").code == 0
    assert stage.sent(0) == {
        "npcs": ["delfador"],
        "base": "",
        "throughput": None,
        "hyperparameters": {"epochCount": "1"},
        "note": "",
    }


def test_runs_are_listed_shown_and_stopped(stage: Stage) -> None:
    serve(stage, described())
    stage.answers["GET /dev/v1/tunings"] = {"tunings": [described()["tuning"]], "next": None}
    row = stage.npc("tune", "ls").out.splitlines()[1].split()
    assert row == [ID, "11-20", "12:00", "ada", "registered", "wesnoth", "delfador", "3"]
    assert stage.npc("tune", "ls").out.splitlines()[-1].split() == [ID, "a", "[wizard]"]
    assert stage.npc("tune", "show", ID).out.startswith("BETTER")
    stage.answers[f"POST {PATH}/stop"] = {"tuning": ID, "state": "running"}
    assert stage.npc("tune", "stop", "last").out == "it is being stopped\n"
    stage.answers[f"POST {PATH}/stop"] = problem(409, "Not possible", "It has ended.")
    assert "It has ended." in stage.npc("tune", "stop", ID).err


def test_why_a_run_failed_is_read_on_a_narrow_terminal(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.people, "width", 80)
    reason = " ".join(["AlgorithmError: no line of [Delfador] is left"] * 5)
    failed = described("failed", failure=reason)["tuning"]
    stage.answers["GET /dev/v1/tunings"] = {"tunings": [failed, described()["tuning"]], "next": None}
    told = stage.npc("tune", "ls").out.splitlines()
    assert (len(told), max(map(len, told)) <= 80) == (11, True)
    assert " ".join(" ".join(told[5:]).replace(ID, "").split()) == f"{reason} a [wizard]"


def test_where_nothing_was_tuned_it_is_said(stage: Stage) -> None:
    stage.answers["GET /dev/v1/tunings"] = {"tunings": [], "next": None}
    assert stage.npc("tune", "ls").out == "there is no tuning run yet\n"
    assert stage.npc("tune", "show", "last").err == "npc: there is no tuning run yet\n"


def test_a_page_is_written(stage: Stage, tmp_path: Path) -> None:
    serve(stage, described(page="<html>é</html>"))
    place = tmp_path / "run.html"
    ran = stage.npc("tune", "open", ID, "--to", str(place))
    assert (ran.code, ran.out.strip(), place.read_text("utf-8")) == (0, str(place), "<html>é</html>")
    assert stage.requests[0].url.params["page"] == "html"


def test_an_answer_is_json_if_that_is_wanted(stage: Stage, lines: Path) -> None:
    serve(stage, described())
    ran = stage.npc("tune", str(lines), "--no-wait", "--json")
    assert json.loads(ran.out) == OFFERED


def test_without_a_terminal_a_line_is_told_if_it_says_more_and_not_too_often(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with output.Reporter() as told:
        for second in range(0, 90, 2):
            now[0] = float(second)
            if second == 40:
                told.begin("tuning")
            elif second < 60:
                told("waiting to begin" if second < 40 else "tuning", 0, None)
            else:
                told(f"tuning: step {second}", second, 100)
    lines = [line.strip() for line in capsys.readouterr().err.splitlines()]
    steps = [f"tuning: step {second}: {second} of 100" for second in (60, 72, 84)]
    assert lines == ["waiting to begin", "tuning", *steps]
