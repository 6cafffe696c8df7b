"""Typed values of what is known about a player: world state, saves, and what characters remember.

A save is a line of branches. A turn belongs to the branch that was live when it began; loading an old save starts a new
branch at the point of the old one, so whatever is written late to the branch that was left is not seen again.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from npcops.lore import OPEN, Gate

Flag = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
# What a turn may add to memory: a note is one sentence.
MOST_NOTES = 3
NOTE_CHARACTERS = 200
Importance = Annotated[int, msgspec.Meta(ge=1, le=5)]


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


class Note(msgspec.Struct, frozen=True):
    """Something an NPC takes to heart in a turn: one sentence, and how much it matters (5 is most)."""

    text: str
    importance: Importance = 3


class Fact(msgspec.Struct, frozen=True):
    """A note that is remembered: dated and sourced by its turn, with the gate of all that the turn may quote.

    `vector` is the meaning of `text` (npcops.vectors packs it), empty until it is known.
    """

    text: str
    importance: Importance
    turn_id: str
    gate: Gate = OPEN
    vector: bytes = b""


class RememberedTurn(msgspec.Struct, frozen=True):
    """One past exchange, verbatim, with the gate of the lore that was before the model when it answered.

    `speaker` is the NPC who spoke where that is another than the one who remembers: it was present and listened.
    """

    turn_id: str
    player: str
    npc: str
    gate: Gate = OPEN
    notes: tuple[Note, ...] = ()
    speaker: str = ""


class Summary(msgspec.Struct, frozen=True):
    """Older exchanges in short, with the gate of all the lore they quote."""

    text: str
    gate: Gate = OPEN


class Memory(msgspec.Struct, frozen=True):
    """What is left of a conversation's turns up to and including `until` (a turn id): one summary per distinct gate,
    the newest information last, and the facts.
    """

    summaries: tuple[Summary, ...] = ()
    until: str = ""
    facts: tuple[Fact, ...] = ()


class Branch(msgspec.Struct, frozen=True):
    """Part of a playthrough: the turns of branch `id` up to and including turn id `until` (empty: all of them).

    A playthrough begins with a branch of the name of its save; all later ones are called `{that name}~{turn id}`, after
    the time at which they begin.
    """

    id: str
    until: str = ""

    def holds(self, turn_id: str) -> bool:
        """Whether a turn of this branch is in this part."""
        return not self.until or turn_id <= self.until


def playthrough(branch: str) -> str:
    """The name with which the playthrough of a branch began: the same for all branches of a line."""
    return branch.partition("~")[0]


class Save(msgspec.Struct, frozen=True):
    """A save game: its branches, oldest first, of which the last is the live one and has no end.

    `revision` counts its changes.
    """

    name: str
    lineage: tuple[Branch, ...]
    revision: int = 0

    @property
    def live(self) -> str:
        """The branch to which turns are added."""
        return self.lineage[-1].id


class Standing(msgspec.Struct, frozen=True):
    """Where a player stands: what is true for them, and the save they play."""

    world: WorldState
    save: Save


class Snapshot(msgspec.Struct, frozen=True):
    """A point of a playthrough to which a save can return: its branches, all with an end, and what was true then.

    `save` is the save it was taken of, `taken_at` an ISO 8601 time.
    """

    name: str
    save: str
    lineage: tuple[Branch, ...]
    world: WorldState
    taken_at: str
