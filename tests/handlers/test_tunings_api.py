"""Tuning through the functions' own handlers: from a request to an execution, and to its end."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from npcops import bootstrap_tuning
from npcops.people import Correction
from npcops.wiring_people import reviews
from tests.calls import answered, call, refused, sample
from tests.handlers.conftest import Load
from tests.resources import Resources
from tests.tuning_runs import BASE, Code, MemoryModels, MemoryPipeline, MemoryRegistry

Deliver = Callable[[str, bytes], dict[str, Any]]


@pytest.fixture
def pipeline() -> MemoryPipeline:
    return MemoryPipeline()


@pytest.fixture
def models() -> MemoryModels:
    return MemoryModels()


@pytest.fixture(autouse=True)
def _tuning(
    monkeypatch: pytest.MonkeyPatch, stage: Resources, mira: str, pipeline: MemoryPipeline, models: MemoryModels
) -> None:
    for name, value in (
        ("MODELS_TABLE", stage.name("models")),
        ("TRAINING_BUCKET", stage.name("training")),
        ("MODELS_BUCKET", stage.name("models")),
        ("TUNING_BASE_MODEL", BASE),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bootstrap_tuning, "pipeline", lambda: pipeline)
    monkeypatch.setattr(bootstrap_tuning, "custom_models", lambda: models)
    monkeypatch.setattr(bootstrap_tuning, "registry", MemoryRegistry)
    monkeypatch.setattr("npcops.processing_code.files", Code().files)
    monkeypatch.setattr("npcops.processing_code.digest", Code().digest)


@pytest.fixture
def deliver(load: Load, stage: Resources) -> Deliver:
    """Upload an object, and give the bucket's event to the function."""

    def put(key: str, data: bytes) -> dict[str, Any]:
        made = stage.s3.put_object(Bucket=stage.name("training"), Key=key, Body=data)
        event = copy.deepcopy(sample("take_training"))
        event["detail"]["bucket"]["name"] = stage.name("training")
        event["detail"]["object"] |= {"key": key, "version-id": made["VersionId"], "size": len(data)}
        return dict(load("take_training")(event))

    return put


def offered(load: Load, title: str, **body: Any) -> dict[str, Any]:
    return dict(
        answered(load("offer_training")(call("offer_training", title, body={"dataset": "spring", **body})), 201)
    )


def described(load: Load, title: str, tuning: str, **query: str) -> dict[str, Any]:
    event = call("describe_tuning", title, tuning=tuning, query=query)
    return dict(answered(load("describe_tuning")(event), 200))


def ended(load: Load, title: str, tuning: str, execution: str, status: str) -> dict[str, Any]:
    event = copy.deepcopy(sample("end_tuning"))
    event["detail"] |= {
        "pipelineExecutionDescription": title,
        "pipelineExecutionDisplayName": tuning,
        "pipelineExecutionArn": execution,
        "currentPipelineExecutionStatus": status,
    }
    return dict(load("end_tuning")(event))


def test_data_that_were_offered_are_learned(
    load: Load, title: str, mira: str, deliver: Deliver, pipeline: MemoryPipeline
) -> None:
    offer = offered(load, title, npcs=[mira])
    assert described(load, title, offer["tuning"])["tuning"]["state"] == "waiting"
    taken = deliver(offer["key"], b'{"prompt": "Hi", "completion": "Hm."}\n')
    assert taken == {"outcome": "started", "title": title, "tuning": offer["tuning"], "reason": ""}
    (execution,) = pipeline.runs
    run = described(load, title, offer["tuning"], page="html")
    assert (run["tuning"]["state"], run["tuning"]["execution"]) == ("running", execution)
    assert run["pipeline"]["steps"][0]["name"] == "Preprocess"
    assert run["page"].startswith("<!doctype html>")
    assert "request.json" in run["files"]
    assert ended(load, title, offer["tuning"], execution, "Failed") == {"ended": True, "state": "failed"}
    (listed,) = answered(load("list_tunings")(call("list_tunings", title)), 200)["tunings"]
    assert (listed["id"], listed["state"]) == (offer["tuning"], "failed")


def test_a_run_that_is_stopped_stops_its_pipeline(
    load: Load, title: str, deliver: Deliver, pipeline: MemoryPipeline
) -> None:
    offer = offered(load, title)
    deliver(offer["key"], b"{}\n")
    stopping = answered(load("stop_tuning")(call("stop_tuning", title, tuning=offer["tuning"])), 202)
    assert (stopping["state"], pipeline.stopped) == ("running", list(pipeline.runs))
    assert ended(load, title, offer["tuning"], stopping["execution"], "Stopped")["state"] == "stopped"
    refused(load("stop_tuning")(call("stop_tuning", title, tuning=offer["tuning"])), 409, "conflict")


@pytest.mark.parametrize(
    "body",
    [
        {"npcs": ["nobody-here"]},
        {"base": "no.such-model"},
        {"hyperparameters": {"colour": "red"}},
        {"dataset": "No Name"},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_tuned_is_refused_at_once(load: Load, title: str, body: dict[str, Any]) -> None:
    event = call("offer_training", title, body={"dataset": "spring", **body})
    refused(load("offer_training")(event), 400, "invalid-request")


def test_plain_text_wants_the_other_type_of_tuning(load: Load, title: str) -> None:
    event = call("offer_training", title, body={"dataset": "spring"}, query={"format": "txt"})
    refused(load("offer_training")(event), 400, "invalid-request")
    event = call(
        "offer_training", title, body={"dataset": "spring", "type": "continued-pre-training"}, query={"format": "txt"}
    )
    assert answered(load("offer_training")(event), 201)["key"].endswith(".txt")


def test_players_tune_nothing(load: Load, title: str) -> None:
    for name in ("offer_training", "tune_corrections", "list_tunings", "describe_tuning", "stop_tuning"):
        refused(load(name)(call(name, title, scopes="player")), 403, "forbidden")


def test_accepted_corrections_are_learned_by_one_call(
    monkeypatch: pytest.MonkeyPatch, load: Load, title: str, mira: str, stage: Resources
) -> None:
    asked = call("tune_corrections", title, body={"npcs": [mira]})
    refused(load("tune_corrections")(asked), 409, "conflict")
    for number, training in enumerate((True, False, True)):
        correction = Correction(
            f"c{number}", mira, "Who is it?", "Dunno.", "The tide.", "ann", "2026-11-20T12:00:00.000+00:00",
            state="accepted", training=training,
        )  # fmt: skip
        reviews().put_correction(title, correction, None)
    made = answered(load("tune_corrections")(asked), 202)
    assert made["corrections"] == 2
    key = f"training/{title}/corrections/{made['tuning']}.jsonl"
    data = stage.s3.get_object(Bucket=stage.name("training"), Key=key)["Body"].read()
    assert data.count(b"\n") == 2


@pytest.mark.parametrize("key", ["training/{}/spring/", "training/{}/spring/notes.docx", "elsewhere/{}/x.jsonl"])
def test_what_is_no_training_data_is_skipped(deliver: Deliver, title: str, key: str, pipeline: MemoryPipeline) -> None:
    taken = deliver(key.format(title), b"x")
    assert taken["outcome"] == "skipped"
    assert taken["reason"]
    assert not pipeline.runs


def test_an_event_of_something_else_is_skipped(load: Load) -> None:
    assert load("take_training")({"Event": "s3:TestEvent"})["outcome"] == "skipped"


def test_an_execution_that_is_no_run_s_is_let_be(load: Load) -> None:
    assert load("end_tuning")(sample("end_tuning")) == {"ended": False}
