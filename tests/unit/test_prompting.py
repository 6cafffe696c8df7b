"""The prompt of a turn: whose words stand where, and the shape of the reply."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from jsonschema import Draft202012Validator

from npcops.characters import ActionSpec, Script
from npcops.leaks import canary_of
from npcops.memory import RememberedTurn
from npcops.model_calls import Message, Prompt
from npcops.prompting import build_prompt, build_summary_prompt, speak_tool
from npcops.templates import Moment, render
from tests.unit.test_templates import CARD, GAME, SUMMARY, TEMPLATE, TEXTS, passage

WAVE = ActionSpec("wave", "Waves.", {"type": "object", "properties": {"hand": {"type": "string"}}})
SCRIPT = Script(CARD, "card-1", TEMPLATE, "prompt-1", GAME)


def prompt_for(message: str, **changes: Any) -> Prompt:
    given: dict[str, Any] = {
        "script": SCRIPT,
        "moment": Moment(passages=(passage(1, "The gate is shut."),), summaries=("They met once.",), language="en"),
        "turns": [RememberedTurn("t1", "Hello", "Well met.")],
        "message": message,
        "actions": [WAVE],
        "attribution": {"npc": "mira"},
    }
    return build_prompt(**given | changes)


@given(TEXTS)
def test_defect_09_player_text_cannot_speak_with_system_authority(text: str) -> None:
    prompt, harmless = prompt_for(text), prompt_for("Is the gate open?")
    assert prompt.messages[-1] == Message("user", text)
    assert msgspec.structs.replace(prompt, messages=()) == msgspec.structs.replace(harmless, messages=())
    assert prompt.messages[:-1] == harmless.messages[:-1]


@given(TEXTS)
def test_defect_09_remembered_player_text_is_a_message_of_its_own_too(text: str) -> None:
    prompt = prompt_for("And now?", turns=[RememberedTurn("t1", text, "Well met.")])
    harmless = prompt_for("And now?")
    assert prompt.messages == (Message("user", text), Message("assistant", "Well met."), Message("user", "And now?"))
    assert (prompt.system, prompt.context, prompt.tool) == (harmless.system, harmless.context, harmless.tool)


@given(TEXTS, TEXTS, TEXTS)
def test_defect_09_a_summary_is_made_of_turns_that_cannot_end_themselves(player: str, npc: str, previous: str) -> None:
    turns = [RememberedTurn("t1", player, npc), RememberedTurn("t2", "Bye", "Farewell.")]
    prompt = build_summary_prompt(SUMMARY, CARD, GAME, previous, turns, {})
    (message,) = prompt.messages
    assert message.role == "user"
    assert prompt.tool is None
    assert message.text.count("<") == 12
    assert [message.text.count(tag) for tag in ("</player>", "</reply>", "</turn>")] == [2, 2, 2]
    assert "<" not in prompt.context


def test_the_system_text_is_the_same_in_every_turn() -> None:
    later = prompt_for("Other", moment=Moment(), turns=[], actions=[])
    assert later.system == prompt_for("Hello").system
    assert later.context != prompt_for("Hello").context


def test_the_tool_offers_exactly_what_there_is_to_choose_from() -> None:
    schema = speak_tool(CARD, CARD.emotions, ["a", "b", "a"], [WAVE]).schema
    assert schema["properties"]["emotion"]["enum"] == ["neutral", "warm"]
    assert schema["properties"]["citations"]["items"]["enum"] == ["a", "b"]
    assert schema["properties"]["actions"]["items"]["properties"]["name"]["enum"] == ["wave"]
    assert next(iter(schema["properties"])) == "say"
    Draft202012Validator.check_schema(schema)
    spoken = {"say": "Aye.", "emotion": "warm", "citations": ["a"], "actions": [{"name": "wave", "arguments": {}}]}
    assert Draft202012Validator(schema).is_valid(spoken)
    notes = [{"text": "The player is called Ann.", "importance": 4}]
    assert Draft202012Validator(schema).is_valid(spoken | {"memory": notes})
    assert not Draft202012Validator(schema).is_valid(spoken | {"memory": notes * 4})
    assert not Draft202012Validator(schema).is_valid(spoken | {"citations": ["c"]})
    assert not Draft202012Validator(schema).is_valid(spoken | {"actions": [{"name": "fly", "arguments": {}}]})


def test_without_passages_and_actions_there_is_nothing_to_cite_or_do() -> None:
    schema = speak_tool(CARD, CARD.emotions, [], []).schema
    assert set(schema["properties"]) == {"say", "emotion", "memory"}
    assert schema["required"] == ["say", "emotion"]


def test_the_system_text_ends_with_a_mark_that_tells_a_leak() -> None:
    system, _ = render(TEMPLATE, CARD, GAME, Moment())
    marked = prompt_for("Hello").system
    assert marked.startswith(system)
    assert marked.count(canary_of(system)) == 1
    other = msgspec.structs.replace(SCRIPT, card=msgspec.structs.replace(CARD, persona="A miller."))
    assert canary_of(system) not in prompt_for("Hello", script=other).system


def test_every_action_is_offered_with_the_arguments_that_it_takes() -> None:
    pay = ActionSpec("pay", "Pays.", {"properties": {"chips": {"type": "integer"}}, "required": ["chips"]})
    schema = speak_tool(CARD, CARD.emotions, [], [WAVE, pay]).schema
    Draft202012Validator.check_schema(schema)
    fits = Draft202012Validator(schema).is_valid
    for name, arguments, fit in (("pay", {"chips": 3}, True), ("pay", {"hand": "left"}, False), ("wave", {}, True)):
        spoken = {"say": "Aye.", "emotion": "warm", "actions": [{"name": name, "arguments": arguments}]}
        assert fits(spoken) is fit


def test_arguments_that_refer_to_their_own_definitions_are_offered_as_an_object() -> None:
    own = {"properties": {"to": {"$ref": "#/$defs/place"}}, "$defs": {"place": {"type": "string"}}}
    schema = speak_tool(CARD, CARD.emotions, [], [ActionSpec("go", "Goes.", own)]).schema
    assert schema["properties"]["actions"]["items"]["properties"]["arguments"] == {"type": "object"}
