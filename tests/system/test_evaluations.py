"""Evaluations through the deployed stack: API, state machine, functions, model, bucket and table together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from npc.errors import Refused
from tests.system.conftest import RunningStage, eventually

pytestmark = pytest.mark.system
WORLD = Path(__file__).parents[2] / "world"
# The local model shares one machine with everything else.
PATIENCE = 300
CARD = {"id": "mira", "name": "Mira", "persona": "A ferrywoman who is glad of company.", "language": "en"}
OTTO = CARD | {"id": "otto", "name": "Otto", "persona": "A miller who counts every sack."}
WHY = "cards of a test, which nobody plays"


def case(name: str, npc: str = "mira", **more: Any) -> dict[str, Any]:
    """A golden case without lore, for speed."""
    asked = {"id": name, "npc": npc, "kind": "harmless", "messages": ["Good evening! Who are you?"], "mode": "base"}
    return asked | more


def put(stage: RunningStage, kind: str, name: str, content: dict[str, Any], label: str = "production") -> str:
    """Store an entry and move the label to it."""
    body = {"content": content, **({"label": label, "override": WHY} if label else {})}
    return str(stage.api().call("PUT", f"/v1/catalog/{kind}/{name}", body=body)["version"])


@pytest.fixture
def game(own_title: RunningStage) -> RunningStage:
    """A title of two NPCs and one suite, which guards Mira."""
    prompt = yaml.safe_load((WORLD / "prompts/dialogue.yaml").read_text("utf-8"))
    suite = {"name": "manners", "cases": [case("greets"), case("greets-again", messages=["Hello!", "And you?"])]}
    put(own_title, "suites", "manners", suite)
    put(own_title, "prompts", "dialogue", prompt)
    put(own_title, "npcs", "otto", OTTO)
    put(own_title, "npcs", "mira", CARD | {"suites": ["manners"]})
    return own_title


def start(stage: RunningStage, **request: Any) -> str:
    return str(stage.api().call("POST", "/v1/evaluations", body=request)["evaluation"])


def describe(stage: RunningStage, evaluation: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.api().call("GET", f"/v1/evaluations/{evaluation}")
    return found


def ended(stage: RunningStage, evaluation: str, attempt: int = 1) -> dict[str, Any]:
    """The evaluation once this attempt has come to its end."""

    def check() -> dict[str, Any] | None:
        found = describe(stage, evaluation)
        done = found["attempt"] == attempt and found["state"] in ("concluded", "failed")
        return found if done else None

    found: dict[str, Any] = eventually(check, PATIENCE)
    return found


def upload(stage: RunningStage, url: str, *cases: dict[str, Any] | str) -> None:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in cases]
    with stage.http(None) as anyone:
        assert anyone.put(url, content="\n".join(lines).encode()).status_code == 200


def scratch_players(stage: RunningStage) -> list[str]:
    """What is kept of the players of trials, besides that they were erased."""
    table, found = stage.stage.outputs["PlayersTableName"], stage.client("dynamodb").get_paginator("scan")
    pages = found.paginate(
        TableName=table,
        FilterExpression="begins_with(pk, :pk) AND sk <> :erased",
        ExpressionAttributeValues={":pk": {"S": f"#trial#{stage.title}#"}, ":erased": {"S": "erased"}},
    )
    return [item["sk"]["S"] for page in pages for item in page["Items"]]


def test_a_candidate_is_evaluated_from_request_to_report(game: RunningStage) -> None:
    changed = put(game, "npcs", "mira", CARD | {"suites": ["manners"], "voice": "Short sentences."}, label="")
    evaluation = start(game, candidate={"versions": {"npcs/mira": changed}}, note="a shorter Mira")
    found = ended(game, evaluation)
    assert (found["state"], found["total"], found["done"], found["failure"]) == ("concluded", 2, 2, "")
    assert (found["npcs"], found["request"]["note"]) == (["mira"], "a shorter Mira")
    assert found["verdict"]["outcome"] in ("passed", "failed")
    assert [(change["entry"], change["field"]) for change in found["changes"]] == [("npcs/mira", "voice")]
    assert {one["metric"] for one in found["comparisons"]} >= {"ms", "cost_usd"}
    report = httpx.get(found["report"]["report.json"], trust_env=False, timeout=30).json()
    assert [len(result["candidate"][0]["turns"]) for result in report["cases"]] == [1, 2]
    assert all(result["candidate"][0]["turns"][0]["say"] for result in report["cases"])
    page = httpx.get(found["report"]["report.html"], trust_env=False, timeout=30)
    assert (page.status_code, "a shorter Mira" in page.text) == (200, True)
    assert [point["evaluation"] for point in game.api().call("GET", "/v1/npcs/mira/trend")["points"]] == [evaluation]
    listed = game.api().call("GET", "/v1/evaluations")["evaluations"]
    assert [(one["id"], one["outcome"]) for one in listed] == [(evaluation, found["verdict"]["outcome"])]
    assert scratch_players(game) == []


def test_uploaded_cases_start_their_evaluation_and_bad_ones_say_which_line(game: RunningStage) -> None:
    offered = game.api().call("POST", "/v1/evaluations/uploads", body={"note": "from a sheet", "judge": False})
    upload(game, offered["url"], case("one"), '{"id": "no case"}')
    refused = ended(game, offered["evaluation"])
    assert (refused["state"], "line 2:" in refused["failure"]) == ("failed", True)
    upload(game, offered["url"], case("one"), case("two", "otto"))
    found = ended(game, offered["evaluation"], attempt=2)
    assert (found["state"], found["total"], found["npcs"]) == ("concluded", 2, ["mira", "otto"])


def test_what_could_not_be_played_is_missing_and_is_played_when_resumed(game: RunningStage) -> None:
    """Otto's version is in the plan, but comes to the catalogue only later."""
    bolder = OTTO | {"voice": "Loud."}
    other = RunningStage(game.stage, f"{game.title}-2")
    version = put(other, "npcs", "otto", bolder, label="")
    cases = [case("one"), case("two", "otto")]
    plan = _plan(game, ended(game, start(game, cases=cases, judge=False))["id"])
    offered = game.api().call("POST", "/v1/evaluations/uploads", body={"judge": False})
    plan["id"] = offered["evaluation"]
    plan["candidate"]["otto"]["versions"]["npcs/otto"] = version
    key = f"evaluations/{game.title}/{plan['id']}/plan.json"
    game.client("s3").put_object(Bucket=_bucket(game), Key=key, Body=json.dumps(plan).encode())
    upload(game, offered["url"], *cases)
    found = ended(game, plan["id"])
    assert (found["state"], found["done"], found["total"]) == ("concluded", 1, 2)
    assert found["verdict"]["outcome"] == "incomplete"
    put(game, "npcs", "otto", bolder, label="")
    assert game.api().call("POST", f"/v1/evaluations/{plan['id']}/resume")["attempt"] == 2
    found = ended(game, plan["id"], attempt=2)
    assert (found["done"], found["verdict"]["outcome"] != "incomplete") == (2, True)
    with pytest.raises(Refused) as again:
        game.api().call("POST", f"/v1/evaluations/{plan['id']}/resume")
    assert again.value.status == 409


def test_what_cannot_be_evaluated_says_why(game: RunningStage) -> None:
    found = ended(game, start(game, suites=["nothing-of-the-kind"]))
    assert (found["state"], "nothing-of-the-kind" in found["failure"]) == ("failed", True)
    with pytest.raises(Refused) as refused:
        start(game, candidate={"model": "nobody.has-heard-of-it"})
    assert refused.value.status == 400


def test_no_title_sees_another_s_evaluations(game: RunningStage, world: RunningStage) -> None:
    evaluation = start(game, suites=["nothing-of-the-kind"])
    for method, path in (("GET", f"/v1/evaluations/{evaluation}"), ("POST", f"/v1/evaluations/{evaluation}/resume")):
        with pytest.raises(Refused) as refused:
            world.api().call(method, path)
        assert refused.value.status == 404
    listed = world.api().call("GET", "/v1/evaluations", params={"limit": 100})["evaluations"]
    assert evaluation not in [one["id"] for one in listed]
    ended(game, evaluation)


@pytest.mark.parametrize("scope", ["player", "server"])
def test_evaluating_and_trying_is_for_studios(world: RunningStage, scope: str) -> None:
    with world.http(world.token(scope)) as http:
        answers = [
            http.post("/v1/evaluations", json={}),
            http.get("/v1/evaluations"),
            http.post("/v1/evaluations/uploads", json={}),
            http.post("/v1/tryouts", json={"npc": "wenna-tull", "messages": ["Hello"]}),
            http.get("/v1/npcs/wenna-tull/trend"),
        ]
    assert [answer.status_code for answer in answers] == [403] * 5


def test_an_npc_is_tried_out_by_a_version_that_no_label_names(game: RunningStage) -> None:
    version = put(game, "npcs", "mira", CARD | {"voice": "Short sentences."}, label="")
    body = {
        "npc": "mira",
        "messages": ["Good evening!"],
        "mode": "base",
        "configuration": {"versions": {"npcs/mira": version}},
    }
    tried = game.api().call("POST", "/v1/tryouts", body=body)
    assert tried["subject"]["versions"]["npcs/mira"] == version
    assert (len(tried["turns"]), tried["unanswered"]) == (1, 0)
    assert tried["turns"][0]["say"]
    assert scratch_players(game) == []
    with pytest.raises(Refused) as refused:
        game.api().call("POST", "/v1/tryouts", body=body | {"npc": "nobody"})
    assert refused.value.status == 404


def _bucket(stage: RunningStage) -> str:
    return stage.stage.outputs["EvaluationsBucketName"]


def _plan(stage: RunningStage, evaluation: str) -> dict[str, Any]:
    key = f"evaluations/{stage.title}/{evaluation}/plan.json"
    found = stage.client("s3").get_object(Bucket=_bucket(stage), Key=key)
    plan: dict[str, Any] = json.loads(found["Body"].read())
    return plan
