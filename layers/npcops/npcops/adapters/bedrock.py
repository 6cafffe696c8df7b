"""Chat and embedding models on the Bedrock runtime API."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from threading import Event
from typing import TYPE_CHECKING, cast

import boto3
from botocore.config import Config

from npcops.adapters.bedrock_attempts import Attempts
from npcops.adapters.bedrock_errors import model_errors
from npcops.adapters.bedrock_line import Call, Line
from npcops.adapters.bedrock_stream import StreamedResponse
from npcops.adapters.families import converse_request, read_reply
from npcops.adapters.family_embeddings import Purpose, Vector, embedding_body, read_vectors
from npcops.errors import ModelUnavailable
from npcops.model_calls import Delta, Prompt, Reply
from npcops.model_prices import chat_model, embedding_model

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_bedrock_runtime.type_defs import ConverseStreamRequestTypeDef

API_SECONDS = 29.0
PARALLEL_CALLS = 8
_LONGEST_BACKOFF = 20.0


def runtime_client(
    connect_timeout: float = 1.0, read_timeout: float = 12.0, attempts: int = 2, limit: float = API_SECONDS
) -> BedrockRuntimeClient:
    """A client whose slowest call, retries and pauses included, ends before `limit` (all in seconds).

    The default limit is the API's own, after which nobody waits for an answer that would still be billed; functions
    without a caller may state another. Raises ValueError for timeouts that do not fit.
    """
    pauses = sum(min(2.0**attempt, _LONGEST_BACKOFF) for attempt in range(attempts - 1))
    if attempts * (connect_timeout + read_timeout) + pauses >= limit:
        raise ValueError(f"{attempts} attempts of {connect_timeout} + {read_timeout} s may last beyond {limit} s.")
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        max_pool_connections=PARALLEL_CALLS,
    )
    return boto3.client("bedrock-runtime", config=config)


class BedrockChat:
    """`ChatModel` by Converse and ConverseStream."""

    def __init__(self, client: BedrockRuntimeClient, default_model: str, attempts: Attempts | None = None) -> None:
        """`attempts` come on top of the client's own; without them there is one."""
        self._client, self._default_model, self._attempts = client, default_model, attempts or Attempts()

    def reply(self, prompt: Prompt, model: str | None = None) -> Reply:
        """See ChatModel."""
        return self._reply(prompt, model, Event())

    def stream(self, prompt: Prompt, model: str | None = None) -> Call:
        """The same reply in pieces as they come, and at last as a whole. Raises like `reply`, also in between.

        Closing the iterator early ends the call; so does its `hang_up`, from any thread and while another one waits
        for the next piece, but before the service has begun to answer only as soon as it does.
        """
        line = Line()
        return Call(self._pieces(prompt, model, line), line)

    def _reply(self, prompt: Prompt, model: str | None, unwanted: Event) -> Reply:
        spec = chat_model(model or self._default_model)
        request = converse_request(prompt, spec)
        started = time.perf_counter()
        with model_errors(spec.id):
            response = self._attempts.make(lambda: self._client.converse(**request), unwanted)
        return read_reply(response, prompt, spec, _ms_since(started))

    def _pieces(self, prompt: Prompt, model: str | None, line: Line) -> Iterator[Delta | Reply]:
        spec = chat_model(model or self._default_model)
        if not spec.entry.streaming:
            yield self._reply(prompt, model, line.unwanted)
            return
        request = cast("ConverseStreamRequestTypeDef", converse_request(prompt, spec))
        collected = StreamedResponse(text_is_tool_input=prompt.tool is not None and spec.entry.tool_choice == "none")
        started = time.perf_counter()
        with model_errors(spec.id):
            response = self._attempts.make(lambda: self._client.converse_stream(**request), line.unwanted)
            events = response["stream"]
            try:
                line.carries(events)
                for event in events:
                    if delta := collected.add(event):
                        yield delta
            finally:
                events.close()
        if not collected.complete:
            raise ModelUnavailable(f"Model {spec.id} stopped in the middle of its reply.")
        yield read_reply(collected.response(), prompt, spec, _ms_since(started))


class BedrockEmbeddings:
    """`EmbeddingModel` by InvokeModel."""

    def __init__(self, client: BedrockRuntimeClient, model: str) -> None:
        """Raises ModelFailed for a model that `models.json` does not know."""
        self._client, self._spec = client, embedding_model(model)

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._spec.entry.dimensions

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        """See EmbeddingModel."""
        return self._embed_all(texts, "search_document")

    def embed_queries(self, texts: Sequence[str]) -> list[Vector]:
        """See EmbeddingModel."""
        return self._embed_all(texts, "search_query")

    def _embed_all(self, texts: Sequence[str], purpose: Purpose) -> list[Vector]:
        size = self._spec.entry.batch
        batches = [texts[start : start + size] for start in range(0, len(texts), size)]
        if len(batches) < 2:
            return [vector for batch in batches for vector in self._embed(batch, purpose)]
        # Imported here because most questions are one call, which never needs it.
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(max_workers=PARALLEL_CALLS)
        try:
            results = pool.map(lambda batch: self._embed(batch, purpose), batches)
            return [vector for vectors in results for vector in vectors]
        finally:
            pool.shutdown(cancel_futures=True)

    def _embed(self, texts: Sequence[str], purpose: Purpose) -> list[Vector]:
        body = embedding_body(texts, purpose, self._spec)
        with model_errors(self._spec.id):
            response = self._client.invoke_model(
                modelId=self._spec.id, body=body, contentType="application/json", accept="application/json"
            )
            content = response["body"].read()
        return read_vectors(content, len(texts), self._spec)


def _ms_since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
