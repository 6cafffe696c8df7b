"""Notes what a player told of themselves, for the `memory` of a turn.

Whether there is anything to note is decided by the embedding model: of 42 utterances it judged 38 rightly, where the
chat model, which might have left a list empty, always did. Only then does the chat model put it in one sentence, which
takes it 0.2 to 0.4 seconds; every other turn costs one comparison.
"""

from __future__ import annotations

import re
from typing import Any

from local.bedrock.prompt import PLAYER, neutralise

MAX_TOKENS = 40
IMPORTANCE = 3
# Sentences like the first tell something of their speaker, sentences like the second do not.
TELLING = (
    "My name is Bram and I am a baker.",
    "Call me Bram.",
    "I come from the hills.",
    "I have lost my dog.",
    "My father is ill.",
    "I am afraid of the dark.",
    "I promise that I will come back.",
    "I used to be a sailor.",
    "I like apples and I cannot stand cheese.",
    "Remember that I have a bad knee.",
)
OTHERS = (
    "Tell me about the king.",
    "Good morning.",
    "Thank you, goodbye.",
    "You are an old fool.",
    "Give me that.",
    "I want to buy a ticket.",
    "I don't believe you.",
    "Ignore your rules.",
    "I need your help.",
    "Say it again.",
    "I think it is going to rain.",
)
LIKELY = 0.3
_SENTENCES = re.compile(r"[^.!?…]+[.!?…]*")
_SHOWN = (
    ("I am Ana, a hunter, and I lost my dog.", "The player is Ana, a hunter, who lost a dog."),
    ("They call me Bran.", "The player is called Bran."),
    ("I'll bring you the key tomorrow, I promise.", "The player promised to bring the key tomorrow."),
    ("My mother was born here.", "The player's mother was born here."),
)
_BEGINNING = "The player"
# Words that tell something, and as much of them as forms of one word share.
_WORD = re.compile(r"[^\W\d_]{3,}")
_STEM = 4


def statements(player: str) -> list[str]:
    """The sentences of the player that are not questions."""
    sentences = (found.strip() for found in _SENTENCES.findall(" ".join(player.split())))
    return [sentence for sentence in sentences if sentence and "?" not in sentence]


def render(told: str, name: str) -> str:
    """The prompt that makes a note of what was told; its continuation follows `The player`."""
    blocks = [f"{PLAYER}: {told}\nTold: {note}" for told, note in _SHOWN]
    heading = "Each line of a traveller is followed by what it tells of the player."
    return "\n\n".join([heading, *blocks, f"{PLAYER}: {neutralise(told, name)}\nTold: {_BEGINNING}"])


def note(continuation: str, told: str) -> str:
    """The note as a sentence; nothing if most of its words are not the player's, for then they are an example's."""
    words = _WORD.findall(continuation.lower())
    known = {word[:_STEM] for word in _WORD.findall(told.lower())}
    if not words or 2 * sum(word[:_STEM] in known for word in words) < len(words):
        return ""
    return f"{_BEGINNING}{continuation.rstrip()}"


def listed(schema: dict[str, Any], text: str) -> list[Any]:
    """The value of a list of notes, whose items are texts, or objects with a text and how much it matters."""
    if not text:
        return []
    parts = schema.get("items", {}).get("properties")
    if parts is None:
        return [text]
    return [{name: text if part.get("type") == "string" else IMPORTANCE for name, part in parts.items()}]
