"""Reads from a system prompt who speaks, how, and what may be known in this turn.

The prompt's own tags say what is what. Each kind is looked for only where it belongs: what is constant for a character
in its own block, data outside the blocks of prose, since rules name the tags of data without being any.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

PERSONA_TOKENS = 220

_CHARACTER = re.compile(r"<character\s+name=\"([^\"]+)\"[^>]*>(.*?)</character>", re.S)
_RULES = re.compile(r"<rules[^>]*>.*?</rules>", re.S)
_EXAMPLE = re.compile(r"<example[^>]*>(.*?)</example>", re.S)
_DATA = re.compile(r"<(lore|memory|facts|heard|said_before|player_name|language)\b[^>]*>(.*?)</\1>", re.S)
_PASSAGE = re.compile(r"<passage\b([^>]*)>(.*?)</passage>", re.S)
_EXCHANGE = re.compile(r"<exchange\b([^>]*)>(.*?)</exchange>", re.S)
_FACT = re.compile(r"<fact\b[^>]*>(.*?)</fact>", re.S)
_LINE = re.compile(r"<line\b[^>]*>(.*?)</line>", re.S)
_ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_LISTED = re.compile(r"^[ \t]*[-*][ \t]+(.+)$", re.M)
_TAG = re.compile(r"</?[\w-]+[^>]*>")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Passage:
    """One piece of lore that the model may answer from and cite."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Example:
    """One worked exchange; the note may be empty."""

    note: str
    player: str
    reply: str


@dataclass(frozen=True)
class Heard:
    """What was said to another character in this one's presence."""

    speaker: str
    player: str
    reply: str


@dataclass(frozen=True)
class Scene:
    """What the system prompt tells.

    `persona` is the prose about the character in short form, `facts` are the listed lines of the same block. `memory`
    and `noted` are what the character remembers of the player, `avoid` its own lines that it is not to repeat, and
    `loose` the last paragraph that is in no block at all.
    """

    name: str
    persona: str
    facts: tuple[str, ...]
    examples: tuple[Example, ...]
    passages: tuple[Passage, ...]
    memory: str
    noted: tuple[str, ...] = ()
    heard: tuple[Heard, ...] = ()
    avoid: tuple[str, ...] = ()
    player_name: str = ""
    loose: str = ""


def parse_scene(system: Sequence[str]) -> Scene | None:
    """The scene in the system prompt, or None if it holds no `<character name="...">` block."""
    text = "\n".join(system)
    character = _CHARACTER.search(text)
    if character is None:
        return None
    outside = _RULES.sub("\n\n", text[: character.start()] + "\n\n" + text[character.end() :])
    beside = _EXAMPLE.sub("\n\n", outside)
    # A part that a turn lacks is empty here; of one that comes twice the first counts.
    data = {found[1]: found[2] for found in reversed(list(_DATA.finditer(beside)))}
    loose = [flatten(part) for part in re.split(r"\n\s*\n", _DATA.sub("\n\n", beside))]
    return Scene(
        name=" ".join(html.unescape(character[1]).split()),
        persona=_short_form(character[2]),
        facts=tuple(flatten(line[1]) for line in _LISTED.finditer(character[2])),
        examples=tuple(_example(block[1]) for block in _EXAMPLE.finditer(outside)),
        passages=tuple(_passage(block[1], block[2]) for block in _PASSAGE.finditer(data.get("lore", ""))),
        memory=flatten(data.get("memory", "")),
        noted=tuple(flatten(found[1]) for found in _FACT.finditer(data.get("facts", ""))),
        heard=tuple(_heard(found[1], found[2]) for found in _EXCHANGE.finditer(data.get("heard", ""))),
        avoid=tuple(flatten(found[1]) for found in _LINE.finditer(data.get("said_before", ""))),
        player_name=flatten(data.get("player_name", "")),
        loose=next((part for part in reversed(loose) if part), ""),
    )


def estimate_tokens(text: str) -> int:
    """Tokens of a text, roughly: four UTF-8 bytes each, which holds across scripts."""
    return len(text.encode()) // 4 + 1


def flatten(text: str) -> str:
    """The text on one line, without tags and entities."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def clip(text: str, tokens: int) -> str:
    """As many whole sentences from the start of the text as fit, at least a part of the first."""
    kept: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        tokens -= estimate_tokens(sentence)
        if tokens < 0 and kept:
            break
        kept.append(sentence)
        if tokens < 0:
            return sentence[: max(tokens + estimate_tokens(sentence), 1) * 4]
    return " ".join(kept)


def _short_form(text: str) -> str:
    """The prose paragraphs of a character, each cut to its share of the budget; headings of lists go."""
    prose = _LISTED.sub("", text)
    paragraphs = [flatten(paragraph) for paragraph in re.split(r"\n\s*\n", prose)]
    kept = [paragraph for paragraph in paragraphs if paragraph and not paragraph.endswith(":")]
    return " ".join(clip(paragraph, PERSONA_TOKENS // len(kept)) for paragraph in kept)


def _example(block: str) -> Example:
    return Example(_element(block, "note"), _element(block, "player"), _spoken(_element(block, "reply")))


def _element(block: str, name: str) -> str:
    found = re.search(rf"<{name}\b[^>]*>(.*?)</{name}>", block, re.S)
    return flatten(found[1]) if found else ""


def _spoken(reply: str) -> str:
    """The words of an example reply, which may also be written as the whole tool input."""
    if reply.startswith("{"):
        try:
            return flatten(str(json.loads(reply)["say"]))
        except (ValueError, KeyError):
            return reply
    return reply


def _passage(attributes: str, text: str) -> Passage:
    values = dict(_ATTRIBUTE.findall(attributes))
    return Passage(values.get("id", ""), html.unescape(values.get("title", "")), flatten(text))


def _heard(attributes: str, text: str) -> Heard:
    values = dict(_ATTRIBUTE.findall(attributes))
    return Heard(html.unescape(values.get("speaker", "")), _element(text, "player"), _element(text, "reply"))
