"""Reads training data: JSON lines of conversations, or of plain text for continued pre-training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from local.bedrock.errors import ValidationError

SCHEMA = "bedrock-conversation-2024"


@dataclass(frozen=True)
class Conversation:
    """The system text, and turns (role, text) that begin with the user's and end with the assistant's."""

    system: tuple[str, ...]
    turns: tuple[tuple[str, str], ...]


def conversations(data: bytes, name: str) -> list[Conversation]:
    """The conversations of a file of this name. Raises ValidationError that names the line at fault."""
    return [_conversation(record, where) for record, where in _records(data, name)]


def texts(data: bytes, name: str) -> list[str]:
    """The texts of a file of this name. Raises ValidationError that names the line at fault."""
    return [_text(record.get("input"), f"{where}: input") for record, where in _records(data, name)]


def _records(data: bytes, name: str) -> list[tuple[dict[str, Any], str]]:
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValidationError(f"Line {line} of {name} is not UTF-8.") from error
    found = [(_record(line, f"Line {number} of {name}"), f"Line {number} of {name}")
             for number, line in enumerate(lines, 1) if line.strip()]  # fmt: skip
    if not found:
        raise ValidationError(f"{name} holds no records.")
    return found


def _record(line: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise ValidationError(f"{where} is not valid JSON.") from error
    if not isinstance(record, dict):
        raise ValidationError(f"{where} is not a JSON object.")
    return record


def _conversation(record: dict[str, Any], where: str) -> Conversation:
    if record.get("schemaVersion") != SCHEMA:
        raise ValidationError(f"{where}: schemaVersion must be {SCHEMA}.")
    system = tuple(_blocks(record.get("system", []), f"{where}: system"))
    messages = record.get("messages")
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValidationError(f"{where}: messages must be a list of objects.")
    turns = tuple(
        (str(message.get("role")), "\n".join(_blocks(message.get("content"), f"{where}: messages.{index}.content")))
        for index, message in enumerate(messages)
    )
    roles = [role for role, _ in turns]
    if not roles or roles[0] != "user" or roles[-1] != "assistant" or any(a == b for a, b in pairwise(roles)):
        raise ValidationError(f"{where}: messages must go from user to assistant in turn, and end with the assistant.")
    if not {*roles} <= {"user", "assistant"}:
        raise ValidationError(f"{where}: a role must be user or assistant.")
    return Conversation(system, turns)


def _blocks(blocks: Any, where: str) -> list[str]:
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise ValidationError(f"{where} must be a list of objects with text.")
    return [_text(block.get("text"), where) for block in blocks]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(f"{where} holds no text.")
    return value
