"""Typed values of model calls, independent of provider and model family."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from npcops.dialogue import Usage


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation as a model sees it. A player's text is always a `user` message of its own."""

    role: Literal["user", "assistant"]
    text: str


class Tool(msgspec.Struct, frozen=True):
    """The shape a reply must take: a tool the model has to call. `schema` is a JSON Schema object."""

    name: str
    description: str
    schema: dict[str, Any]


class Prompt(msgspec.Struct, frozen=True):
    """Everything one model call is given.

    `system` is constant for an NPC and prompt version (providers may cache it), `context` changes with every turn.
    `attribution` is attached to the call for cost allocation; it holds ids only, never text. `canary` is a token in
    `system` that no reply may give away.
    """

    system: str
    context: str
    messages: tuple[Message, ...]
    tool: Tool | None = None
    max_tokens: int = 300
    temperature: float = 0.5
    attribution: dict[str, str] = {}
    canary: str = ""


class Reply(msgspec.Struct, frozen=True):
    """What came back: free text, and the tool's input if the model called it."""

    text: str
    tool_input: dict[str, Any] | None
    model: str
    stop_reason: str
    usage: Usage


class Delta(msgspec.Struct, frozen=True):
    """A piece of a reply as it is being written: of its free text, or of the tool's input, which is JSON."""

    kind: Literal["text", "tool_input"]
    text: str
