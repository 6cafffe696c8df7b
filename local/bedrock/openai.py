"""Answers Converse requests with any server of the OpenAI chat completions protocol."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx

from local.bedrock.converse import Event, Finish, Request, Text, ToolInput
from local.bedrock.errors import ModelError, ModelTimeoutError

TIMEOUT_SECONDS = 120.0
# Home-grown servers drop idle connections without notice.
_LIMITS = httpx.Limits(max_keepalive_connections=0)
_REASONS = {"length": "max_tokens", "tool_calls": "tool_use", "content_filter": "content_filtered"}


class OpenAiChat:
    """A chat model behind a URL such as `http://127.0.0.1:11434/v1`."""

    def __init__(self, base_url: str, model: str, api_key: str = "") -> None:
        self._model = model
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=TIMEOUT_SECONDS, limits=_LIMITS)

    async def respond(self, request: Request) -> AsyncGenerator[Event, None]:
        """Streams the answer; raises ModelError if the server refuses or breaks off."""
        reason, usage = "", dict[str, Any]()
        async for part in self._parts(_body(request, self._model)):
            usage = part.get("usage") or usage
            for choice in part.get("choices", []):
                reason = choice.get("finish_reason") or reason
                for event in _events(choice.get("delta") or {}, request):
                    yield event
        if not reason:
            raise ModelError("The chat server ended its answer without a reason.")
        details = usage.get("prompt_tokens_details") or {}
        cached = int(details.get("cached_tokens") or 0)
        # Servers differ in the reason that they give for a call which was demanded by name.
        mapped = "tool_use" if request.tool and reason == "stop" else _REASONS.get(reason, "end_turn")
        read = int(usage.get("prompt_tokens", 0)) - cached
        yield Finish(mapped, read, int(usage.get("completion_tokens", 0)), cached)

    async def _parts(self, body: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        try:
            async with self._http.stream("POST", "/chat/completions", json=body) as response:
                if response.status_code != httpx.codes.OK:
                    raise ModelError(f"The chat server answered with status {response.status_code}.")
                async for line in response.aiter_lines():
                    data = line.removeprefix("data:").strip()
                    if line.startswith("data:") and data != "[DONE]":
                        yield json.loads(data)
        except httpx.TimeoutException as error:
            raise ModelTimeoutError("The chat server timed out.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise ModelError("The chat server cannot be reached or broke off.") from error

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def _body(request: Request, model: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": "\n\n".join(request.system)}] if request.system else []
    messages += [{"role": role, "content": text} for role, text in request.turns]
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.stop:
        body["stop"] = request.stop
    if request.tool:
        tool = request.tool
        function = {"name": tool.name, "description": tool.description, "parameters": tool.schema}
        body["tools"] = [{"type": "function", "function": function}]
        body["tool_choice"] = {"type": "function", "function": {"name": tool.name}}
    return body


def _events(delta: dict[str, Any], request: Request) -> list[Event]:
    if request.tool:
        calls = delta.get("tool_calls") or []
        pieces = [(call.get("function") or {}).get("arguments") for call in calls]
        return [ToolInput(piece) for piece in pieces if piece]
    return [Text(delta["content"])] if delta.get("content") else []
