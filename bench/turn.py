"""CPU that npcops adds to a warm rag turn: everything but the calls of the model, the embedding and the search.

The services behind DynamoDB and EventBridge answer on loopback from another process; what their clients cost in this
process is counted as ours, and reported apart as well.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.cold_start import ROOT, environment, event
from bench.processes import free_port, served

TURNS = 200
WARM = 30


class Context:
    """What Powertools reads of Lambda's context."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "bench"


class Apart:
    """CPU seconds of this thread spent inside wrapped calls."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._depth = 0

    def wrap(self, owner: Any, name: str) -> None:
        """Count the CPU of `owner.name` here."""
        inner: Callable[..., Any] | None = getattr(owner, name, None)
        if inner is None:
            return

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            begun = time.process_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.spent += time.process_time() - begun

        setattr(owner, name, counted)


def sample_lore(store: Any, title: str) -> None:
    """The sample world's documents, chunked, with vectors of no meaning: search is not what is measured."""
    from npcops.chunking import chunk
    from npcops.lore import IndexedChunk
    from npcops.readers import read_document

    folder = ROOT / "world" / "lore"
    for number, file in enumerate(sorted(folder.rglob("*.md"))):
        path = file.relative_to(folder).as_posix()
        chunks = chunk(read_document(path, file.read_bytes(), None))
        vector = tuple(0.05 if (i + number) % 2 else -0.05 for i in range(384))
        store.stage(title, [IndexedChunk(item, vector) for item in chunks])
        store.commit(title, path, [item.id for item in chunks])


def run() -> dict[str, Any]:
    """Figures per turn in CPU milliseconds."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(port, Path(folder) / "lore.sqlite"))
        with served([sys.executable, "-m", "bench.loopback", str(port)], port, dict(os.environ), cwd=ROOT):
            return measure(Path(folder) / "lore.sqlite")


def measure(location: Path) -> dict[str, Any]:
    """Turns in this process, through the real handler."""
    from npcops.adapters import aws_services, bedrock, dynamo_players, sqlite_store

    sample_lore(sqlite_store.SqliteVectorStore(location, 384), "saltmarrow")
    excluded, clients = Apart(), Apart()
    for owner, name in (
        (bedrock.BedrockChat, "reply"),
        (bedrock.BedrockEmbeddings, "embed_query"),
        (bedrock.BedrockEmbeddings, "embed_queries"),
        (sqlite_store.SqliteVectorStore, "search"),
    ):
        excluded.wrap(owner, name)
    for name in ("world", "memory", "turns", "append_turn"):
        clients.wrap(dynamo_players.DynamoPlayers, name)
    clients.wrap(aws_services.EventBridgePublisher, "publish")
    sys.path.insert(0, str(ROOT / "functions" / "converse"))
    import app

    ours, in_clients = [], []
    for turn in range(WARM + TURNS):
        excluded.spent = clients.spent = 0.0
        begun = time.process_time()
        answer = app.handler(event("rag"), Context)
        spent = time.process_time() - begun
        if answer["statusCode"] != 200:
            sys.exit(answer["body"])
        if turn >= WARM:
            ours.append((spent - excluded.spent) * 1000)
            in_clients.append(clients.spent * 1000)
    return {
        "turns": TURNS,
        "cpu_ms_median": round(statistics.median(ours), 2),
        "cpu_ms_p90": round(statistics.quantiles(ours, n=10)[-1], 2),
        "of_which_aws_clients_ms": round(statistics.median(in_clients), 2),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
