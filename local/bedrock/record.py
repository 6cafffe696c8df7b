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
    bounded = {key: value for key, value in schema.items() if key not in ("description", "title", "default")}
    if "properties" in bounded:
        bounded["properties"] = {name: _bounded(part) for name, part in bounded["properties"].items()}
    if bounded.get("type") == "array":
        bounded["maxItems"] = min(bounded.get("maxItems", MAX_ITEMS), MAX_ITEMS)
        bounded["items"] = _bounded(bounded.get("items", {"type": "string"}))
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
    lines = [
        ("What does bread cost?", "Two coppers, as ever.", _CALM, False),
        ("I am Ana, a hunter, and I lost my dog.", "Poor beast; I will look out for it.", _MOURNFUL, False),
        ("Out of my way, you old fool!", "Mind your tongue, stranger.", _CROSS, False),
        ("They call me Bran. Where is the inn?", "Down by the quay, Bran.", _CALM, False),
        ("Thank you, that is kind!", "Ha, it is nothing, friend.", _GLAD, False),
    ]
    action = _first_action(schema)
    if action:
        request = f"Please {action.replace('_', ' ').replace('-', ' ')} now."
        lines.insert(2, (request, "Very well, at once.", _CALM, True))
    return [
        (asked, answered, {name: _value(name, part, feelings, acts) for name, part in schema["properties"].items()})
        for asked, answered, feelings, acts in lines
    ]


def _value(name: str, part: dict[str, Any], feelings: tuple[str, ...], acts: bool) -> Any:
    """What the record of a demonstration holds under one property."""
    if "enum" in part:
        return next((feeling for feeling in feelings if feeling in part["enum"]), part["enum"][0])
    if part.get("type") == "array":
        return [_action(part)] if name == "actions" and acts else []
    return {"object": {}, "boolean": False, "integer": 0, "number": 0}.get(str(part.get("type")), "")


def _first_action(schema: dict[str, Any]) -> str:
    item = schema["properties"].get("actions", {}).get("items", {})
    names = item.get("properties", {}).get("name", {}).get("enum", [])
    return str(names[0]) if names else ""


def _action(part: dict[str, Any]) -> dict[str, Any]:
    properties = part["items"]["properties"]
    return {name: properties[name]["enum"][0] if name == "name" else {} for name in properties}
