"""A game with characters, lore and players on real adapters, and a chat model that says what a test wants."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from npcops.adapters.aws_services import EventBridgePublisher, ParameterTunedModels
from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.converse import Converse
from npcops.dialogue import MemoryPolicy, NpcCard, PromptTemplate, Turn, TurnRequest, WorldState
from npcops.lore import OPEN, Chunk, Gate, IndexedChunk, chunk_id
from npcops.remember import Remember
from npcops.retrieval import Retriever
from tests.fakes import DIMENSIONS, ScriptedChat, WordEmbeddings
from tests.resources import Resources

MIRA = NpcCard("mira", "Mira", "A ferrywoman.", emotions=("neutral", "warm"), memory=MemoryPolicy(recent_tokens=60))
OTTO = msgspec.structs.replace(MIRA, id="otto", name="Otto", persona="A miller.")
DIALOGUE = PromptTemplate(
    "dialogue",
    system="You are {{ character.name }} in {{ title.name }}.",
    context="{% for p in lore %}<passage id='{{ p.id }}'>{{ p.text }}</passage>{% endfor %}"
    "{% for summary in memory %}<memory>{{ summary }}</memory>{% endfor %}",
    variables=("character", "title", "lore", "memory"),
)
SUMMARY = PromptTemplate(
    "summary",
    system="Summarise for {{ character.name }}.",
    context="<previous>{{ previous }}</previous>",
    variables=("character", "previous"),
)
LABEL = "production"


class Conversation:
    """One title, in which anybody can talk to Mira and Otto."""

    def __init__(self, resources: Resources, folder: Path, chat: ScriptedChat) -> None:
        self.resources, self.chat = resources, chat
        self.title = f"game-{secrets.token_hex(5)}"
        self.players = DynamoPlayers(resources.dynamodb, resources.name("players"))
        self.catalog = DynamoCatalog(resources.dynamodb, resources.name("catalog"))
        self.store = SqliteVectorStore(folder, DIMENSIONS)
        self.embeddings = WordEmbeddings()
        self.bus = EventBridgePublisher(resources.client("events"), resources.name("bus"))
        self.versions = [self.publish("npcs", card.id, card) for card in (MIRA, OTTO)]
        self.prompt_version = self.publish("prompts", "dialogue", DIALOGUE)
        self.publish("prompts", "summary", SUMMARY)

    def publish(self, kind: str, name: str, content: Any) -> str:
        """Store a new version and move the label onto it."""
        known = {found["name"]: found["labels"] for found in self.catalog.names(self.title, kind)}
        version = self.catalog.put(self.title, kind, name, msgspec.to_builtins(content), "writer", "")
        self.catalog.label(self.title, kind, name, LABEL, version, known.get(name, {}).get(LABEL))
        return version

    def lore(self, document: str, text: str, gate: Gate = OPEN) -> str:
        """Index a document of one chunk; returns the chunk's id."""
        identity = chunk_id(document, document, (), text, gate, canon=True)
        chunk = Chunk(identity, document, document, (), text, 0, gate)
        (vector,) = self.embeddings.embed_queries([chunk.search_text])
        self.store.stage(self.title, [IndexedChunk(chunk, vector)])
        self.store.commit(self.title, document, [identity])
        return identity

    def flags(self, player: str, *flags: str) -> None:
        self.players.set_world(self.title, player, WorldState(flags))

    def promote(self, model: str) -> None:
        name, value = f"/npcops/test/models/{self.title}", msgspec.json.encode({"model": model}).decode()
        self.resources.client("ssm").put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def converse(self, events: Any = None, retriever: Any = None, context_tokens: int = 1200) -> Converse:
        return Converse(
            catalog=self.catalog,
            label=LABEL,
            players=self.players,
            retriever=retriever or (lambda: Retriever(self.embeddings, self.store)),
            chat=self.chat,
            tuned=ParameterTunedModels(lambda: self.resources.client("ssm"), "/npcops/test/models", seconds=0),
            events=events or self.bus,
            context_tokens=context_tokens,
        )

    def ask(self, player: str, message: str, npc: str = "mira", save: str = "main", mode: Any = "auto") -> Turn:
        return self.converse()(self.title, player, npc, TurnRequest(message, save, mode))

    def remember(self, player: str, npc: str = "mira", save: str = "main", chat: Any = None) -> int:
        return Remember(self.catalog, LABEL, self.players, chat or self.chat)(self.title, player, npc, save)

    def told(self, player: str, npc: str = "mira", save: str = "main") -> Sequence[Any]:
        """Everything remembered verbatim."""
        return self.players.turns(self.title, player, npc, save, after="", limit=1000, newest=False)


@contextmanager
def conversation(resources: Resources, folder: Path, *answers: Any) -> Iterator[Conversation]:
    """A new title."""
    resources.published()
    made = Conversation(resources, folder, ScriptedChat(*answers))
    yield made
    made.store.close()
