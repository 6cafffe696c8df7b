"""Reads and writes the bodies of Converse, and names the events that a model answers with."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from local.bedrock.errors import ModelError, ValidationError

DEFAULT_MAX_TOKENS = 256
DEFAULT_TEMPERATURE = 0.2


@dataclass(frozen=True)
class Tool:
    """The tool that the model is to call."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A Converse request; the last of `turns` (role, text) is the user's."""

    turns: list[tuple[str, str]]
    system: list[str] = field(default_factory=list)
    tool: Tool | None = None
    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float = DEFAULT_TEMPERATURE
    top_p: float | None = None
    stop: list[str] = field(default_factory=list)

    @property
    def history(self) -> list[tuple[str, str]]:
        """Earlier exchanges as (user, assistant), oldest first."""
        return [
            (said, answered)
            for (role, said), (next_role, answered) in pairwise(self.turns)
            if (role, next_role) == ("user", "assistant")
        ]

    @property
    def question(self) -> str:
        """What the user says now."""
        return self.turns[-1][1]


@dataclass(frozen=True)
class Text:
    """Words of the answer, as they come."""

    text: str


@dataclass(frozen=True)
class ToolInput:
    """A piece of the JSON text that is the tool's input."""

    json: str


@dataclass(frozen=True)
class Finish:
    """Why the model stopped, and the tokens it took; `input_tokens` are those not read from the cache."""

    stop_reason: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0

    def usage(self) -> dict[str, int]:
        """The counts under their API names."""
        return {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "totalTokens": self.input_tokens + self.cached_tokens + self.output_tokens,
            "cacheReadInputTokens": self.cached_tokens,
        }


Event = Text | ToolInput | Finish


class ChatModel(Protocol):
    """Anything that answers a Converse request; the last event is a Finish."""

    def respond(self, request: Request) -> AsyncGenerator[Event, None]:
        """Streams the answer."""


def parse(body: Any) -> Request:
    """The request in a JSON body; raises ValidationError that names the field at fault."""
    if not isinstance(body, dict):
        raise ValidationError("The request body must be a JSON object.")
    turns = [_turn(message, index) for index, message in enumerate(_list(body, "messages"))]
    if not turns or turns[-1][0] != "user":
        raise ValidationError("messages: the conversation must end with a user message.")
    if any(first == second for (first, _), (second, _) in pairwise(turns)):
        raise ValidationError("messages: roles must alternate between user and assistant.")
    system = [_text(block, "system") for block in _list(body, "system") if "cachePoint" not in block]
    config = _object(body, "inferenceConfig")
    top_p = _number(config, "topP", None, 0, 1)
    stop = _list(config, "stopSequences", kind=str)
    return Request(
        turns=turns,
        system=system,
        tool=_tool(_object(body, "toolConfig")) if body.get("toolConfig") else None,
        max_tokens=int(_number(config, "maxTokens", DEFAULT_MAX_TOKENS, 1, 1_000_000) or 0),
        temperature=float(_number(config, "temperature", DEFAULT_TEMPERATURE, 0, 1) or 0.0),
        top_p=top_p,
        stop=stop,
    )


def _turn(message: dict[str, Any], index: int) -> tuple[str, str]:
    role = message.get("role")
    if role not in ("user", "assistant"):
        raise ValidationError(f"messages.{index}.role: must be user or assistant.")
    texts: list[str] = []
    for block in _list(message, "content"):
        if "toolUse" in block:
            given = block["toolUse"].get("input", {})
            texts.append(str(given["say"]) if "say" in given else json.dumps(given))
        elif "text" in block:
            texts.append(_text(block, f"messages.{index}.content"))
        elif "cachePoint" not in block and "toolResult" not in block:
            raise ValidationError(f"messages.{index}.content: only text and tools are supported by this model.")
    return role, "\n".join(texts)


def _tool(config: dict[str, Any]) -> Tool:
    specs = [tool["toolSpec"] for tool in _list(config, "tools") if "toolSpec" in tool]
    wanted = _object(_object(config, "toolChoice"), "tool").get("name")
    for spec in specs:
        if wanted in (None, spec.get("name")):
            schema = _object(_object(spec, "inputSchema"), "json")
            return Tool(str(spec.get("name")), str(spec.get("description", "")), schema)
    raise ValidationError("toolConfig.tools: the tool to be called is missing.")


def _text(block: dict[str, Any], where: str) -> str:
    if not isinstance(block.get("text"), str):
        raise ValidationError(f"{where}: a block must hold text.")
    return str(block["text"])


def _list(body: dict[str, Any], name: str, kind: type = dict) -> list[Any]:
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise ValidationError(f"{name}: must be a list.")
    return value


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise ValidationError(f"{name}: must be an object.")
    return value


def _number(config: dict[str, Any], name: str, default: float | None, low: float, high: float) -> float | None:
    value = config.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValidationError(f"inferenceConfig.{name}: must be a number from {low} to {high}.")
    return value


@dataclass
class Answer:
    """Gathers events into the body of a Converse response."""

    tool: Tool | None
    text: str = ""
    tool_json: str = ""

    def add(self, event: Event) -> None:
        """Takes the next event."""
        if isinstance(event, Text):
            self.text += event.text
        elif isinstance(event, ToolInput):
            self.tool_json += event.json

    def body(self, finish: Finish, milliseconds: int) -> dict[str, Any]:
        """The response; raises ModelError if the tool's input is not JSON."""
        content: list[dict[str, Any]] = [{"text": self.text}] if self.text else []
        if self.tool is not None and self.tool_json:
            use = {"toolUseId": tool_use_id(), "name": self.tool.name, "input": _input(self.tool_json)}
            content.append({"toolUse": use})
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": finish.stop_reason,
            "usage": finish.usage(),
            "metrics": {"latencyMs": milliseconds},
        }


def tool_use_id() -> str:
    """A new id in the form that the service uses."""
    return f"tooluse_{secrets.token_urlsafe(16)}"


def _input(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ModelError("The model did not complete the input of the tool.") from error
