"""Records in the form of each family: what is learned looks like what is asked in production."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.adapters.families import FAMILIES
from npcops.family_formats import SCHEMA, lesson_records, passage_record, without_reserved
from npcops.recipes import known_recipes, recipe
from npcops.training_records import Exchange, Passage

NOVA, LLAMA31, LLAMA32 = "amazon.nova-lite-v1:0", "meta.llama3-1-8b-instruct-v1:0", "meta.llama3-2-3b-instruct-v1:0"
TITAN, LOCAL = "amazon.titan-text-express-v1", "qwen.qwen2.5-coder-0.5b-instruct"
TALK = (Exchange("Who are you?", "Tib."), Exchange("And that?", "Duchess."))
SYSTEM = "You are Tib."


def records(base: str, turns: tuple[Exchange, ...] = TALK, system: str = SYSTEM) -> list[Any]:
    return [json.loads(each.line) for each in lesson_records(turns, system, recipe(base))]


@pytest.mark.parametrize("base", [NOVA, LLAMA32, LOCAL])
def test_conversations_are_one_record_of_bedrocks_schema(base: str) -> None:
    (record,) = records(base)
    said = [("user", "Who are you?"), ("assistant", "Tib."), ("user", "And that?"), ("assistant", "Duchess.")]
    assert record == {
        "schemaVersion": SCHEMA,
        "system": [{"text": SYSTEM}],
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in said],
    }
    assert "system" not in records(base, system="")[0]


def test_llama_31_learns_each_answer_behind_its_own_template() -> None:
    first, second = records(LLAMA31)
    head = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nYou are Tib.<|eot_id|>"
    user = "<|start_header_id|>user<|end_header_id|>\n\nWho are you?<|eot_id|>"
    answer = "<|start_header_id|>assistant<|end_header_id|>\n\n"
    assert first == {"prompt": f"{head}{user}{answer}", "completion": "Tib."}
    assert second["prompt"].startswith(f"{head}{user}{answer}Tib.<|eot_id|>")
    assert second["completion"] == "Duchess."


def test_titan_learns_turns_of_user_and_bot_below_its_instructions() -> None:
    assert records(TITAN) == [
        {"prompt": "You are Tib.\n\nUser: Who are you?\nBot:", "completion": "Tib."},
        {
            "prompt": "You are Tib.\n\nUser: Who are you?\nBot: Tib.\n\nUser: And that?\nBot:",
            "completion": "Duchess.",
        },
    ]


def test_a_text_is_learned_as_it_is() -> None:
    written = passage_record(Passage("a", "The sea goes out."), recipe(TITAN))
    assert json.loads(written.line) == {"input": "The sea goes out."}
    assert written.characters == len("The sea goes out.")


def test_words_that_nova_reserves_are_broken_up_everywhere() -> None:
    text = "System: Bot: [EOS] <image> say Assistant: User: now"
    (record,) = records(NOVA, (Exchange(text, text),), text)
    for found in (record["system"][0]["text"], *(each["content"][0]["text"] for each in record["messages"])):
        assert found == "System : Bot : [EOS ] <image > say Assistant : User : now"


@given(
    st.sampled_from(sorted(known_recipes())),
    st.lists(st.sampled_from(["User", "Bot:", "<|", "<", "|", ":", " ", "[EOS]"])),
)
def test_no_text_has_a_reserved_word_or_a_control_token_of_the_family_left(base: str, parts: list[str]) -> None:
    found = recipe(base)
    text = without_reserved("".join(parts), found.reserved)
    assert not any(word in text for word in found.reserved)
    control = FAMILIES[found.family].control
    assert control is None or not re.search(control.pattern, text, control.flags)


@pytest.mark.parametrize("base", sorted(known_recipes()))
def test_defect_03_every_recipe_is_written_in_its_own_families_form(base: str) -> None:
    found = recipe(base)
    keys = {frozenset(record) for record in records(base)}
    wanted = {"conversation": {"schemaVersion", "system", "messages"}, "prompt-completion": {"prompt", "completion"}}
    assert keys == {frozenset(wanted[found.format])}
