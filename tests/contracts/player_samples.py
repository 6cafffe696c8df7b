"""Turns of players for the contract of `PlayerStore`."""

from __future__ import annotations

from npcops.dialogue import RememberedTurn
from npcops.lore import Gate
from npcops.ports import PlayerStore

KING = Gate(frozenset({"met-king"}), frozenset({"exiled"}), frozenset({"mira", "otto"}))


def said(number: int, text: str = "", gate: Gate = KING) -> RememberedTurn:
    return RememberedTurn(f"{number:022x}", text or f"Question {number}?", f"Answer {number}.", gate)


def told(players: PlayerStore, title: str, player: str, npc: str = "mira", save: str = "main") -> list[str]:
    return [turn.player for turn in players.turns(title, player, npc, save, after="", limit=100, newest=False)]


def tell(players: PlayerStore, title: str, player: str, npc: str, save: str, *texts: str) -> None:
    for number, text in enumerate(texts):
        players.append_turn(title, player, npc, save, said(number, text), ttl_days=1)
