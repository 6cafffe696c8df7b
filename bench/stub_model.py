"""A model that says the same line to everybody at a steady pace, behind Bedrock's wire format.

It is a load for benchmarks and nothing else: tests and the local stack use real services. Embeddings are counted words,
so texts with the same words are alike. Run as `python -m bench.stub_model PORT FIRST_MS WHOLE_MS`: the reply begins
after FIRST_MS and has ended after WHOLE_MS, however many are written at once.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import sys
import zlib
from collections.abc import AsyncIterator
from functools import cache
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from local.bedrock import eventstream
from npcops.model_prices import embedding_model

SPEECH = {
    "say": "Three chips, and you bail if she leaks. I have turned this winch for two and thirty years. Mind the plank.",
    "emotion": "amused",
    "citations": [],
}
USAGE = {"inputTokens": 900, "outputTokens": 40, "totalTokens": 940}
# What tokens of English have on average.
TOKEN = re.compile(r".{1,4}", re.S)
WORD = re.compile(r"\w+")


class Frames(msgspec.Struct, frozen=True):
    """A reply of ConverseStream: what comes before its tokens, one frame for each of them, and what comes after."""

    head: bytes
    tokens: tuple[bytes, ...]
    tail: bytes


@cache
def frames(tool: str | None) -> Frames:
    """The reply as input of `tool`, or as plain text."""
    written = json.dumps(SPEECH) if tool else str(SPEECH["say"])
    head = eventstream.event("messageStart", {"role": "assistant"})
    if tool:
        start = {"toolUse": {"toolUseId": "t1", "name": tool}}
        head += eventstream.event("contentBlockStart", {"contentBlockIndex": 0, "start": start})
    deltas = [{"toolUse": {"input": token}} if tool else {"text": token} for token in TOKEN.findall(written)]
    tokens = (eventstream.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}) for delta in deltas)
    tail = eventstream.event("contentBlockStop", {"contentBlockIndex": 0})
    tail += eventstream.event("messageStop", {"stopReason": "tool_use" if tool else "end_turn"})
    tail += eventstream.event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}})
    return Frames(head, tuple(tokens), tail)


def reply(tool: str | None) -> dict[str, Any]:
    """The same reply as Converse gives it."""
    content = {"toolUse": {"toolUseId": "t1", "name": tool, "input": SPEECH}} if tool else {"text": SPEECH["say"]}
    return {
        "output": {"message": {"role": "assistant", "content": [content]}},
        "stopReason": "tool_use" if tool else "end_turn",
        "usage": USAGE,
        "metrics": {"latencyMs": 5},
    }


def tool_of(request: dict[str, Any]) -> str | None:
    """The tool that a request of Converse or ConverseStream offers first."""
    tools = (request.get("toolConfig") or {}).get("tools") or []
    return str(tools[0]["toolSpec"]["name"]) if tools else None


def vectors(model: str, request: dict[str, Any]) -> dict[str, Any]:
    """An answer of InvokeModel in the shape of Cohere's models, which the local one speaks as well."""
    dimensions = embedding_model(model).entry.dimensions
    found = []
    for text in request["texts"]:
        numbers = [0] * dimensions
        for word in WORD.findall(text.lower()) or ["-"]:
            numbers[zlib.crc32(word.encode()) % dimensions] += 1
        found.append(numbers)
    return {"embeddings": found, "response_type": "embeddings_floats"}


class Model:
    """The server; times are in seconds. `lasted` keeps how long each streamed reply took, from request to end."""

    def __init__(self, first: float, whole: float) -> None:
        self._first, self._whole = first, whole
        self.lasted: list[float] = []

    async def health(self, _: Request) -> Response:
        """How many replies were streamed so far, and how long they took."""
        ms = sorted(1000 * seconds for seconds in self.lasted)
        slow = ms[int(0.99 * len(ms))] if ms else 0.0
        return JSONResponse(
            {"replies": len(ms), "p50_ms": round(statistics.median(ms), 1) if ms else 0.0, "p99_ms": round(slow, 1)}
        )

    async def stream(self, http: Request) -> Response:
        """ConverseStream."""
        begun = asyncio.get_running_loop().time()
        written = frames(tool_of(json.loads(await http.body())))
        return StreamingResponse(self._write(written, begun), media_type=eventstream.CONTENT_TYPE)

    async def converse(self, http: Request) -> Response:
        """Converse."""
        await asyncio.sleep(self._whole)
        return JSONResponse(reply(tool_of(json.loads(await http.body()))))

    async def invoke(self, http: Request) -> Response:
        """InvokeModel of an embedding model; it takes no time but its own."""
        return JSONResponse(vectors(http.path_params["model"], json.loads(await http.body())))

    async def _write(self, written: Frames, begun: float) -> AsyncIterator[bytes]:
        """Each token at its moment, whatever happened to the ones before, so that a busy machine delays no reply."""
        now, count = asyncio.get_running_loop().time, len(written.tokens)
        yield written.head
        for number, token in enumerate(written.tokens):
            due = begun + self._first + (self._whole - self._first) * number / (count - 1)
            if due > now():
                await asyncio.sleep(due - now())
            yield token
        yield written.tail
        self.lasted.append(now() - begun)


def application(model: Model) -> Starlette:
    """The ASGI application."""
    return Starlette(
        routes=[
            Route("/health", model.health),
            Route("/model/{model:path}/converse", model.converse, methods=["POST"]),
            Route("/model/{model:path}/converse-stream", model.stream, methods=["POST"]),
            Route("/model/{model:path}/invoke", model.invoke, methods=["POST"]),
        ]
    )


def main(port: str, first_ms: str, whole_ms: str) -> None:
    """Serve on loopback until the process is ended."""
    model = Model(float(first_ms) / 1000, float(whole_ms) / 1000)
    uvicorn.run(application(model), host="127.0.0.1", port=int(port), log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
