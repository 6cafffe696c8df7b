"""Typed values of a conversation: characters, turns, what the model is asked for and what a player gets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from npcops.lore import OPEN, Gate

Mode = Literal["base", "tuned", "rag", "auto"]


class Example(msgspec.Struct, frozen=True):
    """One few-shot example: a note the character has, what a player asks, what the character replies."""

    player: str
    reply: str
    note: str = ""


class ActionSpec(msgspec.Struct, frozen=True):
    """Something the game can do on the NPC's behalf; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any] = {}


class MemoryPolicy(msgspec.Struct, frozen=True):
    """How much an NPC remembers: verbatim turns within `recent_tokens`, summaries of older ones within
    `summary_tokens`, everything for `ttl_days` days.
    """

    recent_tokens: int = 500
    ttl_days: int = 90
    summary_tokens: int = 400


class NpcCard(msgspec.Struct, frozen=True):
    """A character as writers describe it (`world/npcs/*.yaml`)."""

    id: str
    name: str
    persona: str
    role: str = ""
    voice: str = ""
    knowledge: tuple[str, ...] = ()
    boundaries: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ("neutral",)
    language: str = "en"
    examples: tuple[Example, ...] = ()
    fallbacks: dict[str, tuple[str, ...]] = {}
    actions: tuple[ActionSpec, ...] = ()
    memory: MemoryPolicy = MemoryPolicy()


class GameTitle(msgspec.Struct, frozen=True):
    """A game as its designers describe it (`world/title.yaml`). `flags` explains every world-state flag."""

    id: str
    name: str
    description: str = ""
    flags: dict[str, str] = {}


class PromptTemplate(msgspec.Struct, frozen=True):
    """A prompt as writers version it (`world/prompts/*.yaml`): a part that is constant per NPC and one per turn.

    `temperature` (0 to 1) is how freely the model may choose its words, `max_tokens` how long a reply may get.
    """

    name: str
    system: str
    context: str = ""
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    max_tokens: Annotated[int, msgspec.Meta(ge=16, le=4096)] = 300
    purpose: str = ""
    variables: tuple[str, ...] = ()


Flag = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class WorldState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is true for one player, as the game's server reported it last: at most 500 flags of 128 characters."""

    flags: Annotated[tuple[Flag, ...], msgspec.Meta(max_length=500)] = ()
    faction: Flag | None = None
    place: Flag | None = None

    def as_flags(self) -> frozenset[str]:
        """All of it as gate flags; faction and place become `faction:NAME` and `place:NAME`."""
        derived = [f"faction:{self.faction}"] if self.faction else []
        derived += [f"place:{self.place}"] if self.place else []
        return frozenset((*self.flags, *derived))


class Action(msgspec.Struct, frozen=True):
    """An action the model wants the game to take."""

    name: str
    arguments: dict[str, Any] = {}


class Speech(msgspec.Struct, frozen=True):
    """What a model said, after defensive parsing: `say` is never empty."""

    say: str
    emotion: str = "neutral"
    actions: tuple[Action, ...] = ()
    citations: tuple[str, ...] = ()


class Usage(msgspec.Struct, frozen=True):
    """Tokens, estimated money in US dollars and wall-clock milliseconds of one turn's model calls."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float = 0.0
    ms: int = 0


class TurnRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/npcs/{npc}/turns`.

    `language` is the BCP 47 tag of the language to reply in; without it that is the one the player writes.
    """

    message: Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"\S")]
    save: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "main"
    mode: Mode = "auto"
    language: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] | None = None


class Citation(msgspec.Struct, frozen=True):
    """A passage the reply rests on."""

    id: str
    document: str
    title: str


class Turn(msgspec.Struct, frozen=True, omit_defaults=False):
    """The typed turn a game client receives."""

    turn_id: str
    npc: str
    mode: str
    say: str
    emotion: str
    actions: tuple[Action, ...]
    citations: tuple[Citation, ...]
    degraded: str | None
    model: str
    prompt_version: str
    usage: Usage


class RememberedTurn(msgspec.Struct, frozen=True):
    """One past exchange, verbatim, with the gate of the lore that was before the model when it answered."""

    turn_id: str
    player: str
    npc: str
    gate: Gate = OPEN


class Summary(msgspec.Struct, frozen=True):
    """Older exchanges in short, with the gate of all the lore they quote."""

    text: str
    gate: Gate = OPEN


class Memory(msgspec.Struct, frozen=True):
    """What is left of a conversation's older turns: one summary per distinct gate, the newest information last.

    Turns up to and including `until` (a turn id) are in the summaries. `revision` counts the replacements.
    """

    summaries: tuple[Summary, ...] = ()
    until: str = ""
    revision: int = 0


class Spoken(msgspec.Struct, frozen=True):
    """The detail of `TurnSpoken.v1`: ids and figures, never text."""

    title: str
    player: str
    npc: str
    save: str
    turn_id: str
    mode: str
    model: str
    prompt_version: str
    degraded: str | None
    usage: Usage
