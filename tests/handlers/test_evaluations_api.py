"""Evaluations and try-outs through the functions' own handlers, with real scoring, verdicts and reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from npcops import bootstrap, bootstrap_studio
from npcops.golden import Bars, Expected, GoldenCase, GoldenSuite
from tests.calls import answered, call, refused, sample
from tests.conversation import MIRA
from tests.fakes import ScriptedChat, WordEmbeddings
from tests.handlers.conftest import Load
from tests.publishing import publish
from tests.resources import Resources

SUITE = GoldenSuite(
    "tolls",
    (
        GoldenCase(
            "price", "mira", "must-say", ("What does it cost?",), Expected(says_any=("two chips",)), mode="base"
        ),
        GoldenCase("manners", "mira", "harmless", ("Good evening!",), mode="base"),
    ),
    bars=Bars(pass_rate=0.9),
)


class Calm:
    """A service to which nothing is toxic."""

    def toxicity(self, texts: Sequence[str], language: str) -> list[float | None]:
        return [0.0] * len(texts)


@pytest.fixture(autouse=True)
def _evaluating(
    monkeypatch: pytest.MonkeyPatch,
    stage: Resources,
    chat: ScriptedChat,
    embeddings: WordEmbeddings,
    title: str,
    mira: str,
) -> None:
    monkeypatch.setenv("EVALUATION_STATE_MACHINE", stage.machine)
    monkeypatch.setenv("EVALUATION_CONCURRENCY", "3")
    for name in ("chat", "patient_chat"):
        monkeypatch.setattr(bootstrap_studio, name, lambda *_, **__: chat)
    monkeypatch.setattr(bootstrap_studio, "embeddings", lambda *_, **__: embeddings)
    monkeypatch.setattr(bootstrap_studio, "toxicity", Calm)
    publish(bootstrap.catalog(), title, "suites", "tolls", SUITE)
    publish(bootstrap.catalog(), title, "npcs", mira, msgspec.structs.replace(MIRA, suites=("tolls",)))


def evaluate(load: Load, stage: Resources, title: str, evaluation: str, attempt: int = 1) -> dict[str, Any]:
    """What the state machine does when nothing goes wrong."""
    given = {"title": title, "evaluation": evaluation, "attempt": attempt}
    loaded: dict[str, Any] = load("load_cases")(given)
    if loaded["action"] == "score":
        body = stage.s3.get_object(Bucket=loaded["bucket"], Key=loaded["items"])["Body"].read()
        for line in body.splitlines():
            load("score_case")(msgspec.json.decode(line))
    if loaded["action"] in ("score", "conclude"):
        return dict(load("conclude_evaluation")(given))
    return loaded


def changed(title: str, **fields: Any) -> str:
    """A version of Mira that no label names."""
    card = msgspec.structs.replace(MIRA, suites=("tolls",), **fields)
    return bootstrap.catalog().put(title, "npcs", "mira", msgspec.to_builtins(card), "writer", "")


def test_a_worse_candidate_is_found_out_and_its_report_names_the_case(
    load: Load, title: str, stage: Resources, chat: ScriptedChat
) -> None:
    version = changed(title, name="Mira the Mean")

    def answer(prompt: Any) -> dict[str, Any]:
        return {"say": "Go away, I say." if "Mean" in prompt.system else "It is two chips, friend."}

    chat.answers = [answer]
    body = {"candidate": {"versions": {"npcs/mira": version}}, "note": "a meaner Mira"}
    started = answered(load("start_evaluation")(call("start_evaluation", title, body=body)), 202)
    assert evaluate(load, stage, title, started["evaluation"])["outcome"] == "failed"
    found = answered(load("describe_evaluation")(call("describe_evaluation", title, evaluation=started["evaluation"])))
    assert (found["state"], found["done"], found["total"]) == ("concluded", 2, 2)
    assert found["verdict"]["regressed"] == ["tolls.price"]
    assert found["changes"][0]["entry"] == "npcs/mira"
    key = f"evaluations/{title}/{started['evaluation']}/report/report.html"
    page = stage.s3.get_object(Bucket=stage.name("evaluations"), Key=key)["Body"].read().decode()
    assert "Go away, I say." in page
    assert "It is two chips, friend." in page
    listed = answered(load("list_evaluations")(call("list_evaluations", title, query={})))["evaluations"]
    assert [(one["id"], one["outcome"], one["regressed"]) for one in listed] == [(started["evaluation"], "failed", 1)]
    points = answered(load("show_trend")(call("show_trend", title, npc="mira", query={})))["points"]
    assert [(point["outcome"], point["pass_rate"]) for point in points] == [("failed", 0.5)]
    assert [event["detail-type"] for event in stage.published()] == ["EvaluationConcluded.v1"]


def test_a_harmless_change_passes(load: Load, title: str, stage: Resources, chat: ScriptedChat) -> None:
    chat.answers = [{"say": "It is two chips, friend."}]
    body = {"candidate": {"versions": {"npcs/mira": changed(title, role="ferrywoman")}}}
    started = answered(load("start_evaluation")(call("start_evaluation", title, body=body)), 202)
    assert evaluate(load, stage, title, started["evaluation"])["outcome"] == "passed"


def test_cases_of_a_sheet_are_taken_once(load: Load, title: str, stage: Resources, chat: ScriptedChat) -> None:
    chat.answers = [{"say": "It is two chips, friend."}]
    offered = answered(load("offer_cases")(call("offer_cases", title, body={"note": "a sheet"})), 201)
    event = sample("take_cases")
    event["detail"]["object"]["key"] = f"cases/{title}/{offered['evaluation']}.jsonl"
    stage.s3.put_object(
        Bucket=stage.name("evaluations"),
        Key=event["detail"]["object"]["key"],
        Body=msgspec.json.encode(SUITE.cases[0]) + b"\n",
    )
    assert load("take_cases")(event) == {"started": True, "evaluation": offered["evaluation"]}
    assert evaluate(load, stage, title, offered["evaluation"])["outcome"] == "passed"
    assert load("take_cases")(event) == {"started": False}


def test_a_failure_is_told_and_gone_on_from(load: Load, title: str, stage: Resources, chat: ScriptedChat) -> None:
    chat.answers = [{"say": "It is two chips, friend."}]
    started = answered(load("start_evaluation")(call("start_evaluation", title, body={})), 202)
    event = sample("fail_evaluation")
    event["event"] = {"title": title, "evaluation": started["evaluation"], "attempt": 1}
    load("fail_evaluation")(event)
    describe = load("describe_evaluation")
    found = answered(describe(call("describe_evaluation", title, evaluation=started["evaluation"])))
    assert (found["state"], "A data store did not answer." in found["failure"]) == ("failed", True)
    resume = load("resume_evaluation")
    again = answered(resume(call("resume_evaluation", title, evaluation=started["evaluation"])), 202)
    assert again["attempt"] == 2
    assert evaluate(load, stage, title, started["evaluation"], 2)["outcome"] == "passed"
    refused(resume(call("resume_evaluation", title, evaluation=started["evaluation"])), 409, "conflict")


def test_a_try_out_is_answered_by_the_version_that_is_tried(load: Load, title: str, chat: ScriptedChat) -> None:
    chat.answers = [lambda prompt: {"say": "As Nils." if "Nils" in prompt.system else "As Mira."}]
    body = {"npc": "mira", "messages": ["Who are you?", "Really?"], "mode": "base"}
    body["configuration"] = {"versions": {"npcs/mira": changed(title, name="Nils")}}
    tried = answered(load("try_out")(call("try_out", title, body=body)))
    assert [turn["say"] for turn in tried["turns"]] == ["As Nils."] * 2
    assert (tried["unanswered"], tried["subject"]["npc"]) == (0, "mira")


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("start_evaluation", {"candidate": {"model": "nobody.has-heard-of-it"}}),
        ("start_evaluation", {"npcs": ["Not A Name"]}),
        ("start_evaluation", {"surprise": 1}),
        ("offer_cases", {"cases": [msgspec.to_builtins(SUITE.cases[0])]}),
        ("try_out", {"npc": "mira", "messages": []}),
        ("try_out", {"npc": "mira", "messages": ["Hi"], "configuration": {"versions": {"suites/x": "1"}}}),
    ],
)
def test_what_is_not_valid_is_refused(load: Load, title: str, operation: str, body: dict[str, Any]) -> None:
    refused(load(operation)(call(operation, title, body=body)), 400, "invalid-request")


@pytest.mark.parametrize(
    "operation",
    ["start_evaluation", "offer_cases", "list_evaluations", "describe_evaluation", "resume_evaluation", "try_out"],
)
def test_evaluations_are_for_studios(load: Load, title: str, operation: str) -> None:
    refused(load(operation)(call(operation, title, scopes="player")), 403, "forbidden")
    refused(load(operation)(call(operation, title, scopes="server")), 403, "forbidden")
