"""How the model families differ behind Bedrock's Converse API: what a request may hold, and what a reply looks like.

What a single model supports is data (`models.json`); here is what follows from it for the shape of a call.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from npcops.dialogue import Usage
from npcops.errors import GuardrailIntervened, ModelFailed
from npcops.model_calls import Message, Prompt, Reply, Tool
from npcops.model_prices import ChatFamily, ChatSpec

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime.type_defs import (
        ConverseRequestTypeDef,
        SystemContentBlockTypeDef,
        ToolConfigurationTypeDef,
    )

METADATA_ENTRIES = 16
METADATA_CHARACTERS = 256
_NOT_METADATA = re.compile(r"[^a-zA-Z0-9 :_@$#=/+,.-]+")
_FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.S | re.I)
_ACKNOWLEDGED = "Understood."
_WITHHELD = frozenset({"guardrail_intervened", "content_filtered"})


class Family(msgspec.Struct, frozen=True):
    """What all models of a family share.

    `control` matches text that the family's own prompt format gives a meaning, such as the end of a turn: such text
    from outside is broken up. `schema_keys` are the only keys allowed at the top of a tool's schema (None: all).
    """

    control: re.Pattern[str] | None = None
    schema_keys: frozenset[str] | None = None


FAMILIES: dict[ChatFamily, Family] = {
    "claude": Family(),
    "nova": Family(schema_keys=frozenset({"type", "properties", "required"})),
    "llama": Family(control=re.compile(r"<\|(?=\w)")),
    "mistral": Family(control=re.compile(r"\[(?=/?[A-Z][A-Z_]+\])|<(?=/?s>)")),
    "titan": Family(control=re.compile(r"^\s*(?:User|Bot)(?=:)", re.M)),
    "local": Family(),
}


def converse_request(prompt: Prompt, spec: ChatSpec) -> ConverseRequestTypeDef:
    """The request of Converse and ConverseStream alike, for the model that `spec` names."""
    entry, family = spec.entry, FAMILIES[spec.entry.family]
    context = _harmless(prompt.context, family)
    messages = [Message(message.role, _harmless(message.text, family)) for message in prompt.messages]
    in_words = _schema_in_words(prompt.tool) if prompt.tool and entry.tool_choice == "none" else ""
    constant = [text for text in (prompt.system, in_words) if text]
    if not entry.system:
        messages = [*_as_messages([*constant, context]), *messages]
    request: ConverseRequestTypeDef = {
        "modelId": spec.id,
        "messages": [{"role": message.role, "content": [{"text": message.text}]} for message in messages],
        "inferenceConfig": {"maxTokens": prompt.max_tokens},
    }
    if entry.temperature:
        request["inferenceConfig"]["temperature"] = prompt.temperature
    if entry.system and (system := _system(constant, context, entry.prompt_caching)):
        request["system"] = system
    if prompt.tool and entry.tool_choice != "none":
        request["toolConfig"] = _tool_config(prompt.tool, spec, family)
    if entry.request_fields:
        request["additionalModelRequestFields"] = entry.request_fields
    if metadata := request_metadata(prompt.attribution):
        request["requestMetadata"] = metadata
    return request


def request_metadata(attribution: dict[str, str]) -> dict[str, str]:
    """As much of `attribution` as Bedrock's request metadata can express: 16 short entries of plain ASCII."""
    fitting: dict[str, str] = {}
    for key, value in attribution.items():
        name = _NOT_METADATA.sub("-", key)[:METADATA_CHARACTERS]
        text = _NOT_METADATA.sub("-", value)[:METADATA_CHARACTERS]
        if name.strip("- ") and text.strip("- ") and len(fitting) < METADATA_ENTRIES:
            fitting.setdefault(name, text)
    return fitting


def read_reply(response: Any, prompt: Prompt, spec: ChatSpec, ms: int) -> Reply:
    """The reply in a Converse response.

    Raises ModelFailed when there is neither text nor the tool's input, and GuardrailIntervened when the provider
    withheld the reply: what stands in its place are not the model's words.
    """
    try:
        if response["stopReason"] in _WITHHELD:
            raise GuardrailIntervened(f"The reply of model {spec.id} was withheld ({response['stopReason']}).")
        text, tool_input = _content(response["output"]["message"]["content"], prompt.tool)
        usage, stop_reason = _usage(response["usage"], spec, ms), str(response["stopReason"])
    except (KeyError, TypeError, AttributeError):
        raise ModelFailed(f"Model {spec.id} replied in a shape that Converse does not have.") from None
    if prompt.tool and tool_input is None and spec.entry.tool_choice == "none":
        tool_input = _object(text)
    if tool_input is None and not text.strip():
        raise ModelFailed(f"Model {spec.id} replied with nothing that can be read (stop reason {stop_reason}).")
    return Reply(text, tool_input, spec.id, stop_reason, usage)


def _system(constant: list[str], context: str, caching: bool) -> list[SystemContentBlockTypeDef]:
    """The constant part first, so that the provider's cache can end behind it."""
    blocks: list[SystemContentBlockTypeDef] = [{"text": text} for text in constant]
    if blocks and caching:
        blocks.append({"cachePoint": {"type": "default"}})
    if context.strip():
        blocks.append({"text": context})
    return blocks


def _as_messages(texts: list[str]) -> list[Message]:
    """Instructions for a model without a system role: an exchange of their own, apart from what the player says."""
    instructions = "\n\n".join(text for text in texts if text.strip())
    return [Message("user", instructions), Message("assistant", _ACKNOWLEDGED)] if instructions else []


def _tool_config(tool: Tool, spec: ChatSpec, family: Family) -> ToolConfigurationTypeDef:
    keys = family.schema_keys
    schema = tool.schema if keys is None else {key: tool.schema[key] for key in tool.schema if key in keys}
    config: ToolConfigurationTypeDef = {
        "tools": [{"toolSpec": {"name": tool.name, "description": tool.description, "inputSchema": {"json": schema}}}]
    }
    if spec.entry.tool_choice == "tool":
        config["toolChoice"] = {"tool": {"name": tool.name}}
    elif spec.entry.tool_choice == "any":
        config["toolChoice"] = {"any": {}}
    return config


def _schema_in_words(tool: Tool) -> str:
    schema = json.dumps(tool.schema, ensure_ascii=False, separators=(",", ":"))
    return f"{tool.description}\nReply with one JSON object that satisfies this schema, and nothing else:\n{schema}"


def _harmless(text: str, family: Family) -> str:
    return family.control.sub(lambda found: f"{found[0]} ", text) if family.control else text


def _content(blocks: list[dict[str, Any]], tool: Tool | None) -> tuple[str, dict[str, Any] | None]:
    """All text, and the input of the wanted tool's first call. Input that is no object is kept as text."""
    texts: list[str] = []
    tool_input: dict[str, Any] | None = None
    for block in blocks:
        if isinstance(block.get("text"), str):
            texts.append(block["text"])
        call = block.get("toolUse")
        if call and tool and call["name"] == tool.name and tool_input is None:
            given = call["input"]
            if isinstance(given, dict):
                tool_input = given or None
            elif given is not None:
                texts.append(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))
    return "\n".join(texts), tool_input


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text consists of, with or without a code fence around it."""
    fenced = _FENCE.match(text)
    try:
        found = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _usage(counted: dict[str, Any], spec: ChatSpec, ms: int) -> Usage:
    """Bedrock counts tokens read from and written to the cache beside the other input tokens, not among them."""
    fresh, output = int(counted["inputTokens"]), int(counted["outputTokens"])
    read, write = (int(counted.get(key) or 0) for key in ("cacheReadInputTokens", "cacheWriteInputTokens"))
    return Usage(fresh + read + write, output, read, spec.prices.cost(fresh, output, read, write), ms)
