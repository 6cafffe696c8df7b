"""Turns, memories and saves of players for the contract of `PlayerStore`."""

from __future__ import annotations

from collections.abc import Sequence

from npcops.lore import Gate
from npcops.memory import Branch, Fact, Memory, RememberedTurn, Save, Summary
from npcops.turn_ports import PlayerStore

KING = Gate(frozenset({"met-king"}), frozenset({"exiled"}), frozenset({"mira", "otto"}))
MAIN = (Branch("main"),)


def identity(number: int) -> str:
    """A turn id that sorts by its number."""
    return f"{number:022x}"


def said(number: int, text: str = "", gate: Gate = KING) -> RememberedTurn:
    return RememberedTurn(identity(number), text or f"Question {number}?", f"Answer {number}.", gate)


def told(
    players: PlayerStore, title: str, player: str, npc: str = "mira", lineage: Sequence[Branch] = MAIN
) -> list[str]:
    """What the player has said, oldest first."""
    return [turn.player for turn in players.recent(title, player, npc, lineage, 1000)[1]]


def tell(players: PlayerStore, title: str, player: str, npc: str, branch: str, *texts: str, start: int = 0) -> None:
    for number, text in enumerate(texts, start):
        players.append_turn(title, player, branch, {npc: said(number, text)}, ttl_days=1)


def folded(number: int, text: str = "So far.", facts: int = 1) -> Memory:
    """A Memory of all turns up to a number."""
    known = tuple(Fact(f"Fact {place}.", 3, identity(number), KING, b"\0\1\2") for place in range(facts))
    return Memory((Summary(text, KING),), identity(number), known)


def forked(name: str, lineage: Sequence[Branch], number: int, revision: int = 1) -> Save:
    """A save with a new branch, of the time of a turn, after these."""
    return Save(name, (*lineage, Branch(f"{lineage[0].id}~{identity(number)}")), revision)
