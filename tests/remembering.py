"""A title whose characters remember, on real adapters, without anybody who speaks."""

from __future__ import annotations

import secrets
from typing import Any

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.characters import MemoryPolicy, NpcCard, PromptTemplate
from npcops.lore import OPEN, Gate, Viewer
from npcops.memory import Memory, Note, RememberedTurn, Save
from npcops.recall import Recalled, recall
from npcops.remember import Remember
from npcops.saves import SaveChange, SaveChanged, Saves
from npcops.turn_ports import PlayerStore
from tests.fakes import ScriptedChat, WordEmbeddings
from tests.publishing import LABEL, publish
from tests.resources import Resources

BUDGET = 40
SUMMARY = PromptTemplate(
    "summary",
    system="Summarise for {{ character.name }}.",
    context="<previous>{{ previous }}</previous>",
    variables=("character", "previous"),
)


def card(npc: str = "mira", **policy: Any) -> NpcCard:
    return NpcCard(
        npc, npc.title(), "Somebody.", memory=MemoryPolicy(**{"recent_tokens": BUDGET, "ttl_days": 9} | policy)
    )


def identity(number: int) -> str:
    """The id of a turn that began `number` hours after the epoch."""
    return f"{number * 3_600_000:012x}{number:010x}"


def turn(number: int, text: str = "", gate: Gate = OPEN, *notes: str, speaker: str = "") -> RememberedTurn:
    """A turn of ten tokens, unless `text` is another."""
    said = text or f"two six ten q{number % 100:02}"
    taken = tuple(map(Note, notes))
    return RememberedTurn(identity(number), said, f"ten a{number % 100:02}", gate, taken, speaker)


class Remembering:
    """What Mira and Otto remember, and the saves of their players. Ids count up, as time does."""

    def __init__(self, resources: Resources, *summaries: Any) -> None:
        self.resources, self.chat = resources, ScriptedChat(*(summaries or ("A summary.",)))
        self.title = f"game-{secrets.token_hex(5)}"
        self.players: PlayerStore = DynamoPlayers(resources.dynamodb, resources.name("players"))
        self.catalog = DynamoCatalog(resources.dynamodb, resources.name("catalog"))
        self.embeddings = WordEmbeddings()
        self.hours, self.player = 1000, "ann"
        self.saves = Saves(self.players, self.next_id)
        for npc in ("mira", "otto"):
            self.publish("npcs", npc, card(npc))
        self.publish("prompts", "summary", SUMMARY)

    def publish(self, kind: str, name: str, content: Any) -> None:
        publish(self.catalog, self.title, kind, name, content)

    def next_id(self) -> str:
        self.hours += 1
        return identity(self.hours)

    def save(self, name: str = "main") -> Save:
        return self.players.save(self.title, self.player, name)

    def append(self, *turns: RememberedTurn, player: str = "", npc: str = "mira", save: str = "main") -> None:
        """Remember turns where the save is now."""
        branch = self.save(save).live
        for one in turns:
            self.players.append_turn(self.title, player or self.player, branch, {npc: one}, ttl_days=1)

    def say(self, text: str, *npcs: str, save: str = "main") -> None:
        """One turn, now, with all these NPCs."""
        one = RememberedTurn(self.next_id(), text, "Yes.")
        turns = dict.fromkeys(npcs or ("mira",), one)
        self.players.append_turn(self.title, self.player, self.save(save).live, turns, ttl_days=1)

    def change(self, change: SaveChange) -> SaveChanged:
        return self.saves.change(self.title, self.player, change)

    def remember(
        self,
        player: str = "",
        npc: str = "mira",
        save: str = "main",
        chat: ScriptedChat | None = None,
        players: PlayerStore | None = None,
    ) -> int:
        """Fold what has to be folded."""
        fold = Remember(self.catalog, LABEL, players or self.players, chat or self.chat, self.embeddings)
        return fold(self.title, player or self.player, npc, save)

    def memory(self, player: str = "", npc: str = "mira", save: str = "main") -> Memory:
        return self.players.recent(self.title, player or self.player, npc, self.save(save).lineage, 1)[0]

    def recalled(self, npc: str = "mira", save: str = "main", *flags: str, **policy: Any) -> Recalled:
        """What an NPC remembers of the player."""
        standing = self.players.standing(self.title, self.player, save)
        return recall(
            self.players, self.title, self.player, card(npc, **policy), standing, Viewer(npc, frozenset(flags))
        )
