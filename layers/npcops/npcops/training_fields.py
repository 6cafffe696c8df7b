"""Reads one record with named fields, of JSON or of a table: a pair, a conversation or a text, under common names."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from npcops.likeness import normalised
from npcops.readers.decoding import clean
from npcops.training_records import Example, Exchange, Passage

# What tools call the two sides of a pair, the text of a passage, who speaks, and what belongs together.
PAIRS = (
    ("prompt", "completion"),
    ("prompt", "response"),
    ("player", "reply"),
    ("question", "answer"),
    ("instruction", "output"),
    ("instruction", "response"),
    ("input", "output"),
    ("message", "corrected"),
)
TEXTS = ("text", "input")
SPEAKERS = ("speaker", "npc", "character")
CONVERSATIONS = ("conversation", "conversation_id", "scene", "dialogue", "session")
MOST_CHARACTERS = 100_000
_UNSPOKEN = frozenset({"system", "developer"})


class Unusable(Exception):
    """Why a record cannot be used, as a sentence that quotes nothing."""


def record(fields: Mapping[str, Any], line: int) -> Example | Passage:
    """What a record says; names of fields are in lower case. Raises Unusable."""
    if "messages" in fields:
        return _conversation(fields, line)
    for asked, answered in PAIRS:
        if asked in fields and answered in fields:
            exchange = Exchange(_text(fields, asked), _text(fields, answered), line)
            return Example(_occasion(fields, exchange.prompt), (exchange,), _optional(fields, SPEAKERS))
    for name in TEXTS:
        if name in fields:
            text = _text(fields, name)
            return Passage(_occasion(fields, text), text, line)
    raise Unusable("It has neither `messages`, nor `prompt` and `completion`, nor `text`.")


def _conversation(fields: Mapping[str, Any], line: int) -> Example:
    said = [_message(message) for message in _list(fields["messages"])]
    turns: list[tuple[str, str]] = []
    for role, text in said:
        if turns and turns[-1][0] == role:
            turns[-1] = (role, f"{turns[-1][1]}\n{text}")
        elif role not in _UNSPOKEN:
            turns.append((role, text))
    pairs = [(one[1], two[1]) for one, two in itertools.pairwise(turns) if one[0] == "user"]
    if not pairs:
        raise Unusable("No message of a `user` is followed by one of the `assistant`.")
    exchanges = tuple(Exchange(prompt, completion, line) for prompt, completion in pairs)
    return Example(_occasion(fields, "\n".join(prompt for prompt, _ in pairs)), exchanges, _optional(fields, SPEAKERS))


def _message(message: Any) -> tuple[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ("user", "assistant", *_UNSPOKEN):
        raise Unusable("A message has no `role` of system, user or assistant.")
    content = message.get("content")
    if isinstance(content, str):
        return role, _said(content)
    blocks = [block.get("text") if isinstance(block, dict) else None for block in _list(content)]
    texts = [block for block in blocks if isinstance(block, str)]
    if len(texts) < len(blocks):
        raise Unusable("A message holds something other than text.")
    return role, _said("\n".join(texts))


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list) or not value:
        raise Unusable("`messages`, or the content of one, is no list or is empty.")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise Unusable(f"`{name}` is no text.")
    return _said(value)


def _said(value: str) -> str:
    text = clean(value).strip()
    if not text:
        raise Unusable("A text is empty.")
    if len(text) > MOST_CHARACTERS:
        raise Unusable(f"A text is longer than {MOST_CHARACTERS:,} characters.")
    return text


def _optional(fields: Mapping[str, Any], names: Sequence[str]) -> str:
    found = (fields.get(name) for name in names)
    return next((clean(value).strip() for value in found if isinstance(value, str) and value.strip()), "")


def _occasion(fields: Mapping[str, Any], otherwise: str) -> str:
    """What the record belongs to, whatever its file is called; one that does not say so belongs to those of the same
    prompts.
    """
    named = _optional(fields, CONVERSATIONS)
    return named or hashlib.blake2b(normalised(otherwise).encode(), digest_size=12).hexdigest()
