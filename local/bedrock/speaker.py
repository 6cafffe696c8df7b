"""Answers a Converse request with the embedded model: in a character's voice, or through the chat template.

A request whose system prompt holds a `<character name="...">` block is written as a dialogue to be continued
(see `prompt`). If it asks for a tool with a `say` property, the words are generated first, the way they come
best, and stream into the tool's input; then the model records the other properties under their schema, while
the embedding model attributes the words to the passages for `citations` and looks for something to note in
`memory`. What such a model does not follow (rules in prose) is left out of its prompt. Everything else uses the
template of the model file, and any other tool's input is generated whole under its JSON schema.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from local.bedrock import noting, prompt, record
from local.bedrock.converse import Event, Finish, Request, Text, Tool, ToolInput
from local.bedrock.errors import ModelError
from local.bedrock.llama import Chunk, Llama, grammar_of
from local.bedrock.relevance import Relevance
from local.bedrock.scene import Scene, parse_scene

MAX_SENTENCES = 2
MAX_SPOKEN_TOKENS = 80
# Up to this temperature the words are the likeliest ones: quantised weights of half a billion parameters turn the
# little variety that a caller asks for into wrong names and numbers.
GREEDY_TEMPERATURE = 0.5
_SENTENCE_ENDS = re.compile(r"[.!?…][\"'”’)]*$")
# The voice, the record and the notes keep a slot each, so that none evicts another's cached prefix.
_VOICE_SLOT, _RECORD_SLOT, _NOTE_SLOT = 0, 1, 2
# Only the last few tokens count: they hold the question and the answer's own loops, not the facts to be repeated.
_NO_LOOPS = {"dry_multiplier": 0.8, "dry_allowed_length": 6, "dry_penalty_last_n": 32}

# How much less likely a word becomes with every line said before that has it, up to a limit. With this even the
# likeliest words are others each time; a raised temperature made no more of them, and more of them wrong.
SAID_BEFORE, SAID_BUT_NEEDED, SAID_OFTEN = 3, 1, 6
_WORDS = re.compile(r"[^\W\d_]{4,}")


class Speaker:
    """One chat model, with the embedding model that helps it to choose what to look at.

    A tuned model speaks, but its base, the `clerk`, records what goes with the words: it was tuned for words alone.
    """

    def __init__(self, model: Llama, relevance: Relevance, clerk: Llama | None = None) -> None:
        self._model = model
        self._relevance = relevance
        self._clerk = clerk or model

    def respond(self, request: Request) -> AsyncGenerator[Event, None]:
        """Streams the answer."""
        scene = parse_scene(request.system)
        speaks = request.tool is None or "say" in request.tool.schema.get("properties", {})
        return self._in_character(scene, request) if scene and speaks else self._by_template(request)

    async def _in_character(self, scene: Scene, request: Request) -> AsyncGenerator[Event, None]:
        cues = await asyncio.to_thread(self._relevance.cues, scene, request.question, self._clerk is not self._model)
        text = prompt.render(scene, cues, request.history, request.question)
        said, end = "", Chunk("")
        if request.tool:
            yield ToolInput('{"say": "')
        async with aclosing(self._voice(text, _choice(request, scene, cues))) as chunks:
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

    async def _voice(self, text: str, options: dict[str, Any]) -> AsyncGenerator[Chunk, None]:
        """The spoken line without surrounding blanks, ended after its second sentence at the latest."""
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

    async def _rest(self, scene: Scene, tool: Tool, player: str, said: str) -> tuple[Chunk, dict[str, Any]]:
        """All properties but the words, in the order of the schema."""
        parts = tool.schema["properties"]
        cited = asyncio.to_thread(self._relevance.citations, said, scene)
        own = {name for name in ("say", "citations", "memory") if name in parts}
        recorded = self._recorded(record.schema_of(tool.schema, own), scene.name, player, said)
        noted = self._noted(scene.name, player if "memory" in own else "")
        citations, (chunk, values), note = await asyncio.gather(cited, recorded, noted)
        values |= {"citations": citations, "memory": noting.listed(parts.get("memory", {}), note)}
        return chunk, {name: values[name] for name in parts if name != "say"}

    async def _noted(self, name: str, player: str) -> str:
        """What the player now told of themselves, in one sentence; mostly nothing."""
        told = await asyncio.to_thread(self._relevance.told, player)
        if not told:
            return ""
        text = noting.render(told, name)
        options = {"n_predict": noting.MAX_TOKENS, "temperature": 0, "stop": ["\n"], "id_slot": _NOTE_SLOT}
        return noting.note((await self._clerk.complete(text, **options)).text, told)

    async def _recorded(
        self, schema: dict[str, Any], name: str, player: str, said: str
    ) -> tuple[Chunk, dict[str, Any]]:
        if not schema["properties"]:
            return Chunk(""), {}
        text = record.render(schema, name, player, said)
        chunk = await self._clerk.complete(
            text, grammar=grammar_of(schema), n_predict=record.MAX_TOKENS, temperature=0, id_slot=_RECORD_SLOT
        )
        try:
            return chunk, dict(json.loads(chunk.text))
        except ValueError as error:
            raise ModelError("The model did not complete the input of the tool.") from error

    async def _by_template(self, request: Request) -> AsyncGenerator[Event, None]:
        text = await self._model.apply_template(messages_of(request))
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


def messages_of(request: Request) -> list[dict[str, str]]:
    """The request as messages for the template of the model file."""
    system = list(request.system)
    if request.tool:
        system.append(f"Answer with the JSON input of {request.tool.name}. {request.tool.description}")
    messages = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    # A control token in somebody's words would end their turn and open another's.
    return messages + [
        {"role": role, "content": said.replace("<|", "< |").replace("|>", "| >")} for role, said in request.turns
    ]


def _choice(request: Request, scene: Scene, cues: prompt.Cues) -> dict[str, Any]:
    """How the words of the spoken line are chosen: the likeliest, but not those of lines that are not to come again."""
    options = _options(request) | _NO_LOOPS | {"id_slot": _VOICE_SLOT}
    if scene.avoid:
        options["logit_bias"] = _unlikely(scene, cues)
    if request.temperature <= GREEDY_TEMPERATURE:
        options["temperature"] = 0
    options["n_predict"] = min(request.max_tokens, MAX_SPOKEN_TOKENS)
    options["stop"] = ["\n", *request.stop]
    return options


def _unlikely(scene: Scene, cues: prompt.Cues) -> list[list[Any]]:
    """The words of lines said before, those that the notes need a little less so: facts stay, in other words."""
    needed = " ".join([*cues.facts, *(f"{passage.title} {passage.text}" for passage in cues.passages), scene.name])
    kept = set(_WORDS.findall(needed.lower()))
    biases: Counter[str] = Counter()
    for line in scene.avoid:
        words = {word: SAID_BUT_NEEDED if word.lower() in kept else SAID_BEFORE for word in _WORDS.findall(line)}
        # Another beginning leads to another sentence.
        words |= dict.fromkeys(line.split()[:1], SAID_BEFORE)
        biases.update({f" {word}": bias for word, bias in words.items()})
    return [[text, -min(bias, SAID_OFTEN)] for text, bias in biases.items()]


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
