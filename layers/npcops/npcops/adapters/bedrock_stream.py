"""Puts the events of ConverseStream together to what Converse would have answered."""

from __future__ import annotations

import json
from typing import Any

from npcops.model_calls import Delta


class StreamedResponse:
    """A response that grows event by event. With `text_is_tool_input` the model writes the tool's input as text."""

    def __init__(self, text_is_tool_input: bool) -> None:
        self._text_kind: Any = "tool_input" if text_is_tool_input else "text"
        self._texts: dict[int, list[str]] = {}
        self._tools: dict[int, str] = {}
        self._stop_reason: str | None = None
        self._usage: dict[str, Any] | None = None

    def add(self, event: Any) -> Delta | None:
        """Takes in one event; the piece of the reply in it, if it has one that is shown."""
        if start := event.get("contentBlockStart"):
            if tool := start["start"].get("toolUse"):
                self._tools[start["contentBlockIndex"]] = tool["name"]
        elif content := event.get("contentBlockDelta"):
            return self._piece(content["contentBlockIndex"], content["delta"])
        elif stop := event.get("messageStop"):
            self._stop_reason = stop["stopReason"]
        elif metadata := event.get("metadata"):
            self._usage = metadata["usage"]
        return None

    @property
    def complete(self) -> bool:
        """Whether the reply has ended and its tokens are counted."""
        return self._stop_reason is not None and self._usage is not None

    def response(self) -> dict[str, Any]:
        """What Converse would have returned. Input of a tool that is no JSON, such as a cut one, stays a string."""
        blocks: list[dict[str, Any]] = []
        for index in sorted({*self._texts, *self._tools}):
            text = "".join(self._texts.get(index, ()))
            if index in self._tools:
                blocks.append({"toolUse": {"name": self._tools[index], "input": _decoded(text)}})
            else:
                blocks.append({"text": text})
        return {"output": {"message": {"content": blocks}}, "stopReason": self._stop_reason, "usage": self._usage}

    def _piece(self, index: int, delta: Any) -> Delta | None:
        """Reasoning and other kinds of content are not part of a reply."""
        if "text" in delta:
            self._texts.setdefault(index, []).append(delta["text"])
            return Delta(self._text_kind, delta["text"])
        if "toolUse" in delta:
            self._texts.setdefault(index, []).append(delta["toolUse"]["input"])
            return Delta("tool_input", delta["toolUse"]["input"])
        return None


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
