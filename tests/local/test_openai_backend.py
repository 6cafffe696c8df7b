"""A server of the chat completions protocol can stand behind Converse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from local.bedrock.converse import Event, Finish, Request, Text, Tool, ToolInput
from local.bedrock.errors import ModelError
from local.bedrock.openai import OpenAiChat
from tests.local.doubles import served


class Upstream:
    """Answers each request with the same server-sent events, and keeps what was asked."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []
        self.status = 200
        self.asked: dict[str, Any] = {}
        self.key = ""

    async def answer(self, http: HttpRequest) -> Response:
        self.asked = await http.json()
        self.key = http.headers.get("authorization", "")
        lines = [f"data: {json.dumps(part)}\n\n" for part in self.parts]
        return Response("".join([*lines, "data: [DONE]\n\n"]), self.status, media_type="text/event-stream")


@pytest.fixture
def upstream() -> Iterator[tuple[Upstream, str]]:
    """The upstream and its URL."""
    server = Upstream()
    with served(Starlette(routes=[Route("/v1/chat/completions", server.answer, methods=["POST"])])) as url:
        yield server, f"{url}/v1"


def _ask(url: str, request: Request) -> list[Event]:
    async def collect() -> list[Event]:
        chat = OpenAiChat(url, "some-model", "key")
        events = [event async for event in chat.respond(request)]
        await chat.aclose()
        return events

    return asyncio.run(collect())


def test_text_is_passed_on_with_its_counts(upstream: tuple[Upstream, str]) -> None:
    server, url = upstream
    server.parts = [
        {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"choices": [{"delta": {"content": "Good"}}]},
        {"choices": [{"delta": {"content": " day."}, "finish_reason": "length"}]},
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
    ]
    events = _ask(url, Request(turns=[("user", "Hi")], system=["Be kind."], max_tokens=7, stop=["END"]))
    assert events == [Text("Good"), Text(" day."), Finish("max_tokens", 9, 2)]
    assert server.asked["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]
    assert (server.asked["model"], server.asked["max_tokens"], server.asked["stop"]) == ("some-model", 7, ["END"])
    assert server.key == "Bearer key"


def test_tool_is_demanded_and_its_input_passed_on(upstream: tuple[Upstream, str]) -> None:
    server, url = upstream
    calls = [{"index": 0, "function": {"name": "speak", "arguments": piece}} for piece in ('{"say":', '"Hm."}')]
    server.parts = [{"choices": [{"delta": {"tool_calls": [call]}}]} for call in calls]
    server.parts.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    tool = Tool("speak", "Say it.", {"type": "object"})
    events = _ask(url, Request(turns=[("user", "Hi")], tool=tool))
    assert events == [ToolInput('{"say":'), ToolInput('"Hm."}'), Finish("tool_use", 0, 0)]
    assert server.asked["tool_choice"]["function"]["name"] == "speak"
    assert server.asked["tools"][0]["function"]["parameters"] == {"type": "object"}


def test_refusal_and_silence_are_model_errors(upstream: tuple[Upstream, str]) -> None:
    server, url = upstream
    with pytest.raises(ModelError, match="without a reason"):
        _ask(url, Request(turns=[("user", "Hi")]))
    server.status = 500
    with pytest.raises(ModelError, match="status 500"):
        _ask(url, Request(turns=[("user", "Hi")]))


def test_nobody_there_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="cannot be reached"):
        _ask("http://127.0.0.1:9/v1", Request(turns=[("user", "Hi")]))
