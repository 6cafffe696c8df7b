"""Clients of the conversations benchmark: each sends its next message when the last one was answered, all at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple, Protocol

import httpx
import websockets

PATIENCE_SECONDS = 120.0
# Handshakes ask two functions each; many at once would only wait for one another.
OPENED_AT_ONCE = 8


class Taken(NamedTuple):
    """How long an answer took, and its first words; what went wrong, or was less than it could be."""

    ms: float
    first_ms: float | None = None
    problem: str | None = None
    degraded: str | None = None
    reused: bool = False


class Speaker(Protocol):
    """One side of a conversation."""

    async def say(self, message: str) -> Taken:
        """Send a message, in JSON, and wait until it is answered. Raises nothing on purpose."""


class RestSpeaker:
    """Posts to one address."""

    def __init__(self, http: httpx.AsyncClient, url: str, token: str | None) -> None:
        self._http, self._url = http, url
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    async def say(self, message: str) -> Taken:
        """See Speaker."""
        begun = time.perf_counter()
        try:
            answer = await self._http.post(self._url, content=message, headers=self._headers)
        except httpx.HTTPError as error:
            return Taken(_ms(begun), problem=type(error).__name__)
        if answer.status_code != httpx.codes.OK:
            return Taken(_ms(begun), problem=f"HTTP {answer.status_code}")
        return _of_turn(answer.json(), _ms(begun), None)


class StreamSpeaker:
    """Sends on one connection. A frame that is no event, such as the floor's, is a whole answer."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def say(self, message: str) -> Taken:
        """See Speaker."""
        begun, first = time.perf_counter(), None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._connection.send(message)
                while True:
                    told = json.loads(await self._connection.recv())
                    if told.get("event") == "say.delta" and first is None:
                        first = _ms(begun)
                    elif told.get("event") in ("problem", None) and told:
                        problem = (told.get("problem") or told).get("title") or told.get("message")
                        return Taken(_ms(begun), first, str(problem))
                    elif not told or told["event"] == "turn.completed":
                        return _of_turn(told.get("turn") or {}, _ms(begun), first)
        except (TimeoutError, OSError, websockets.WebSocketException) as error:
            return Taken(_ms(begun), first, type(error).__name__)


@asynccontextmanager
async def rest_speakers(url: str, tokens: Sequence[str | None]) -> AsyncIterator[list[Speaker]]:
    """A speaker for each token, with a client each: one with many connections looks at all of them for each request."""
    limits = httpx.Limits(keepalive_expiry=PATIENCE_SECONDS)

    async with AsyncExitStack() as stack:

        async def speaker(token: str | None) -> Speaker:
            # Without certificates, whose loading takes longer than the rest: nothing here is encrypted.
            client = httpx.AsyncClient(limits=limits, timeout=PATIENCE_SECONDS, trust_env=False, verify=False)
            return RestSpeaker(await stack.enter_async_context(client), url, token)

        yield [await speaker(token) for token in tokens]


@asynccontextmanager
async def stream_speakers(url: str, tokens: Sequence[str | None]) -> AsyncIterator[list[Speaker]]:
    """A speaker for each token, all connected. Raises OSError or WebSocketException when a handshake fails."""
    turn = asyncio.Semaphore(OPENED_AT_ONCE)

    async def connect(token: str | None) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with turn:
            return await websockets.connect(
                url, additional_headers=headers, open_timeout=PATIENCE_SECONDS, ping_interval=None, proxy=None
            )

    async with AsyncExitStack() as stack:
        connections = await asyncio.gather(*map(connect, tokens))
        for connection in connections:
            stack.push_async_callback(connection.close)
        yield [StreamSpeaker(connection) for connection in connections]


async def converse(speakers: Sequence[Speaker], messages: Sequence[str]) -> list[Taken]:
    """Every speaker says all messages, one after the other; the speakers all at once."""

    async def conversation(speaker: Speaker) -> list[Taken]:
        return [await speaker.say(message) for message in messages]

    found = await asyncio.gather(*map(conversation, speakers))
    return [taken for conversation in found for taken in conversation]


def _of_turn(turn: dict[str, Any], ms: float, first_ms: float | None) -> Taken:
    degraded = turn.get("degraded")
    why = f"{degraded['answer']} ({', '.join(degraded['why'])})" if degraded else None
    return Taken(ms, first_ms, degraded=why, reused=bool(turn.get("reused")))


def _ms(begun: float) -> float:
    return 1000 * (time.perf_counter() - begun)
