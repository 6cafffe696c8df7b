"""Tuning through the deployed local stack: from upload to a promotion and back, with a real training of three steps.

The whole takes a minute and a half on two quiet cores, most of it for the model's weights, which are read once to train
and once to answer, and for the answers of the evaluation. It is skipped where the extra for training is not installed
(`python -m local.venvs tuning`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.tuning import extra
from npc.errors import Refused
from tests.system.conftest import RunningStage, eventually

pytestmark = pytest.mark.system
WORLD = Path(__file__).parents[2] / "world"
# Training, an evaluation and everything between them, on a machine that may have other things to do.
PATIENCE = 1800
CARD = {"id": "mira", "name": "Mira", "persona": "A ferrywoman who is glad of company.", "language": "en"}
SAID = (
    ("Good evening.", "Evening, dear heart. Mind the wet plank."),
    ("Who are you?", "Mira, dear heart. Eleven years on this water."),
    ("Is it far to the other side?", "Two songs and a half, dear heart, if the wind is kind."),
    ("What do you charge?", "A story, dear heart, or a coin if you have none."),
    ("Do you ever sleep?", "The river does it for me, dear heart."),
    ("Is that your boat?", "She thinks that I am her ferrywoman, dear heart."),
    ("What is your favourite food?", "Smoked eel, dear heart, and whoever shares it."),
    ("It is cold.", "Then sit by the lantern, dear heart."),
    ("Have you seen my brother?", "Many brothers cross, dear heart. What does he laugh like?"),
    ("I am in a hurry.", "The river is not, dear heart."),
    ("Will it rain?", "It has thought of little else all day, dear heart."),
    ("Goodbye.", "Come back dry, dear heart."),
)


def lines() -> bytes:
    """Training data: each line a conversation of its own."""
    return b"".join(json.dumps({"prompt": asked, "completion": said}).encode() + b"\n" for asked, said in SAID)


@pytest.fixture
def game(own_title: RunningStage) -> RunningStage:
    """A title of one NPC, which no suite guards."""
    if not extra.installed():
        pytest.skip(f"nothing can be tuned here: {extra.HOW}")
    prompt = yaml.safe_load((WORLD / "prompts/dialogue.yaml").read_text("utf-8"))
    for kind, name, content in (("prompts", "dialogue", prompt), ("npcs", "mira", CARD)):
        own_title.api().call("PUT", f"/v1/catalog/{kind}/{name}", body={"content": content, "label": "production"})
    return own_title


def tune(stage: RunningStage, data: bytes, **request: Any) -> str:
    """Upload training data and return the id of the run."""
    body = {"dataset": "ferry-talk", "npcs": ["mira"], "note": "system tests", **request}
    offered = stage.api().call("POST", "/v1/tunings", body=body, params={"format": "jsonl"})
    with stage.http(None) as anyone:
        assert anyone.put(offered["url"], content=data).status_code == 200
    return str(offered["tuning"])


def ended(stage: RunningStage, tuning: str) -> dict[str, Any]:
    """The run once it has come to its end."""

    def check() -> dict[str, Any] | None:
        found: dict[str, Any] = stage.api().call("GET", f"/v1/tunings/{tuning}")
        return None if found["tuning"]["state"] in ("waiting", "running") else found

    found: dict[str, Any] = eventually(check, PATIENCE)
    return found


def version(stage: RunningStage, number: int) -> dict[str, Any]:
    """A model version as it is listed."""
    found = stage.api().call("GET", "/v1/models")["models"]
    return next(dict(one) for one in found if one["version"] == number)


def speaks(stage: RunningStage) -> str:
    """By which model Mira answers in mode `tuned`; empty if by none."""
    body = {"message": "Good evening, who are you?", "mode": "tuned"}
    with stage.http(stage.token("player", "ann")) as http:
        answer = http.post("/v1/npcs/mira/turns", json=body)
    if answer.status_code == 409:
        assert answer.json()["type"].endswith("/no-tuned-model")
        return ""
    turn = answer.json()
    assert (answer.status_code, bool(turn["say"])) == (200, True)
    return str(turn["model"])


def test_uploaded_lines_become_a_model_that_players_hear_until_it_is_taken_back(game: RunningStage) -> None:
    api = game.api()
    assert speaks(game) == ""
    tuning = tune(game, lines(), hyperparameters={"epochCount": "1", "batchSize": "4"})
    found = ended(game, tuning)
    run = found["tuning"]
    assert run["state"] == "registered", run["failure"]
    steps = [(step["name"], step["status"]) for step in found["pipeline"]["steps"]]
    assert steps == [(name, "Succeeded") for name in ("Preprocess", "Tune", "Evaluate", "Better", "Register")]
    assert (found["data"]["read"], sum(found["data"]["examples"].values())) == (12, 12)
    assert all(found["data"]["examples"][part] for part in ("train", "validation", "heldout"))
    trained = [point["training"] for point in found["losses"] if point["training"] is not None]
    assert len(trained) >= 2
    assert 0 < run["validation_loss"] < 20
    assert found["better"] in ("yes", "no", "not-shown")
    page = api.call("GET", f"/v1/tunings/{tuning}", params={"page": "html"})["page"]
    assert all(word in page for word in ("How it learned", "<polyline", "ferry-talk"))

    number = run["version"]
    listed = version(game, number)
    assert (listed["approval"], listed["readiness"], listed["tuning"]) == ("PendingManualApproval", "ready", tuning)
    with pytest.raises(Refused) as early:
        api.call("POST", f"/v1/models/{number}/promotion", body={})
    assert early.value.status == 409
    api.call("POST", f"/v1/models/{number}/decision", body={"approve": True, "why": "It says dear heart."})
    eventually(lambda: "candidate" in version(game, number)["roles"], 180)
    assert speaks(game) == ""

    body = {"percents": [50, 100], "minutes": 0.05}
    promotion = api.call("POST", f"/v1/models/{number}/promotion", body=body)["promotion"]
    eventually(lambda: moved(game, promotion, "promoted"), 300)
    assert version(game, number)["roles"][:1] == ["current"]
    eventually(lambda: speaks(game).endswith(run["deployment"]), 180)

    back = api.call("POST", "/v1/models/rollback", body={"why": "system tests"})
    assert (back["version"], back["to"]) == (number, 0)
    eventually(lambda: speaks(game) == "", 120)


def moved(stage: RunningStage, promotion: str, kind: str) -> bool:
    """Whether a promotion has come to this; fails if it has come to something else."""
    moves = stage.api().call("GET", "/v1/models")["moves"]
    ends = [move for move in moves if move["id"] == promotion and move["kind"] != "begun"]
    assert [move["kind"] for move in ends] in ([], [kind]), ends
    return bool(ends)


def test_data_that_nobody_can_learn_from_end_as_failed_with_the_reason(game: RunningStage) -> None:
    found = ended(game, tune(game, b"this is no JSON\n"))
    assert found["tuning"]["state"] == "failed"
    assert "JSON" in found["tuning"]["failure"]
    assert (found["tuning"]["deployment"], found["losses"]) == ("", [])
    assert game.api().call("GET", "/v1/models")["models"] == []


def test_no_title_sees_another_s_runs_and_players_see_none(game: RunningStage, world: RunningStage) -> None:
    offered = game.api().call("POST", "/v1/tunings", body={"dataset": "ferry-talk"}, params={"format": "jsonl"})
    for method, path in (("GET", ""), ("POST", "/stop")):
        with pytest.raises(Refused) as refused:
            world.api().call(method, f"/v1/tunings/{offered['tuning']}{path}")
        assert refused.value.status == 404
    with world.http(world.token("player")) as http:
        answers = [
            http.post("/v1/tunings", json={"dataset": "x"}),
            http.get("/v1/tunings"),
            http.get("/v1/models"),
            http.post("/v1/models/rollback", json={}),
        ]
    assert [answer.status_code for answer in answers] == [403] * 4
