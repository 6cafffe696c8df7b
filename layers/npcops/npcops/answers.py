"""Typed values of answer reuse: what a turn's answer rests on, and answers kept for whoever asks the same."""

from __future__ import annotations

from typing import Literal

import msgspec

from npcops.characters import Script
from npcops.dialogue import Speech, TurnRequest, Usage
from npcops.lore import Gate, Passage, Viewer


class Asked(msgspec.Struct, frozen=True):
    """A turn after retrieval: all that its answer would rest on.

    `model` is the id of the model that would be asked first. `passages` are what it would be given, best first;
    `vector` is the meaning of the message, empty where nothing was searched. `remembered` tells that the prompt would
    hold turns, summaries, facts or what was overheard. `answers` are the last lines of this NPC to this player.
    """

    title: str
    viewer: Viewer
    script: Script
    request: TurnRequest
    model: str
    passages: tuple[Passage, ...] = ()
    vector: tuple[float, ...] = ()
    remembered: bool = False
    answers: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """An answer as it is kept. Nothing in it names a player, and none of a player's words are in it but as hashes.

    `message` is the hash of the question's words, `gist` that of those that carry its meaning (empty: unlike any
    other), `vector` its packed vector (npcops.vectors). `given` names the passages that were before the model, best
    first, and `gate` admits those who may see all of them.
    """

    message: str
    gist: str
    vector: bytes
    given: tuple[str, ...]
    gate: Gate
    speech: Speech
    usage: Usage
    model: str


class Match(msgspec.Struct, frozen=True):
    """An answer that serves again, and how the question was recognised."""

    answer: Answer
    how: Literal["exact", "near"]
