"""Writes training records in the form that a base model's family is tuned with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from npcops.model_prices import ChatFamily
from npcops.recipes import Recipe
from npcops.tokens import estimate
from npcops.training_records import Exchange, Passage

SCHEMA = "bedrock-conversation-2024"
Turns = Sequence[Exchange]


class Written(msgspec.Struct, frozen=True):
    """A record as a line, and how many characters and (estimated) tokens it holds."""

    line: bytes
    characters: int
    tokens: int


def lesson_records(turns: Turns, system: str, recipe: Recipe) -> list[Written]:
    """The records by which a conversation is learned.

    One that keeps the whole conversation, or where the format has pairs alone, one for each answer with what was said
    before it in its prompt. Words that the model's provider reserves are broken up by a blank.
    """
    whole = [_harmless(Exchange(turn.prompt, turn.completion), recipe) for turn in turns]
    told = without_reserved(system, recipe.reserved)
    if recipe.format == "conversation":
        texts = [told, *(text for turn in whole for text in (turn.prompt, turn.completion))]
        return [_written(_conversation(whole, told), texts)]
    template = _TEMPLATES[recipe.family]
    pairs = [
        {"prompt": template(told, whole[:number], turn.prompt), "completion": turn.completion}
        for number, turn in enumerate(whole)
    ]
    return [_written(pair, list(pair.values())) for pair in pairs]


def passage_record(passage: Passage, recipe: Recipe) -> Written:
    """The record by which a text is learned as it is."""
    text = without_reserved(passage.text, recipe.reserved)
    return _written({"input": text}, [text])


def without_reserved(text: str, reserved: Sequence[str]) -> str:
    """The text, with a blank inside each reserved word: a job with one of them fails as a whole."""
    for word in reserved:
        text = text.replace(word, f"{word[:-1]} {word[-1]}")
    return text


def _harmless(turn: Exchange, recipe: Recipe) -> Exchange:
    return Exchange(without_reserved(turn.prompt, recipe.reserved), without_reserved(turn.completion, recipe.reserved))


def _conversation(turns: Turns, system: str) -> dict[str, Any]:
    said = [(role, text) for turn in turns for role, text in (("user", turn.prompt), ("assistant", turn.completion))]
    messages = [{"role": role, "content": [{"text": text}]} for role, text in said]
    return {"schemaVersion": SCHEMA, **({"system": [{"text": system}]} if system else {}), "messages": messages}


def _written(record: dict[str, Any], texts: Sequence[str]) -> Written:
    return Written(msgspec.json.encode(record), sum(map(len, texts)), sum(map(estimate, texts)))


def _llama(system: str, before: Turns, prompt: str) -> str:
    """As Converse renders it for Llama 3: what is asked in production must look the same."""
    parts = [("system", system)] if system else []
    for turn in before:
        parts += [("user", turn.prompt), ("assistant", turn.completion)]
    rendered = "".join(f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>" for role, text in parts)
    asked = f"<|start_header_id|>user<|end_header_id|>\n\n{prompt}<|eot_id|>"
    return f"<|begin_of_text|>{rendered}{asked}<|start_header_id|>assistant<|end_header_id|>\n\n"


def _titan(system: str, before: Turns, prompt: str) -> str:
    """Titan has no system role: its instructions come first, and turns are `User:` and `Bot:`."""
    told = f"{system}\n\n" if system else ""
    earlier = "".join(f"User: {turn.prompt}\nBot: {turn.completion}\n\n" for turn in before)
    return f"{told}{earlier}User: {prompt}\nBot:"


_TEMPLATES: dict[ChatFamily, Callable[[str, Turns, str], str]] = {"llama": _llama, "titan": _titan}
