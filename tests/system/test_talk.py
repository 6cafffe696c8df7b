"""Turns through the deployed stack, with a real model."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import pytest

from npc.errors import Refused
from tests.system.conftest import RunningStage, eventually

pytestmark = pytest.mark.system
TURNS = "/v1/npcs/wenna-tull/turns"


def player() -> str:
    """Somebody new."""
    return f"player-{uuid4().hex[:8]}"


def speak(stage: RunningStage, message: str, who: str, **more: str) -> dict[str, Any]:
    """One turn as a game client."""
    turn = stage.api("player", who).call("POST", TURNS, body={"message": message, **more})
    assert isinstance(turn, dict)
    return turn


def test_a_rag_turn_is_typed_and_cites_what_it_was_given(world: RunningStage) -> None:
    turn = speak(world, "What will a bed in the loft cost me at the Grey Gull?", player(), mode="rag")
    assert turn["say"].strip()
    assert turn["npc"] == "wenna-tull"
    assert turn["mode"] == "rag"
    assert turn["degraded"] is None
    assert turn["usage"]["input_tokens"] > 100
    assert turn["usage"]["output_tokens"] > 0
    assert all(set(citation) == {"id", "document", "title"} for citation in turn["citations"])


def test_a_base_turn_has_no_citations(world: RunningStage) -> None:
    turn = speak(world, "Who are you?", player(), mode="base")
    assert turn["say"].strip()
    assert turn["citations"] == []


def test_mode_tuned_is_a_plain_conflict_until_a_model_is_promoted(world: RunningStage) -> None:
    with world.http(world.token("player")) as http:
        answer = http.post(TURNS, json={"message": "Hello", "mode": "tuned"})
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["type"] == "/problems/no-tuned-model"


def test_the_same_idempotency_key_gets_the_same_turn(world: RunningStage) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    with world.http(world.token("player", player())) as http:
        first, second = (http.post(TURNS, json={"message": "Good day", "mode": "base"}, headers=key) for _ in range(2))
        other = http.post(TURNS, json={"message": "Bad day", "mode": "base"}, headers=key)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert other.status_code == 409


def test_a_conversation_is_remembered_until_the_player_is_erased(world: RunningStage) -> None:
    who = player()
    speak(world, "My name is Tamsin.", who, mode="base")
    speak(world, "I like eels.", who, mode="base")
    removed = world.api("server").call("DELETE", f"/v1/players/{who}")["removed"]
    assert removed["turns"] == 2
    assert world.api("server").call("DELETE", f"/v1/players/{who}")["removed"] == {}


def cast(stage: RunningStage) -> None:
    """A character with a short memory and the prompts it needs, in a title of the test's own."""
    studio = stage.api("studio")
    card = {"id": "wenna-tull", "name": "Wenna", "persona": "Wenna keeps a ferry.", "memory": {"recent_tokens": 40}}
    system = '<character name="{{ character.name }}">{{ character.persona }}</character>'
    context = (
        '<lore>{% for p in lore %}<passage id="{{ p.id }}" title="{{ p.title }}">{{ p.text }}</passage>'
        "{% endfor %}</lore>"
    )
    talk = {"name": "dialogue", "system": system, "context": context, "variables": ["character", "lore"]}
    talk |= {"temperature": 0}  # A small model that samples its words now and then invents a name.
    short = "Summarise in one sentence what the player told {{ character.name }}."
    summary = {"name": "summary", "system": short, "variables": ["character"], "max_tokens": 60}
    for kind, content in (("npcs/wenna-tull", card), ("prompts/dialogue", talk), ("prompts/summary", summary)):
        studio.call("PUT", f"/v1/catalog/{kind}", body={"content": content, "label": "production"})


def test_long_talks_are_folded_into_summaries(own_title: RunningStage) -> None:
    cast(own_title)
    who = player()
    for told in ("a fair with a dancing bear", "a purse lost in the rain", "a song that nobody knew"):
        speak(own_title, f"Yesterday I saw {told}, and I thought of you all the way home.", who, mode="base")
    table = own_title.stage.outputs["PlayersTableName"]
    dynamodb = own_title.client("dynamodb")

    def memories() -> list[dict[str, Any]]:
        """What has been folded."""
        values = {":pk": {"S": f"{own_title.title}#{who}"}, ":memory": {"S": "memory#"}}
        kept = "pk = :pk AND begins_with(sk, :memory)"
        found = dynamodb.query(TableName=table, KeyConditionExpression=kept, ExpressionAttributeValues=values)
        return list(found["Items"])

    assert eventually(memories, seconds=90)
    removed = own_title.api("server").call("DELETE", f"/v1/players/{who}")["removed"]
    assert removed["turns"] == 3
    assert removed["summaries"] >= 1


def test_what_the_server_reports_opens_gates_for_that_player_only(own_title: RunningStage) -> None:
    lucky, other = player(), player()
    server = own_title.api("server")
    cast(own_title)
    text = "---\nrequires: [quest:done]\n---\nThe ferryman's secret name is Zorobabel."
    own_title.wait_for_lore("secret.md", own_title.put_lore("secret.md", text))
    server.call("PUT", f"/v1/players/{lucky}/world", body={"flags": ["quest:done"]})
    assert server.call("GET", f"/v1/players/{lucky}/world")["flags"] == ["quest:done"]
    told = speak(own_title, "What is the ferryman's secret name?", lucky, mode="rag")
    untold = speak(own_title, "What is the ferryman's secret name?", other, mode="rag")
    assert "Zorobabel" in told["say"]
    assert "Zorobabel" not in untold["say"]
    assert untold["citations"] == []

    server.call("PUT", f"/v1/players/{lucky}/world", body={})
    time.sleep(0.1)
    again = speak(own_title, "Say that name again!", lucky, mode="rag")
    assert "Zorobabel" not in again["say"]


def test_an_unknown_character_is_not_found(world: RunningStage) -> None:
    with pytest.raises(Refused) as refused:
        world.api("player").call("POST", "/v1/npcs/nobody/turns", body={"message": "Hello"})
    assert "nobody" in str(refused.value)


def test_the_same_question_of_another_player_needs_no_model(own_title: RunningStage) -> None:
    cast(own_title)
    text = "# The ferry\n\nA foot passenger pays three chips for the ferry."
    own_title.wait_for_lore("fare.md", own_title.put_lore("fare.md", text))
    question = "How many chips does a foot passenger pay for the ferry?"
    first = speak(own_title, question, player(), mode="rag")
    second = speak(own_title, question, player(), mode="rag")
    assert first["reused"] is False
    if first["citations"]:  # An answer that cites nothing is not kept.
        assert (second["reused"], second["say"]) == (True, first["say"])
        assert second["turn_id"] != first["turn_id"]
        assert second["usage"]["output_tokens"] == 0
        changed = text.replace("three", "four")
        own_title.wait_for_lore("fare.md", own_title.put_lore("fare.md", changed))
        assert speak(own_title, question, player(), mode="rag")["reused"] is False
