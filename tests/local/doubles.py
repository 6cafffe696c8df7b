"""A served app on a free port of loopback, asked by a real boto3 client, and doubles of the models behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import numpy as np
import uvicorn
from botocore.config import Config

from local.bedrock.converse import Event, Request
from local.bedrock.errors import ValidationError
from local.bedrock.minilm import DIMENSIONS, Array

START_SECONDS = 30.0


class ScriptedChat:
    """A chat model that answers with given events, and keeps what it was asked."""

    def __init__(self, *events: Event, error: Exception | None = None) -> None:
        self.events = events
        self.error = error
        self.asked: list[Request] = []

    async def respond(self, request: Request) -> AsyncGenerator[Event, None]:
        self.asked.append(request)
        for event in self.events:
            yield event
        if self.error:
            raise self.error


class WordVectors:
    """An embedding model in which texts are alike if they share words."""

    def embed(self, texts: list[str]) -> tuple[Array, int]:
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.lower().replace(".", "").replace(",", "").replace("?", "").split():
                row[sum(map(ord, word)) * 31 % DIMENSIONS] += 1
            row /= np.linalg.norm(row) or 1
        return vectors, sum(len(text.split()) for text in texts)


class FakeModels:
    """The registry with one scripted chat model, `fake.chat`, and one embedding model, `fake.embed`."""

    def __init__(self, chat: ScriptedChat) -> None:
        self._chat = chat

    async def load(self) -> None:
        """Nothing to load."""

    async def chat(self, model_id: str) -> ScriptedChat:
        if model_id != "fake.chat":
            raise ValidationError("The provided model identifier is invalid.")
        return self._chat

    async def embedder(self, model_id: str) -> WordVectors:
        return WordVectors()

    def state(self) -> dict[str, str]:
        return {"fake.chat": "ready"}


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The URL of an ASGI application that runs in a thread until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + START_SECONDS
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def client_of(url: str) -> Any:
    """An unmodified client of Bedrock Runtime for that endpoint."""
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120),
    )
