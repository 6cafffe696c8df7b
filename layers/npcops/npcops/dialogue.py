"""Typed values of one turn: what a player asks for, what a model said, and what the game gets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from npcops.lore import Passage
from npcops.memory import Note

Mode = Literal["base", "tuned", "rag", "auto"]
Answered = Literal["model", "stage-model", "smaller-model", "cut-short", "authored-line"]
"""By what a degraded turn was answered: the model that it should be, without something; the stage's in the place of the
tuned one; the smaller one; as much as had been said when time ran out; or a line of the character's card."""
AudioFormat = Literal["mp3", "ogg", "pcm"]
SaveName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
NpcName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class VoiceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a turn is to be heard; without `sample_rate` (hertz) the format's usual one. `pcm` is 16 bit, mono."""

    format: AudioFormat = "mp3"
    sample_rate: Literal[8000, 16000, 22050, 24000] | None = None


class TurnRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/npcs/{npc}/turns`.

    `language` is the BCP 47 tag of the language to reply in; without it that is the one the player writes.
    `player_name` is what the NPC may call the player. `present` are other NPCs who hear what is said, and remember it.
    """

    message: Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"\S")]
    save: SaveName = "main"
    mode: Mode = "auto"
    language: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] | None = None
    player_name: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"\S")] | None = None
    present: Annotated[tuple[NpcName, ...], msgspec.Meta(max_length=8)] = ()
    voice: VoiceRequest | None = None


class Action(msgspec.Struct, frozen=True):
    """An action that the game is to take, checked against its schema and its preconditions."""

    name: str
    arguments: dict[str, Any] = {}


class Speech(msgspec.Struct, frozen=True):
    """What a model said, after defensive parsing: `say` is never empty.

    `dropped` names what was left out, once for each: `action-unknown`, `action-arguments`, `action-not-now`,
    `action-excess`, `emotion`, `citation`, `memory`.
    """

    say: str
    emotion: str = "neutral"
    actions: tuple[Action, ...] = ()
    citations: tuple[str, ...] = ()
    memory: tuple[Note, ...] = ()
    dropped: tuple[str, ...] = ()


class Usage(msgspec.Struct, frozen=True):
    """Tokens, estimated money in US dollars and wall-clock milliseconds of one turn's model calls."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float = 0.0
    ms: int = 0

    def __add__(self, other: Usage) -> Usage:
        """That of two calls."""
        return Usage(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


class Citation(msgspec.Struct, frozen=True):
    """A passage the reply rests on."""

    id: str
    document: str
    title: str


class Degraded(msgspec.Struct, frozen=True):
    """That a turn is less than it could be: by what it was answered, and why, first cause first.

    Causes: `model-slow`, `model-unavailable`, `model-failed`, `model-malformed`, `model-resting` (its circuit is open),
    `guardrail`, `leak`, `lore-unavailable`, `memory-unavailable`, `world-unknown`, `tuned-unknown`, `not-remembered`.
    """

    answer: Answered
    why: tuple[str, ...]


class Viseme(msgspec.Struct, frozen=True):
    """A mouth shape (in Amazon Polly's names) and when it begins, in milliseconds."""

    ms: int
    shape: str


class Clip(msgspec.Struct, frozen=True):
    """Speech that can be heard: encoded audio (base64 in JSON), its length in milliseconds, and the mouth's shapes."""

    format: AudioFormat
    sample_rate: int
    audio: bytes
    ms: int
    visemes: tuple[Viseme, ...]


class Turn(msgspec.Struct, frozen=True, omit_defaults=False):
    """The typed turn a game client receives. `reused` tells that the answer was given before, to the same question.

    `voice` is what was asked for with `voice` in the request; where it cannot be had, `voice_problem` (a problem
    document) says why.
    """

    turn_id: str
    npc: str
    mode: str
    say: str
    emotion: str
    actions: tuple[Action, ...]
    citations: tuple[Citation, ...]
    memory: tuple[Note, ...]
    degraded: Degraded | None
    reused: bool
    model: str
    prompt_version: str
    usage: Usage
    voice: Clip | None = None
    voice_problem: dict[str, Any] | None = None


class Figures(msgspec.Struct, frozen=True):
    """What is counted of a turn besides its usage.

    `dropped` as in Speech; `first_ms` is when the first words came, from the beginning of the turn; `reuse` is how the
    question of reuse went, `saved_usd` what the reused answer had cost.
    """

    dropped: tuple[str, ...] = ()
    first_ms: int | None = None
    reuse: Literal["exact", "near", "none", "off"] = "off"
    saved_usd: float = 0.0


class Told(msgspec.Struct, frozen=True):
    """A finished turn, its figures, and the passages that its model was given."""

    turn: Turn
    figures: Figures
    passages: tuple[Passage, ...] = ()


class ShownPassage(msgspec.Struct, frozen=True):
    """A passage that the model was given."""

    id: str
    document: str
    title: str
    text: str


class SpokenTurn(msgspec.Struct, frozen=True):
    """A turn as it was spoken, kept in its player's partition, so that it goes when the player does.

    `passages` are those it cites, `language` is the one it was to be spoken in, `seen_at` is ISO 8601, UTC. `flags` are
    those of the player's world then (the ones by which the model was given something come first, 100 at most), and
    `player_name` what the NPC might call the player.
    """

    turn: Turn
    message: str
    save: str
    card_version: str
    language: str
    seen_at: str
    passages: tuple[ShownPassage, ...] = ()
    flags: tuple[str, ...] = ()
    player_name: str = ""


class Spoken(msgspec.Struct, frozen=True):
    """The detail of `TurnSpoken.v1`: ids and figures, never text.

    `tried` is the model by which the turn was to be answered, empty where that is `model`.
    """

    title: str
    player: str
    npc: str
    save: str
    turn_id: str
    mode: str
    model: str
    prompt_version: str
    degraded: Degraded | None
    usage: Usage
    present: tuple[str, ...] = ()
    tried: str = ""


class TurnRecord(msgspec.Struct, frozen=True):
    """A turn of a stream, kept for a while so that a client whose connection broke can still have it.

    `speaker` is who speaks it, one after another, and at the latest `until` (seconds since 1970); `turn` is what was
    finished, without its sound. `kept_as` is the id by which it is remembered where it was spoken anew.
    """

    turn_id: str
    npc: str
    request: TurnRequest
    speaker: str
    until: float
    state: Literal["speaking", "finished", "stopped"] = "speaking"
    turn: Turn | None = None
    kept_as: str = ""
