"""Renders a character, its examples, lore and a conversation in the raw completion form small models follow.

Models of half a billion parameters follow a shown pattern far better than an instruction: measured on
the default model, a chat template answered 23 of 40 questions from the lore, the raw form 30. So the request
is written as a dialogue that the model only has to continue by one line. What is constant for a character
comes first, so that the runtime's prefix cache serves it; passages come worst first, because the text
nearest to the question weighs most.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

PLAYER = "Traveller"
NOTE = "Note"
PERSONA_TOKENS = 220
OPENING_TOKENS = 60
NOTE_TOKENS = 900
HISTORY_TOKENS = 300

_CHARACTER = re.compile(r"<character\s+name=\"([^\"]+)\"[^>]*>(.*?)</character>", re.S)
_EXAMPLE = re.compile(r"<example[^>]*>(.*?)</example>", re.S)
_PASSAGE = re.compile(r"<passage\b([^>]*)>(.*?)</passage>", re.S)
_MEMORY = re.compile(r"<memory[^>]*>(.*?)</memory>", re.S)
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


# Shown to every character before its own examples: the bare pattern of answering with the detail that was asked for,
# close to the words of one sentence of the note, which is not always the first.
WORKED = (
    Example(
        "The quarry: Blue slate is cut by the Aldous family. They begin at the first frost and stop when "
        "the cranes return. The cart costs nine pence a day.",
        "When can I get slate?",
        "They begin at the first frost and stop when the cranes return.",
    ),
    Example(
        "The orchard: Since the long spring the pear trees have borne nothing. Old Berta blames the owls, so they say.",
        "Who gets the blame for there being no fruit?",
        "Old Berta blames the owls for it.",
    ),
    Example(
        "The mill: The wheel stops in a frost. The carpenter who built it was paid with geese. It is hired by the day.",
        "What did the man who made that wheel get for it?",
        "He was paid with geese.",
    ),
    Example(
        "The chapel: Nobody under sixteen may ring there. The door is kept locked at night, because sheep used "
        "to sleep on the altar.",
        "Why can't I get in after dark?",
        "Because sheep used to sleep on the altar.",
    ),
    Example(
        "The pond: It froze twice in one winter. Whoever finds the sluice open must ring the bell and wake the miller.",
        "What am I to do if somebody forgot to shut it?",
        "Ring the bell and wake the miller.",
    ),
)
# Shown after all others when nothing that was handed over resembles the question: what the character cannot have
# heard of is not answered from what the model happens to know.
UNKNOWING = (
    Example(
        "The well: The rope of the well is changed every spring.",
        "What is the capital of Spain?",
        "I do not know; I never heard of such a place.",
    ),
    Example(
        "The mill: The wheel turns from noon until dusk.",
        "Where does the old king hide his treasure?",
        "I do not know that; nobody ever told me.",
    ),
)


@dataclass(frozen=True)
class Scene:
    """What the system prompt tells: who speaks, how, and what may be known in this turn.

    `persona` is the prose about the character in short form, `facts` are the listed lines of the same block.
    """

    name: str
    persona: str
    facts: tuple[str, ...]
    examples: tuple[Example, ...]
    passages: tuple[Passage, ...]
    memory: str


@dataclass(frozen=True)
class Cues:
    """What of the scene is shown for one question: examples in order, facts and passages best first."""

    examples: tuple[Example, ...]
    facts: tuple[str, ...]
    passages: tuple[Passage, ...]


def estimate_tokens(text: str) -> int:
    """Tokens of a text, roughly: four UTF-8 bytes each, which holds across scripts."""
    return len(text.encode()) // 4 + 1


def flatten(text: str) -> str:
    """The text on one line, without tags and entities."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def neutralise(text: str, name: str) -> str:
    """Another party's words made unable to open a new speaker's line or a control token of the model."""
    labels = "|".join(re.escape(label) for label in (PLAYER, NOTE, name))
    line = " ".join(text.replace("<|", "< |").replace("|>", "| >").split())
    return re.sub(rf"(?i)\b({labels})\s*[:：]", r"\1,", line)


def parse_scene(system: Sequence[str]) -> Scene | None:
    """The scene in the system prompt, or None if it holds no `<character name="...">` block."""
    text = "\n".join(system)
    character = _CHARACTER.search(text)
    if character is None:
        return None
    memory = _MEMORY.search(text)
    return Scene(
        name=" ".join(html.unescape(character[1]).split()),
        persona=_short_form(character[2]),
        facts=tuple(flatten(line[1]) for line in _LISTED.finditer(character[2])),
        examples=tuple(_example(block[1]) for block in _EXAMPLE.finditer(text)),
        passages=tuple(_passage(block[1], block[2]) for block in _PASSAGE.finditer(text)),
        memory=flatten(memory[1]) if memory else "",
    )


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


def render(scene: Scene, cues: Cues, history: Sequence[tuple[str, str]], player: str) -> str:
    """The whole prompt; `history` holds earlier (player, character) lines, oldest first."""
    shown = [*WORKED, *cues.examples]
    blocks = [_opening(scene), *(_exchange(scene.name, example) for example in shown)]
    blocks.extend(_earlier(scene, history))
    closing = [f"{PLAYER}: {neutralise(player, scene.name)}", f"{scene.name}:"]
    return "\n\n".join([*blocks, "\n".join([*_notes(scene, cues), *closing])])


def _opening(scene: Scene) -> str:
    persona = clip(scene.persona, OPENING_TOKENS)
    return f"{persona}\n{scene.name} answers each traveller's question from the note, in one short sentence."


def _exchange(name: str, example: Example) -> str:
    note = [f"{NOTE}: {neutralise(example.note, name)}"] if example.note else []
    return "\n".join([*note, f"{PLAYER}: {example.player}", f"{name}: {example.reply}"])


def _earlier(scene: Scene, history: Sequence[tuple[str, str]]) -> list[str]:
    """The latest exchanges that fit, oldest first."""
    kept: list[str] = []
    budget = HISTORY_TOKENS
    for player, reply in reversed(history):
        said, answered = neutralise(player, scene.name), neutralise(reply, scene.name)
        block = f"{PLAYER}: {said}\n{scene.name}: {answered}"
        budget -= estimate_tokens(block)
        if budget < 0:
            break
        kept.append(block)
    return kept[::-1]


def _notes(scene: Scene, cues: Cues) -> list[str]:
    """Memory and own knowledge, then the best passages that fit with the best one last."""
    lines: list[str] = []
    budget = NOTE_TOKENS
    for passage in cues.passages:
        title = f"{passage.title}: " if passage.title else ""
        line = f"{NOTE}: {neutralise(title + passage.text, scene.name)}"
        if lines and estimate_tokens(line) > budget:
            break
        lines.append(clip(line, NOTE_TOKENS))
        budget -= estimate_tokens(line)
    own = [*cues.facts, *([scene.memory] if scene.memory else [])]
    lines.extend(f"{NOTE}: {neutralise(fact, scene.name)}" for fact in own)
    return lines[::-1]
