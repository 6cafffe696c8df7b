"""The part of a tool input that goes with the spoken words, filled in by the chat model under its JSON schema.

A second, short completion labels the exchange. Its demonstrations are constant for a tool, so that they
stay in the prefix cache, and mostly show empty lists: at this size the model acts on whatever it is shown.
"""

from __future__ import annotations

import json
from typing import Any

from local.bedrock.prompt import PLAYER, neutralise

MAX_TOKENS = 160
MAX_ITEMS = 2
MAX_CHARACTERS = 120
# Every demonstration is read again when the character changes.
MOST_ACTIONS = 3
_CALM = ("neutral", "calm")
_GLAD = ("warm", "happy", "joy", "glad", "amused")
_CROSS = ("angry", "annoyed", "cross", "wary")
_MOURNFUL = ("sad", "sorry", "worried")


def schema_of(schema: dict[str, Any], without: set[str]) -> dict[str, Any]:
    """The object schema without some properties, its lists and texts bounded to end in few tokens."""
    properties = {name: _bounded(part) for name, part in schema.get("properties", {}).items() if name not in without}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _bounded(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    bounded = {key: value for key, value in schema.items() if key not in ("title", "default")}
    if "properties" in bounded:
        bounded["properties"] = {name: _bounded(part) for name, part in bounded["properties"].items()}
    if bounded.get("type") == "array":
        bounded["maxItems"] = min(bounded.get("maxItems", MAX_ITEMS), MAX_ITEMS)
        bounded["items"] = _bounded(bounded.get("items", {"type": "string"}))
    elif "anyOf" in bounded:
        bounded["anyOf"] = [_bounded(kind) for kind in bounded["anyOf"]]
    elif bounded.get("type") == "string" and "enum" not in bounded:
        bounded["maxLength"] = min(bounded.get("maxLength", MAX_CHARACTERS), MAX_CHARACTERS)
    return bounded


def render(schema: dict[str, Any], name: str, player: str, said: str) -> str:
    """The labelling prompt; `schema` is what `schema_of` returned."""
    blocks = [
        f"{PLAYER}: {asked}\nCharacter: {answered}\nRecord: {json.dumps(record, separators=(',', ':'))}"
        for asked, answered, record in _demonstrations(schema)
    ]
    last = f"{PLAYER}: {neutralise(player, name)}\nCharacter: {neutralise(said, name)}\nRecord:"
    return "\n\n".join(["Each exchange is followed by its record.", *blocks, last])


def _demonstrations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    lines: list[tuple[str, str, tuple[str, ...], dict[str, Any]]] = [
        ("What does bread cost?", "Two coppers, as ever.", _CALM, {}),
        ("I am Ana, a hunter, and I lost my dog.", "Poor beast; I will look out for it.", _MOURNFUL, {}),
        ("Out of my way, you old fool!", "Mind your tongue, stranger.", _CROSS, {}),
        ("They call me Bran. Where is the inn?", "Down by the quay, Bran.", _CALM, {}),
        ("Thank you, that is kind!", "Ha, it is nothing, friend.", _GLAD, {}),
    ]
    for place, kind in enumerate(_kinds(schema)):
        lines.insert(2 * place + 2, (_request(kind), "Very well, at once.", _CALM, _sample(kind)))
    return [
        (asked, answered, {name: _value(name, part, feelings, action) for name, part in schema["properties"].items()})
        for asked, answered, feelings, action in lines
    ]


def _value(name: str, part: dict[str, Any], feelings: tuple[str, ...], action: dict[str, Any]) -> Any:
    """What the record of a demonstration holds under one property."""
    if "enum" in part:
        return next((feeling for feeling in feelings if feeling in part["enum"]), part["enum"][0])
    if part.get("type") == "array":
        return [action] if name == "actions" and action else []
    return _sample(part)


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of the first actions."""
    items = schema["properties"].get("actions", {}).get("items", {})
    kinds = items.get("anyOf", [items])
    return [kind for kind in kinds if kind.get("properties", {}).get("name", {}).get("enum")][:MOST_ACTIONS]


def _request(kind: dict[str, Any]) -> str:
    """How a player might ask for an action, in the words that describe it."""
    told = str(kind.get("description") or kind["properties"]["name"]["enum"][0].replace("_", " ")).rstrip(".")
    return f"Please {told[:1].lower()}{told[1:]}.".replace("the player", "me")


def _sample(schema: dict[str, Any]) -> Any:
    """The plainest value that fits a schema."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: _sample(part) for name, part in schema.get("properties", {}).items()}
    if schema.get("type") in ("integer", "number"):
        return schema.get("minimum", 0)
    return {"boolean": False, "array": [], "string": "as agreed"}.get(str(schema.get("type")))
