"""Talking, world states and erasure, through the functions' own handlers."""

from __future__ import annotations

import json
import logging
from typing import Any

import jsonschema
import msgspec
import pytest

from npcops.dialogue import Turn
from npcops.errors import ModelFailed, ModelUnavailable
from tests.calls import answered, call, logged, refused, sample
from tests.fakes import ScriptedChat, prompt_text
from tests.handlers.conftest import Load
from tests.publishing import LABEL
from tests.resources import Resources

CANARY = "zanzibar-quince"


def test_a_turn_is_spoken(load: Load, title: str, mira: str, stage: Resources) -> None:
    turn = answered(load("converse")(call("converse", title, npc=mira)))
    assert turn["say"] == "Well met."
    assert turn["usage"]["output_tokens"] == 10
    assert turn.keys() == {field.encode_name for field in msgspec.structs.fields(Turn)}
    (event,) = stage.published()
    jsonschema.validate(event["detail"], sample("schemas/turn_spoken.v1"))


def test_what_a_character_cannot_answer_is_a_problem(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    converse = load("converse")
    refused(converse(call("converse", title, npc="nobody")), 404, "not-found")
    tuned = call("converse", title, npc=mira, body={"message": "Who?", "mode": "tuned"})
    refused(converse(tuned), 409, "no-tuned-model")
    assert chat.prompts == []


def test_a_model_that_fails_is_a_turn_that_says_so(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    converse = load("converse")
    chat.answers = [ModelUnavailable("Busy."), ModelFailed("No."), {"say": ""}]
    for cause in ("model-unavailable", "model-failed", "model-malformed"):
        turn = answered(converse(call("converse", title, npc=mira)))
        assert turn["degraded"] == {"answer": "authored-line", "why": [cause]}
        assert turn["say"]


@pytest.mark.parametrize("body", ["{", {}, {"message": ""}, {"message": "Who?", "mode": "best"}])
def test_defect_07_a_bad_turn_reaches_no_model(
    load: Load, title: str, mira: str, chat: ScriptedChat, body: Any
) -> None:
    refused(load("converse")(call("converse", title, npc=mira, body=body)), 400, "invalid-request")
    assert chat.prompts == []


def test_a_turn_with_a_key_is_spoken_once(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    converse = load("converse")
    keyed = {"idempotency-key": "turn-17"}
    first = answered(converse(call("converse", title, npc=mira, headers=keyed)))
    assert answered(converse(call("converse", title, npc=mira, headers=keyed))) == first
    assert len(chat.prompts) == 1
    other = call("converse", title, npc=mira, headers=keyed, body={"message": "Something else?"})
    refused(converse(other), 409, "conflict")
    another = call("converse", title, npc=mira, headers=keyed, subject="somebody-else")
    assert answered(converse(another))["turn_id"] != first["turn_id"]
    assert answered(converse(call("converse", title, npc=mira)))["turn_id"] != first["turn_id"]


def test_a_turn_with_a_key_under_way_is_a_conflict(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    converse = load("converse")
    event = call("converse", title, npc=mira, headers={"Idempotency-Key": "turn-17"})

    def again(_: Any) -> dict[str, Any]:
        refused(converse(event), 409, "conflict")
        return {"say": "Only once."}

    chat.answers = [again]
    assert answered(converse(event))["say"] == "Only once."


def test_a_bad_turn_with_a_key_is_refused_as_without(load: Load, title: str, mira: str) -> None:
    converse = load("converse")
    keyed = {"Idempotency-Key": "turn-17"}
    refused(converse(call("converse", title, npc=mira, headers=keyed, body={})), 400, "invalid-request")
    answered(converse(call("converse", title, npc=mira, headers=keyed)))
    long = {"Idempotency-Key": "k" * 129}
    refused(converse(call("converse", title, npc=mira, headers=long)), 400, "invalid-request")


def test_worlds_are_set_by_servers_alone(load: Load, title: str) -> None:
    state = {"flags": ["met-king"], "faction": "reeds", "place": None}
    for scope in ("player", "studio"):
        refused(load("set_world")(call("set_world", title, scopes=scope)), 403, "forbidden")
    assert answered(load("get_world")(call("get_world", title, player="ann")))["flags"] == []
    assert answered(load("set_world")(call("set_world", title, player="ann", body=state))) == state
    assert answered(load("get_world")(call("get_world", title, player="ann"))) == state
    refused(load("get_world")(call("get_world", title, scopes="player")), 403, "forbidden")


BAD_WORLDS: list[Any] = [
    {"flag": ["a"]},
    {"flags": ["a" * 129]},
    {"flags": [""]},
    {"flags": "met-king"},
    {"flags": ["a"] * 1001},
    {"flags": [None]},
    {"faction": ""},
]


@pytest.mark.parametrize("state", BAD_WORLDS)
def test_a_world_that_is_none_is_refused(load: Load, title: str, state: Any) -> None:
    refused(load("set_world")(call("set_world", title, player="ann", body=state)), 400, "invalid-request")


def test_an_erasure_says_what_it_removed(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    converse = load("converse")
    keyed = {"Idempotency-Key": "turn-17"}
    answered(converse(call("converse", title, npc=mira, subject="ann", headers=keyed, body={"message": CANARY})))
    answered(load("set_world")(call("set_world", title, player="ann", body={"flags": ["a"]})))
    refused(load("erase_player")(call("erase_player", title, player="ann", scopes="player")), 403, "forbidden")
    removed = answered(load("erase_player")(call("erase_player", title, player="ann")))
    assert removed == {"removed": {"turns": 1, "world": 1, "replies": 1, "spoken": 1}}
    answered(converse(call("converse", title, npc=mira, subject="ann")))
    assert CANARY not in prompt_text(chat.prompts[-1])


def spoken(title: str, player: str, npc: str = "mira") -> dict[str, Any]:
    """The sample message of the queue, about another conversation."""
    event = sample("sqs_turn_spoken")
    for record in event["Records"]:
        for old, new in (("saltmarrow", title), ("p-1027", player), ("wenna-tull", npc)):
            record["body"] = record["body"].replace(old, new)
    return dict(event)


def test_turns_are_folded_from_the_queue(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    converse, remember = load("converse"), load("remember")
    chat.answers = [lambda prompt: {"say": "Well met."} if prompt.tool else "A summary."]
    for number in range(12):
        body = {"message": f"This is what I have to say for the {number}th time, my dear.", "mode": "base"}
        answered(converse(call("converse", title, npc=mira, subject="ann", body=body)))
    assert remember(spoken(title, "ann")) == {"batchItemFailures": []}
    assert chat.prompts[-1].tool is None
    answered(converse(call("converse", title, npc=mira, subject="ann")))
    assert "A summary." in chat.prompts[-1].context


def test_a_message_that_fails_is_delivered_again_and_the_others_are_not(load: Load, title: str, mira: str) -> None:
    good, bad = spoken(title, "ann")["Records"][0], spoken(title, "ann", npc="nobody")["Records"][0]
    broken = {**good, "messageId": "broken", "body": "{}"}
    batch = {"Records": [{**bad, "messageId": "bad"}, good, broken]}
    failures = load("remember")(batch)["batchItemFailures"]
    assert [failure["itemIdentifier"] for failure in failures] == ["bad", "broken"]


def test_defect_09_no_player_text_in_logs(
    load: Load,
    title: str,
    mira: str,
    chat: ScriptedChat,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither what players write, nor what models are given, nor what they answer, whatever goes wrong."""
    caplog.set_level(logging.INFO)
    converse, remember = load("converse"), load("remember")

    def echo(prompt: Any) -> dict[str, Any] | str:
        return {"say": f"You said {CANARY}."} if prompt.tool else f"They spoke of {CANARY}."

    def broken(_: Any) -> dict[str, Any]:
        raise KeyError(CANARY)

    with logged() as log:
        for answer in (echo, broken, {"say": "", "words": CANARY}, ModelUnavailable("Busy."), ModelFailed("No.")):
            chat.answers = [answer]
            for body in (
                {"message": f"I am {CANARY}. " * 9},
                {"message": CANARY, "mode": CANARY},
                {"message": CANARY, CANARY: 1},
                f'{{"message": "{CANARY}"',
            ):
                for headers in ({}, {"Idempotency-Key": f"turn-{answer}"[:100]}):
                    converse(call("converse", title, npc=mira, subject="ann", body=body, headers=headers))
            chat.answers = [echo]
            for _ in range(2):
                converse(call("converse", title, npc=mira, subject="ann", body={"message": f"I am {CANARY}. " * 9}))
            chat.answers = [answer]
            remember(spoken(title, "ann"))
        load("set_world")(call("set_world", title, player="ann", body={"flags": [CANARY * 20]}))
        load("erase_player")(call("erase_player", title, player="ann"))
    assert any(CANARY in prompt_text(prompt) for prompt in chat.prompts)
    assert "turn spoken" in log.getvalue()
    assert "model call broke" in caplog.text
    assert "turns not folded" in log.getvalue()
    printed = capsys.readouterr()
    for text in (log.getvalue(), caplog.text, printed.out, printed.err):
        assert CANARY not in text


def test_a_batch_that_fails_as_a_whole_is_delivered_again(load: Load, title: str) -> None:
    with logged() as log:
        response = load("remember")(spoken(title, "ann", npc="nobody"))
    assert len(response["batchItemFailures"]) == 1
    assert '"error_type":"NotFound"' in log.getvalue()


def test_a_turn_is_logged_with_its_ids_and_figures(load: Load, title: str, mira: str) -> None:
    with logged() as log:
        turn = answered(load("converse")(call("converse", title, npc=mira)))
    (record,) = map(json.loads, log.getvalue().splitlines())
    expected = {"title": title, "npc": mira, "turn_id": turn["turn_id"], "usage": turn["usage"], "mode": "rag"}
    assert expected.items() <= record.items()


def test_metrics_count_turns(load: Load, title: str, mira: str, capsys: pytest.CaptureFixture[str]) -> None:
    answered(load("converse")(call("converse", title, npc=mira)))
    printed = capsys.readouterr().out
    assert '"Turns":[1.0]' in printed
    assert '"OutputTokens":[10.0]' in printed


def test_the_label_of_the_stage_is_served(load: Load, title: str, mira: str) -> None:
    card = {"id": "mira", "name": "Mira", "persona": "Another."}
    body = {"content": card, "label": "staging"}
    stored = answered(load("put_entry")(call("put_entry", title, kind="npcs", name="mira", body=body)))
    assert stored["labels"].keys() == {LABEL, "staging"}
    assert stored["labels"][LABEL] != stored["version"]
