"""The watch over drift through the functions' own handlers: from a turn to a proposal."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import jsonschema
import msgspec
import pytest

from npcops import bootstrap, bootstrap_studio, bootstrap_tuning
from npcops.drifts import drift_evaluation
from npcops.golden import Expected, GoldenCase, GoldenSuite
from npcops.turn_ids import began
from tests.calls import answered, call, sample
from tests.conversation import MIRA
from tests.drifting import CASES, NPC, Watching, day_of, live
from tests.fakes import ScriptedChat, WordEmbeddings
from tests.handlers.conftest import Load
from tests.handlers.test_evaluations_api import evaluate
from tests.handlers.test_people_api import rate, speak
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
)


class Calm:
    """A service to which nothing is toxic."""

    def toxicity(self, texts: Sequence[str], language: str) -> list[float | None]:
        return [0.0] * len(texts)


@pytest.fixture
def ours(stage: Resources, title: str) -> Watching:
    return Watching(stage, title)


@pytest.fixture
def _evaluating(
    monkeypatch: pytest.MonkeyPatch,
    stage: Resources,
    chat: ScriptedChat,
    embeddings: WordEmbeddings,
    title: str,
    mira: str,
) -> None:
    monkeypatch.setenv("EVALUATION_STATE_MACHINE", stage.machine)
    for name in ("chat", "patient_chat"):
        monkeypatch.setattr(bootstrap_studio, name, lambda *_, **__: chat)
    monkeypatch.setattr(bootstrap_studio, "embeddings", lambda *_, **__: embeddings)
    monkeypatch.setattr(bootstrap_studio, "toxicity", Calm)
    publish(bootstrap.catalog(), title, "suites", "tolls", SUITE)
    publish(bootstrap.catalog(), title, "npcs", mira, msgspec.structs.replace(MIRA, suites=("tolls",)))
    stage.put_lore(title, "king.md", "# The king")


def concluded(title: str, week: int) -> dict[str, Any]:
    """As the bus tells it."""
    event = copy.deepcopy(sample("watch_trend"))
    event["detail"] |= {"title": title, "npcs": [NPC], "evaluation": drift_evaluation(title, day_of(week))}
    return dict(event)


def metric(out: str, name: str) -> list[float]:
    """The values of a metric in what a function printed."""
    found = [json.loads(line) for line in out.splitlines() if name in line and "_aws" in line]
    return [value for one in found for value in one[name]]


def test_a_fall_is_told_counted_and_leads_to_a_proposal(
    load: Load, ours: Watching, stage: Resources, capsys: pytest.CaptureFixture[str]
) -> None:
    ours.weeks([38] * 23 + [30] * 3)
    watch = load("watch_trend")
    assert watch(concluded(ours.title, 25)) == {"drifts": 1}
    assert watch(concluded(ours.title, 25)) == watch(concluded(ours.title, 24)) == {"drifts": 0}
    assert metric(capsys.readouterr().out, "DriftDetected") == [1.0, 0.0, 0.0]
    (event,) = stage.published()
    assert event["detail-type"] == "DriftDetected.v1"
    jsonschema.validate(event["detail"], sample("schemas/drift_detected.v1"))
    assert [one.id for one in ours.proposals()] == [event["detail"]["tuning"]]


def test_evaluations_that_are_not_scheduled_are_not_looked_at(load: Load, ours: Watching) -> None:
    ours.weeks([38] * 23 + [30] * 3)
    event = copy.deepcopy(sample("evaluation_concluded.v1"))
    event["detail"] |= {"title": ours.title, "npcs": [NPC]}
    assert load("watch_trend")(event) == {"drifts": 0}
    assert ours.proposals() == []


def test_live_figures_are_looked_at_when_they_come(load: Load, ours: Watching) -> None:
    ours.weeks([38] * 23 + [30] * 3)
    event = copy.deepcopy(sample("live_measured.v1"))
    event["detail"] |= {"title": ours.title, "npcs": [NPC]}
    assert load("watch_trend")(event) == {"drifts": 1}


@pytest.mark.usefixtures("_evaluating")
def test_the_schedule_evaluates_what_players_have_and_its_conclusion_is_watched(
    load: Load, ours: Watching, stage: Resources, chat: ScriptedChat
) -> None:
    run = load("evaluate_live")
    found = {"titles": 1, "evaluations": 1, "points": 0}
    given = {"at": "2026-11-16T04:40:00Z", "titles": [ours.title]}
    assert run(given) == run(given) == found
    evaluation = drift_evaluation(ours.title, "2026-11-16")
    machine = stage.client("stepfunctions")
    assert [
        one["name"]
        for one in machine.list_executions(stateMachineArn=stage.machine)["executions"]
        if one["name"].startswith(evaluation)
    ] == [f"{evaluation}-1"]
    chat.answers = [{"say": "It is two chips, friend."}]
    assert evaluate(load, stage, ours.title, evaluation)["outcome"] == "passed"
    (point,) = ours.evaluations.watched_points(ours.title, NPC, 9)
    assert [figures["pass_rate"] for figures in point.by_case.values()] == [1.0, 1.0]
    told = next(one for one in stage.published() if one["detail-type"] == "EvaluationConcluded.v1")
    assert load("watch_trend")(told) == {"drifts": 0}


@pytest.mark.usefixtures("_evaluating")
def test_all_titles_that_have_lore_are_evaluated(load: Load, ours: Watching) -> None:
    done = load("evaluate_live")({})
    assert done["evaluations"] >= 1
    assert [one.request.note for one in ours.evaluations.newest(ours.title, 9)] == ["drift"]


def test_what_players_have_is_counted_and_shown(load: Load, ours: Watching, stage: Resources, mira: str) -> None:
    turn = speak(load, ours.title)
    rate(load, ours.title, turn, score=4)
    announced = next(one for one in stage.published() if one["detail-type"] == "TurnSpoken.v1")
    record = copy.deepcopy(sample("sqs_turn_spoken")["Records"][0]) | {"body": json.dumps(announced)}
    for _ in range(2):
        assert load("sample_turn")({"Records": [record]}) == {"batchItemFailures": []}
    day = began(turn)[:10]
    sums = bootstrap_tuning.live_figures().days(ours.title, mira, day, day)[day]
    assert (sums.turns, sums.failed, sums.rated, sums.score) == (1, 0, 1, 4)
    trend = answered(load("show_trend")(call("show_trend", ours.title, npc=mira, query={})))
    assert (trend["points"], trend["live"]) == ([], [])


def test_the_trend_shows_what_was_counted(load: Load, ours: Watching) -> None:
    ours.evaluations.add_live_points(ours.title, [live(1), live(2)])
    ours.week(2, CASES)
    trend = answered(load("show_trend")(call("show_trend", ours.title, npc=NPC, query={"page": "html"})))
    assert [point["period"] for point in trend["live"]] == [day_of(1), day_of(2)]
    assert [point["by_case"] for point in trend["points"]] == [{}]
    assert "As players had it" in trend["page"]
