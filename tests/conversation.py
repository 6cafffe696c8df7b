"""A game with characters, lore and players on real adapters, and a chat model that says what a test wants."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from npcops.adapters.aws_services import EventBridgePublisher, ParameterTunedModels
from npcops.adapters.dynamo_answers import DynamoAnswers
from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.dynamo_spoken import DynamoSpoken
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.afterwards import Afterwards
from npcops.answering import Answering
from npcops.breaker import Breakers
from npcops.casting import Casting
from npcops.characters import MemoryPolicy, NpcCard, PromptTemplate
from npcops.converse import Converse, StagePace
from npcops.dialogue import Turn, TurnRequest
from npcops.ladder import Ladder
from npcops.lore import OPEN, Chunk, Gate, IndexedChunk, chunk_id
from npcops.memory import WorldState
from npcops.remember import Remember
from npcops.retrieval import Retriever
from npcops.reuse import Reuse
from npcops.scene import SceneReader
from tests.fake_time import FakeTime
from tests.fakes import DIMENSIONS, STAGE_MODEL, ScriptedChat, WordEmbeddings
from tests.publishing import LABEL, publish
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
PACE = StagePace()


class Conversation:
    """One title, in which anybody can talk to Mira and Otto."""

    def __init__(self, resources: Resources, folder: Path, chat: ScriptedChat) -> None:
        self.resources, self.chat = resources, chat
        self.title = f"game-{secrets.token_hex(5)}"
        self.players = DynamoPlayers(resources.dynamodb, resources.name("players"))
        self.spoken = DynamoSpoken(resources.dynamodb, resources.name("players"))
        self.answers = DynamoAnswers(resources.dynamodb, resources.name("answers"))
        self.catalog = DynamoCatalog(resources.dynamodb, resources.name("catalog"))
        self.store = SqliteVectorStore(folder, DIMENSIONS)
        self.embeddings = WordEmbeddings()
        self.bus = EventBridgePublisher(resources.client("events"), resources.name("bus"))
        self.versions = [self.publish("npcs", card.id, card) for card in (MIRA, OTTO)]
        self.prompt_version = self.publish("prompts", "dialogue", DIALOGUE)
        self.publish("prompts", "summary", SUMMARY)

    def publish(self, kind: str, name: str, content: Any) -> str:
        """Store a new version and move the label onto it."""
        return publish(self.catalog, self.title, kind, name, content)

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

    def converse(
        self,
        events: Any = None,
        retriever: Any = None,
        context_tokens: int = 1200,
        smaller: str = "",
        background: Any = None,
        reuse_seconds: int = 0,
        pace: StagePace = PACE,
        kept_days: int = 0,
    ) -> Converse:
        """As bootstrap wires it, with the scripted model, and a clock that stands still unless a test spends time."""
        beside = background or FakeTime()
        tuned = ParameterTunedModels(lambda: self.resources.client("ssm"), "/npcops/test/models", seconds=0)
        reuse = Reuse(self.answers, reuse_seconds)
        return Converse(
            catalog=self.catalog,
            label=LABEL,
            scenes=SceneReader(
                self.players, retriever or (lambda: Retriever(self.embeddings, self.store)), beside, context_tokens
            ),
            casting=Casting(STAGE_MODEL, smaller, tuned, beside),
            answering=Answering(reuse, Ladder(self.chat, beside, Breakers(beside.now)), beside),
            afterwards=Afterwards(
                self.players, reuse, events or self.bus, beside, self.spoken if kept_days else None, kept_days
            ),
            background=beside,
            pace=pace,
        )

    def ask(
        self, player: str, message: str, npc: str = "mira", save: str = "main", mode: Any = "auto", **request: Any
    ) -> Turn:
        """One turn."""
        return self.converse()(self.title, player, npc, TurnRequest(message, save, mode, **request)).turn

    def remember(self, player: str, npc: str = "mira", save: str = "main", chat: Any = None) -> int:
        fold = Remember(self.catalog, LABEL, self.players, chat or self.chat, self.embeddings)
        return fold(self.title, player, npc, save)

    def told(self, player: str, npc: str = "mira", save: str = "main") -> Sequence[Any]:
        """Everything remembered verbatim after the last Memory."""
        lineage = self.players.save(self.title, player, save).lineage
        return self.players.recent(self.title, player, npc, lineage, limit=1000)[1]


@contextmanager
def conversation(resources: Resources, folder: Path, *answers: Any) -> Iterator[Conversation]:
    """A new title."""
    resources.published()
    made = Conversation(resources, folder, ScriptedChat(*answers))
    yield made
    made.store.close()
