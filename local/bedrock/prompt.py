"""Renders a character, its examples, lore and a conversation in the raw completion form small models follow.

Models of half a billion parameters follow a shown pattern far better than an instruction: measured on
the default model, a chat template answered 23 of 40 questions from the lore, the raw form 30. So the request
is written as a dialogue that the model only has to continue by one line. What is constant for a character
comes first, so that the runtime's prefix cache serves it; passages come worst first, because the text
nearest to the question weighs most.

Not shown are the rules, which such a model does not follow, and lines that are not to be said again, which it
would copy: their words are made unlikely instead (see `speaker`). The paragraph outside all blocks is shown as it
is, at the very top, so that the mark by which leaks are recognised can leak from here as from any other model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local.bedrock.scene import Example, Passage, Scene, clip, estimate_tokens

PLAYER = "Traveller"
NOTE = "Note"
LOOSE_TOKENS = 60
OPENING_TOKENS = 60
NOTE_TOKENS = 900
HISTORY_TOKENS = 300
RECALL_TOKENS = 150
_THE_PLAYER = re.compile(r"\b([Tt])he player\b")

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
class Cues:
    """What of the scene is shown for one question: examples in order, after the worked ones; facts and passages best
    first.
    """

    examples: tuple[Example, ...]
    facts: tuple[str, ...]
    passages: tuple[Passage, ...]
    worked: tuple[Example, ...] = WORKED


def neutralise(text: str, name: str) -> str:
    """Another party's words made unable to open a new speaker's line or a control token of the model."""
    labels = "|".join(re.escape(label) for label in (PLAYER, NOTE, name))
    line = " ".join(text.replace("<|", "< |").replace("|>", "| >").split())
    return re.sub(rf"(?i)\b({labels})\s*[:：]", r"\1,", line)


def opening(scene: Scene) -> str:
    """How every prompt of a character begins, with the blank line that follows."""
    return _opening(scene) + "\n\n"


def asked(scene: Scene, exchange: Example) -> str:
    """An exchange up to the name of who answers it, as it stands in a prompt."""
    note = [f"{NOTE}: {neutralise(exchange.note, scene.name)}"] if exchange.note else []
    return "\n".join([*note, f"{PLAYER}: {neutralise(exchange.player, scene.name)}", f"{scene.name}:"])


def answered(scene: Scene, exchange: Example) -> str:
    """What follows `asked`, up to the next exchange."""
    return f" {neutralise(exchange.reply, scene.name)}\n\n"


def render(scene: Scene, cues: Cues, history: Sequence[tuple[str, str]], player: str) -> str:
    """The whole prompt; `history` holds earlier (player, character) lines, oldest first."""
    shown = [*cues.worked, *cues.examples]
    blocks = [_opening(scene), *(_exchange(scene.name, example) for example in shown)]
    blocks.extend(_earlier(scene, history))
    closing = [f"{PLAYER}: {neutralise(player, scene.name)}", f"{scene.name}:"]
    return "\n\n".join([*blocks, "\n".join([*_notes(scene, cues), *closing])])


def _opening(scene: Scene) -> str:
    loose = [neutralise(clip(scene.loose, LOOSE_TOKENS), scene.name)] if scene.loose else []
    return "\n".join([*loose, clip(scene.persona, OPENING_TOKENS), _task(scene)])


def _task(scene: Scene) -> str:
    return f"{scene.name} answers each traveller's question from the note, in one short sentence."


def _exchange(name: str, example: Example) -> str:
    note = [f"{NOTE}: {neutralise(example.note, name)}"] if example.note else []
    return "\n".join([*note, f"{PLAYER}: {example.player}", f"{name}: {example.reply}"])


def _earlier(scene: Scene, history: Sequence[tuple[str, str]]) -> list[str]:
    """The latest exchanges that fit, oldest first, without those whose words are not to come again."""
    kept: list[str] = []
    budget = HISTORY_TOKENS
    for player, reply in reversed(history):
        if " ".join(reply.split()) in scene.avoid:
            continue
        said, answered = neutralise(player, scene.name), neutralise(reply, scene.name)
        block = f"{PLAYER}: {said}\n{scene.name}: {answered}"
        budget -= estimate_tokens(block)
        if budget < 0:
            break
        kept.append(block)
    return kept[::-1]


def _notes(scene: Scene, cues: Cues) -> list[str]:
    """What is remembered and own knowledge, then the best passages that fit with the best one last."""
    lines: list[str] = []
    budget = NOTE_TOKENS
    for passage in cues.passages:
        title = f"{passage.title}: " if passage.title else ""
        line = f"{NOTE}: {neutralise(title + passage.text, scene.name)}"
        if lines and estimate_tokens(line) > budget:
            break
        lines.append(clip(line, NOTE_TOKENS))
        budget -= estimate_tokens(line)
    lines.extend(f"{NOTE}: {neutralise(told, scene.name)}" for told in [*cues.facts, *_recollections(scene)])
    return lines[::-1]


def _recollections(scene: Scene) -> list[str]:
    """What the character remembers of the player, as much as fits: it is told as notes, of \"this traveller\"."""
    named = [f"This traveller is called {scene.player_name}."] if scene.player_name else []
    heard = [
        f'This traveller said to {other.speaker}, "{other.player}"; {other.speaker} answered, "{other.reply}"'
        for other in scene.heard
    ]
    kept: list[str] = []
    budget = RECALL_TOKENS
    for told in (*named, *scene.noted, *reversed(heard)):
        budget -= estimate_tokens(told)
        if budget >= 0:
            kept.append(told)
    return [_THE_PLAYER.sub(r"\1his traveller", told) for told in (*kept, scene.memory) if told]
