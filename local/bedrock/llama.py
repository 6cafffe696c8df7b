"""The embedded chat model: llama.cpp's server inside this process, spoken to over loopback.

The library also offers direct calls, but only its HTTP side stops generating when the caller goes away.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import xllamacpp

from local.bedrock.errors import ModelError, ModelTimeoutError, ValidationError

CONTEXT_TOKENS = 4096
SLOTS = 3
PROMPT_CACHE_MIB = 512
TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class Chunk:
    """A piece of generated text with the token counts so far; the last one carries the stop reason."""

    text: str
    stop: str = ""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


class Llama:
    """One loaded GGUF model."""

    def __init__(self, path: Path, threads: int | None = None, adapter: Path | None = None, slots: int = SLOTS) -> None:
        """Loads the weights, which takes about a second; raises RuntimeError if they cannot be read.

        With an adapter (a GGUF file, too) the model is the tuned one. Weights are mapped, so that models of one file
        share them; each has a context of its own for every slot.
        """
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        if adapter is not None:
            info = xllamacpp.CommonAdapterLoraInfo()
            info.path, info.scale = str(adapter), 1.0
            params.lora_adapters = [info]
        params.n_ctx = CONTEXT_TOKENS * slots
        params.n_parallel = slots
        params.cache_ram_mib = PROMPT_CACHE_MIB
        params.verbosity = 0
        params.ui = False
        cores = os.cpu_count() or 2
        # Tokens are made one after the other: a spinning worker on a core that others need costs more than it gains.
        # Reading a prompt is one large batch, for which the player waits; it takes every core.
        params.cpuparams.n_threads = threads or max(cores - 1, 1)
        params.cpuparams_batch.n_threads = threads or cores
        key = secrets.token_urlsafe(24)
        params.api_keys = [key]
        self._server = xllamacpp.Server(params)
        self._http = httpx.AsyncClient(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            # Its keep-alive ends sooner than a turn may last, and a connection on loopback costs nothing.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def stream(self, prompt: str, **options: Any) -> AsyncGenerator[Chunk, None]:
        """Continues the prompt; `options` are those of llama.cpp's native completion call."""
        body = {"prompt": prompt, "stream": True, "cache_prompt": True, "timings_per_token": True, **options}
        try:
            async with self._http.stream("POST", "/completion", json=body) as response:
                if response.status_code != httpx.codes.OK:
                    raise _failure(json.loads(await response.aread()))
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        yield _chunk(json.loads(line.removeprefix("data: ")))
                    elif line.startswith("error: "):
                        raise _failure({"error": json.loads(line.removeprefix("error: "))})
        except httpx.TimeoutException as error:
            raise ModelTimeoutError("Model processing timed out.") from error
        except httpx.HTTPError as error:
            raise ModelError(f"The model stopped answering ({type(error).__name__}).") from error

    async def complete(self, prompt: str, **options: Any) -> Chunk:
        """The whole continuation as one chunk."""
        text = ""
        async with aclosing(self.stream(prompt, **options)) as chunks:
            async for chunk in chunks:
                text += chunk.text
        return Chunk(text, chunk.stop, chunk.input_tokens, chunk.cached_tokens, chunk.output_tokens)

    async def apply_template(self, messages: list[dict[str, str]]) -> str:
        """The messages in the chat template that the model file carries."""
        response = await self._http.post("/apply-template", json={"messages": messages})
        body = response.json()
        if response.status_code != httpx.codes.OK:
            raise _failure(body)
        return str(body["prompt"])

    async def tokens(self, text: str, whole: bool) -> list[int]:
        """The text in the model's own vocabulary. A whole prompt may hold control tokens, and begins as the model
        expects it; anything else is words alone.
        """
        body = {"content": text, "add_special": whole, "parse_special": whole}
        try:
            response = await self._http.post("/tokenize", json=body)
        except httpx.HTTPError as error:
            raise ModelError(f"The model stopped answering ({type(error).__name__}).") from error
        if response.status_code != httpx.codes.OK:
            raise _failure(response.json())
        return [int(token) for token in response.json()["tokens"]]

    async def aclose(self) -> None:
        """Closes the connection; the weights go with the process."""
        await self._http.aclose()


def grammar_of(schema: dict[str, Any]) -> str:
    """The schema as a grammar without free white space, in which small models would go on for ever.

    Builds of the runtime differ in the engine behind it: one is told in the schema, the other by its rule.
    """
    strict = schema | {"x-guidance": {"whitespace_flexible": False}}
    try:
        grammar = str(xllamacpp.json_schema_to_grammar(json.dumps(strict)))
    except (RuntimeError, ValueError) as error:
        raise ValidationError(f"toolConfig: the schema of the tool is not supported: {error}") from error
    return re.sub(r"(?m)^space ::=.*$", 'space ::= " "?', grammar)


def _failure(body: dict[str, Any]) -> ValidationError | ModelError:
    error = body.get("error", {})
    if error.get("type") == "exceed_context_size_error":
        return ValidationError("Input is too long for requested model.")
    if error.get("type") == "invalid_request_error":
        return ValidationError(str(error.get("message", "The request was rejected by the model.")))
    return ModelError(str(error.get("message", "The model failed.")))


def _chunk(event: dict[str, Any]) -> Chunk:
    if "error" in event:
        raise _failure(event)
    stop = ""
    if event["stop"]:
        stop = "limit" if event["stop_type"] == "limit" else event["stopping_word"]
    timings = event.get("timings", {})
    cached = timings.get("cache_n", 0)
    return Chunk(event["content"], stop, cached + timings.get("prompt_n", 0), cached, event["tokens_predicted"])
