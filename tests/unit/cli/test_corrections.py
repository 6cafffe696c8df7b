"""`npc corrections` and `npc judge`: what they send and print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.cli.pretended_stage import Stage, problem

PATH = "/dev/v1/corrections"
JUDGEMENTS = "/dev/v1/rubrics/persona/judgements"
LISTED = {
    "corrections": [{"id": "c1", "npc": "mira", "message": "Who?", "said": "A [miller].", "corrected": "A king."}],
    "more": False,
}


def test_corrections_are_listed_by_state(stage: Stage) -> None:
    stage.answers[f"GET {PATH}"] = LISTED
    ran = stage.npc("corrections", "ls", "--state", "accepted")
    assert stage.requests[0].url.params["state"] == "accepted"
    assert ran.out.splitlines()[1].split() == ["c1", "mira", "Who?", "A", "[miller].", "A", "king."]
    assert stage.npc("corrections", "ls", "--json").data == LISTED
    stage.answers[f"GET {PATH}"] = {"corrections": [], "more": False}
    assert stage.npc("corrections", "ls").out == "none is proposed\n"


def test_older_corrections_are_another_page(stage: Stage) -> None:
    stage.answers[f"GET {PATH}"] = LISTED | {"more": True}
    ran = stage.npc("corrections", "ls", "--before", "c2")
    assert (ran.code, stage.requests[0].url.params["before"]) == (0, "c2")
    assert "--before c1" in ran.err


def test_a_correction_is_accepted_for_a_suite(stage: Stage) -> None:
    stage.answers[f"POST {PATH}/c1"] = {"correction": {"case": {"id": "who"}}, "suite_version": "v2"}
    ran = stage.npc("corrections", "accept", "c1", "--suite", "kings", "--case", "who", "--corrected", "The king.")
    assert ran.out == "accepted as case who of kings, version v2\n"
    expected = {"accept": True, "training": False, "why": "", "suite": "kings", "case": "who", "corrected": "The king."}
    assert stage.sent() == expected


def test_a_correction_is_accepted_as_a_training_pair(stage: Stage) -> None:
    stage.answers[f"POST {PATH}/c1"] = {"correction": {"case": None}, "suite_version": ""}
    assert stage.npc("corrections", "accept", "c1", "--training").out == "accepted as a training pair\n"
    assert stage.sent() == {"accept": True, "training": True, "why": ""}


def test_nothing_is_accepted_for_nothing(stage: Stage) -> None:
    ran = stage.npc("corrections", "accept", "c1")
    assert (ran.code, stage.requests) == (2, [])
    assert "--suite, --training or both" in ran.err


def test_a_correction_is_rejected(stage: Stage) -> None:
    stage.answers[f"POST {PATH}/c1"] = {"correction": {}, "suite_version": ""}
    assert stage.npc("corrections", "reject", "c1", "--why", "No.").out == "rejected\n"
    assert stage.sent() == {"accept": False, "why": "No."}
    stage.answers[f"POST {PATH}/c1"] = problem(409, "Not possible", "This correction has been accepted already.")
    assert "accepted already" in stage.npc("corrections", "reject", "c1").err


def judged(answers: int, left: int, **more: Any) -> dict[str, Any]:
    agreement = {"value": 0.8 if left < answers else None, "items": answers - left}
    return {"answers": answers, "left": left, "agreement": agreement, "judge": {"model": "m"}, "differing": [], **more}


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps({"id": f"a{number}"}) + "\n\n" for number in range(25)), "utf-8")
    return file


def test_answers_are_sent_twenty_at_a_time_and_judged_until_none_is_left(stage: Stage, answers: Path) -> None:
    differing = [{"id": "a3", "person": True, "judge": False, "why": "[So] it is."}]
    replies = iter([judged(20, 18), judged(25, 20), judged(25, 9), judged(25, 0, differing=differing)])
    stage.answers[f"PUT {JUDGEMENTS}"] = lambda _: httpx.Response(200, json=next(replies))
    ran = stage.npc("judge", "agree", "persona", str(answers))
    assert [len(json.loads(request.content)["answers"]) for request in stage.requests] == [20, 5, 0, 0]
    assert "kappa 0.80 over 25 answers (0 of 25 left); m" in ran.out
    assert "[So] it is." in ran.out


def test_a_judge_that_does_not_answer_is_not_waited_for(stage: Stage, answers: Path) -> None:
    stage.answers[f"PUT {JUDGEMENTS}"] = judged(25, 25)
    ran = stage.npc("judge", "agree", "persona")
    assert len(stage.requests) == 4
    assert "kappa unknown over 0 answers (25 of 25 left)" in ran.out


@pytest.mark.parametrize("line", ["{", "[1]", '"a"', "7"])
def test_a_line_that_is_no_answer_is_named(stage: Stage, tmp_path: Path, line: str) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text(f'{{"id": "a1"}}\n{line}\n', "utf-8")
    ran = stage.npc("judge", "agree", "persona", str(file))
    assert (ran.code, stage.requests) == (1, [])
    assert "line 2" in ran.err
    assert "cannot be read" in stage.npc("judge", "agree", "persona", str(tmp_path / "none.jsonl")).err


def test_of_a_file_for_several_rubrics_only_the_answers_for_this_one_are_sent(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_text('{"id": "a1", "rubric": "persona"}\n{"id": "a2", "rubric": "kind"}\n{"id": "a3"}\n', "utf-8")
    stage.answers[f"PUT {JUDGEMENTS}"] = judged(2, 0)
    stage.npc("judge", "agree", "persona", str(file))
    assert stage.sent()["answers"] == [{"id": "a1"}, {"id": "a3"}]
    file.write_text('{"id": "a2", "rubric": "kind"}\n', "utf-8")
    ran = stage.npc("judge", "agree", "persona", str(file))
    assert (ran.code, len(stage.requests), "judged by persona" in ran.err) == (1, 1, True)


def test_what_is_known_of_agreement_is_listed(stage: Stage) -> None:
    agreements = [
        {"what": "reviews", "measure": "alpha", "value": None, "items": 0, "raters": 0},
        {"what": "rubric persona@v1", "measure": "kappa", "value": 0.756, "items": 30, "raters": 3},
    ]
    stage.answers["GET /dev/v1/agreement"] = {"agreements": agreements}
    lines = [line.split() for line in stage.npc("judge", "ls").out.splitlines()[1:]]
    assert lines == [["reviews", "alpha", "unknown", "0", "0"], ["rubric", "persona@v1", "kappa", "0.76", "30", "3"]]
    assert stage.npc("judge", "ls", "--json").data == {"agreements": agreements}
