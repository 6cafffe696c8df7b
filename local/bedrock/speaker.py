"""Answers a Converse request with the embedded model: in a character's voice, or through the chat template.

A request whose system prompt holds a `<character name="...">` block is written as a dialogue to be continued
(see `prompt`). If it asks for a tool with a `say` property, the words are generated first, the way they come
best, and stream into the tool's input; then the model records the other properties under their schema, while
the embedding model attributes the words to the passages for `citations`. What such a model does not follow
(rules in prose) is left out of its prompt. Everything else uses the template of the model file, and any other
tool's input is generated whole under its JSON schema.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from local.bedrock import prompt, record
from local.bedrock.converse import Event, Finish, Request, Text, Tool, ToolInput
from local.bedrock.errors import ModelError
from local.bedrock.llama import Chunk, Llama, grammar_of
from local.bedrock.relevance import Relevance

MAX_SENTENCES = 2
MAX_SPOKEN_TOKENS = 80
# Up to this temperature the words are the likeliest ones: quantised weights of half a billion parameters turn the
# little variety that a caller asks for into wrong names and numbers.
GREEDY_TEMPERATURE = 0.5
_SENTENCE_ENDS = re.compile(r"[.!?…][\"'”’)]*$")
# The voice and the record keep a slot each, so that neither evicts the other's cached prefix.
_VOICE_SLOT, _RECORD_SLOT = 0, 1
# Only the last few tokens count: they hold the question and the answer's own loops, not the facts to be repeated.
_NO_LOOPS = {"dry_multiplier": 0.8, "dry_allowed_length": 6, "dry_penalty_last_n": 32}


class Speaker:
    """One chat model, with the embedding model that helps it to choose what to look at."""

    def __init__(self, model: Llama, relevance: Relevance) -> None:
        self._model = model
        self._relevance = relevance

    def respond(self, request: Request) -> AsyncGenerator[Event, None]:
        """Streams the answer."""
        scene = prompt.parse_scene(request.system)
        speaks = request.tool is None or "say" in request.tool.schema.get("properties", {})
        return self._in_character(scene, request) if scene and speaks else self._by_template(request)

    async def _in_character(self, scene: prompt.Scene, request: Request) -> AsyncGenerator[Event, None]:
        cues = await asyncio.to_thread(self._relevance.cues, scene, request.question)
        text = prompt.render(scene, cues, request.history, request.question)
        said, end = "", Chunk("")
        if request.tool:
            yield ToolInput('{"say": "')
        async with aclosing(self._voice(text, request)) as chunks:
            async for chunk in chunks:
                said += chunk.text
                end = chunk
                if chunk.text:
                    yield ToolInput(_escaped(chunk.text)) if request.tool else Text(chunk.text)
        if not said:
            raise ModelError("The model said nothing.")
        extra = Chunk("")
        if request.tool:
            extra, rest = await self._rest(scene, request.tool, request.question, said)
            yield ToolInput('"' + (", " + _dumps(rest)[1:] if rest else "}"))
        cut = end.stop == "limit" and request.max_tokens <= MAX_SPOKEN_TOKENS
        yield _finish(request, cut, end, extra)

    async def _voice(self, text: str, request: Request) -> AsyncGenerator[Chunk, None]:
        """The spoken line without surrounding blanks, ended after its second sentence at the latest."""
        options = _options(request) | _NO_LOOPS | {"id_slot": _VOICE_SLOT}
        if request.temperature <= GREEDY_TEMPERATURE:
            options["temperature"] = 0
        options["n_predict"] = min(request.max_tokens, MAX_SPOKEN_TOKENS)
        options["stop"] = ["\n", *request.stop]
        said, held, sentences = "", "", 0
        async with aclosing(self._model.stream(text, **options)) as chunks:
            async for chunk in chunks:
                if said and chunk.text[:1].isspace() and not held and _SENTENCE_ENDS.search(said):
                    sentences += 1
                if sentences == MAX_SENTENCES:
                    yield replace(chunk, text="")
                    return
                # Blanks are held back until words follow them.
                piece = held + chunk.text if said else chunk.text.lstrip()
                kept = piece.rstrip()
                held = piece[len(kept) :]
                said += kept
                yield replace(chunk, text=kept)

    async def _rest(self, scene: prompt.Scene, tool: Tool, player: str, said: str) -> tuple[Chunk, dict[str, Any]]:
        """All properties but the words, in the order of the schema."""
        names = tool.schema["properties"]
        cited = asyncio.to_thread(self._relevance.citations, said, scene)
        recorded = self._recorded(record.schema_of(tool.schema, {"say", "citations"}), scene.name, player, said)
        citations, (chunk, values) = await asyncio.gather(cited, recorded)
        values["citations"] = citations
        return chunk, {name: values[name] for name in names if name != "say"}

    async def _recorded(
        self, schema: dict[str, Any], name: str, player: str, said: str
    ) -> tuple[Chunk, dict[str, Any]]:
        if not schema["properties"]:
            return Chunk(""), {}
        text = record.render(schema, name, player, said)
        chunk = await self._model.complete(
            text, grammar=grammar_of(schema), n_predict=record.MAX_TOKENS, temperature=0, id_slot=_RECORD_SLOT
        )
        try:
            return chunk, dict(json.loads(chunk.text))
        except ValueError as error:
            raise ModelError("The model did not complete the input of the tool.") from error

    async def _by_template(self, request: Request) -> AsyncGenerator[Event, None]:
        text = await self._model.apply_template(_messages(request))
        options = _options(request)
        if request.tool:
            options["grammar"] = grammar_of(request.tool.schema)
        end = Chunk("")
        async with aclosing(self._model.stream(text, **options)) as chunks:
            async for chunk in chunks:
                end = chunk
                if chunk.text:
                    yield ToolInput(chunk.text) if request.tool else Text(chunk.text)
        yield _finish(request, end.stop == "limit", end)


def _messages(request: Request) -> list[dict[str, str]]:
    system = list(request.system)
    if request.tool:
        system.append(f"Answer with the JSON input of {request.tool.name}. {request.tool.description}")
    messages = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    # A control token in somebody's words would end their turn and open another's.
    return messages + [
        {"role": role, "content": said.replace("<|", "< |").replace("|>", "| >")} for role, said in request.turns
    ]


def _options(request: Request) -> dict[str, Any]:
    options: dict[str, Any] = {"n_predict": request.max_tokens, "temperature": request.temperature}
    if request.top_p is not None:
        options["top_p"] = request.top_p
    return options | {"stop": request.stop}


def _finish(request: Request, cut: bool, *chunks: Chunk) -> Finish:
    """The end of an answer that took one or more completions, of which the first spoke."""
    if cut:
        reason = "max_tokens"
    elif request.tool:
        reason = "tool_use"
    else:
        reason = "stop_sequence" if chunks[0].stop in request.stop else "end_turn"
    cached = sum(chunk.cached_tokens for chunk in chunks)
    read = sum(chunk.input_tokens for chunk in chunks) - cached
    return Finish(reason, read, sum(chunk.output_tokens for chunk in chunks), cached)


def _escaped(text: str) -> str:
    return _dumps(text)[1:-1]


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
