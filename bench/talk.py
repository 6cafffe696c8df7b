"""The sample world in this process, spoken by the real local models: for benchmarks of what is said.

Retrieval, prompts, memory and reuse are the real ones; DynamoDB and EventBridge are moto's.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import yaml
from moto import mock_aws

from bench.lore_index import LocalEmbeddings, documents, index
from bench.processes import free_port, served
from npcops.adapters.aws_services import EventBridgePublisher, ParameterTunedModels
from npcops.adapters.bedrock import BedrockChat, runtime_client
from npcops.adapters.dynamo_answers import DynamoAnswers
from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.afterwards import Afterwards
from npcops.answering import Answering
from npcops.background import Threads
from npcops.breaker import Breakers
from npcops.casting import Casting
from npcops.catalogue import Move
from npcops.converse import Converse, StagePace
from npcops.dialogue import Told, TurnRequest
from npcops.ladder import Ladder
from npcops.retrieval import Retriever
from npcops.reuse import Reuse
from npcops.scene import SceneReader

ROOT = Path(__file__).parent.parent
WORLD = ROOT / "world"
MODEL = "qwen.qwen2.5-coder-0.5b-instruct"
CONTEXT_TOKENS = 1200
# More of the lore would be embedded for minutes and change no answer that these benchmarks ask for.
PART = "places"
# Longer than players wait, so that what is said is the model's on any machine.
PATIENCE = 120.0
PACE = StagePace(deadline=8 * PATIENCE, first_token=PATIENCE)
TABLES = ("players", "catalog", "answers")
AWS = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "OPENBLAS_NUM_THREADS": "1",
}


class Talk:
    """One title in which anybody can talk to anybody."""

    def __init__(self, folder: Path) -> None:
        title = yaml.safe_load((WORLD / "title.yaml").read_text("utf-8"))
        self.title, self._dynamodb = str(title["id"]), boto3.client("dynamodb")
        for table in TABLES:
            self._dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                BillingMode="PAY_PER_REQUEST",
            )
        boto3.client("events").create_event_bus(Name="bus")
        self._catalog = DynamoCatalog(self._dynamodb, "catalog")
        self.publish("titles", title["id"], title)
        for kind in ("npcs", "prompts", "examples", "actions"):
            for file in sorted((WORLD / kind).glob("*.yaml")):
                self.publish(kind, file.stem, yaml.safe_load(file.read_text("utf-8")))
        self.embeddings, self._store = LocalEmbeddings(), SqliteVectorStore(folder, 384)
        index(self._store, self.title, documents(WORLD / "lore" / PART), self.embeddings)
        self._chat = BedrockChat(runtime_client(read_timeout=PATIENCE, attempts=1, limit=2 * PATIENCE), MODEL)

    def publish(self, kind: str, name: str, content: dict[str, Any], **changed: Any) -> None:
        """Store an entry, perhaps changed, and serve it from now on."""
        known = {found["name"]: found["labels"] for found in self._catalog.names(self.title, kind)}
        version = self._catalog.put(self.title, kind, name, content | changed, "bench", "")
        before, now = known.get(name, {}).get("production", ""), datetime.now(UTC).isoformat()
        self._catalog.label(self.title, kind, name, Move("production", version, before, "bench", now))

    def converse(self, reuse_seconds: int = 0) -> Converse:
        """As bootstrap wires it. Its catalogue has read nothing yet."""
        beside, stored = Threads(), DynamoPlayers(self._dynamodb, "players")
        reuse = Reuse(DynamoAnswers(self._dynamodb, "answers"), reuse_seconds)
        tuned = ParameterTunedModels(lambda: boto3.client("ssm"), "/bench/models")
        retriever = Retriever(self.embeddings, self._store)
        return Converse(
            catalog=DynamoCatalog(self._dynamodb, "catalog"),
            label="production",
            scenes=SceneReader(stored, lambda: retriever, beside, CONTEXT_TOKENS),
            casting=Casting(MODEL, "", tuned, beside),
            answering=Answering(reuse, Ladder(self._chat, beside, Breakers(beside.now)), beside),
            afterwards=Afterwards(stored, reuse, EventBridgePublisher(boto3.client("events"), "bus"), beside),
            background=beside,
            pace=PACE,
        )

    def ask(self, converse: Converse, player: str, npc: str, message: str) -> Told:
        """One turn. Ends the benchmark if it was not the model's: its figures would mean nothing."""
        told = converse(self.title, player, npc, TurnRequest(message))
        if told.turn.degraded:
            sys.exit(f"A turn was degraded: {told.turn.degraded}")
        return told


@contextmanager
def talking() -> Iterator[Talk]:
    """The local models are started for it, and ended with it."""
    port = free_port()
    os.environ.update(AWS | {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"http://127.0.0.1:{port}"})
    command = [sys.executable, "-m", "local.bedrock", "--port", str(port)]
    with served(command, port, dict(os.environ), cwd=ROOT), tempfile.TemporaryDirectory() as folder, mock_aws():
        yield Talk(Path(folder))
