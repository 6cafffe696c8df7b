"""CPU that npcops adds to a warm rag turn: everything but the calls of the model, the embedding and the search.

The services behind DynamoDB and EventBridge answer on loopback from another process; what their clients cost in this
process is counted as ours, and reported apart as well.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.cold_start import ROOT, environment, event
from bench.processes import free_port, served

TURNS = 200
WARM = 30
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class Context:
    """What Powertools reads of Lambda's context."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "bench"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """As much as there is at the beginning."""
        return 28_000


class Apart:
    """CPU seconds spent inside wrapped calls, whichever thread made them, and how many there were."""

    def __init__(self) -> None:
        self.spent, self.calls = 0.0, 0
        self._inside = threading.local()

    def reset(self) -> None:
        """Begin anew."""
        self.spent, self.calls = 0.0, 0

    def wrap(self, owner: Any, *names: str) -> None:
        """Count the CPU of these methods here. A wrapped call inside another one belongs to the outer."""
        for name in names:
            setattr(owner, name, self._counted(getattr(owner, name)))

    def wrap_iterator(self, owner: Any, name: str) -> None:
        """The same for a method that gives an iterator: what it costs to be read."""
        inner = getattr(owner, name)

        def counted(*args: Any, **kwargs: Any) -> Iterator[Any]:
            items = inner(*args, **kwargs)
            step = self._counted(lambda: next(items, counted))
            try:
                while (item := step()) is not counted:
                    yield item
            finally:
                items.close()

        setattr(owner, name, counted)

    def _counted(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            if getattr(self._inside, "is_true", False):
                return inner(*args, **kwargs)
            self._inside.is_true = True
            begun = time.thread_time()
            try:
                return inner(*args, **kwargs)
            finally:
                self.spent += time.thread_time() - begun
                self.calls += 1
                self._inside.is_true = False

        return counted


def left_out() -> Apart:
    """What is not ours: the calls of the model, the embedding and the search."""
    from npcops.adapters import bedrock, sqlite_store

    apart = Apart()
    apart.wrap_iterator(bedrock.BedrockChat, "stream")
    apart.wrap(bedrock.BedrockEmbeddings, "embed_queries")
    apart.wrap(sqlite_store.SqliteVectorStore, "search")
    return apart


def aws_clients() -> Apart:
    """What boto3 costs us for everything that a turn reads and writes."""
    from npcops.adapters import aws_services, dynamo_answers, dynamo_players, dynamo_turns

    apart = Apart()
    apart.wrap(dynamo_players.DynamoPlayers, "standing", "recent", "append_turn")
    apart.wrap(dynamo_answers.DynamoAnswers, "newest", "add")
    apart.wrap(dynamo_turns.DynamoTurns, "begin", "replace")
    apart.wrap(aws_services.EventBridgePublisher, "publish")
    return apart


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


def handler_of(function: str) -> Handler:
    """The handler of a function's own module."""
    spec = importlib.util.spec_from_file_location(function, ROOT / "functions" / function / "app.py")
    if spec is None or spec.loader is None:
        sys.exit(f"There is no function {function}.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler


@contextlib.contextmanager
def metrics_unseen() -> Iterator[None]:
    """What handlers write to standard output goes nowhere, as it goes to a log on AWS: ours is for the figures."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def answered(answer: dict[str, Any]) -> None:
    """End the benchmark unless this is a turn of the model's own words."""
    turn = json.loads(answer["body"])
    if answer["statusCode"] != 200 or turn["degraded"]:
        sys.exit(f"No turn worth measuring: {json.dumps(turn)[:400]}")


def in_process(measured: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """What `measured` returns, given a place for the lore, with AWS answered by the loopback server."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(environment(port, Path(folder) / "lore.sqlite"))
        server = [sys.executable, "-m", "bench.loopback", str(port)]
        with served(server, port, dict(os.environ), cwd=ROOT), metrics_unseen():
            return measured(Path(folder) / "lore.sqlite")


def measure(location: Path) -> dict[str, Any]:
    """Turns in this process, through the real handler."""
    from npcops.adapters import sqlite_store

    sample_lore(sqlite_store.SqliteVectorStore(location, 384), "saltmarrow")
    excluded, clients = left_out(), aws_clients()
    handler = handler_of("converse")
    ours, in_clients = [], []
    for turn in range(WARM + TURNS):
        excluded.reset()
        clients.reset()
        begun = time.process_time()
        answer = handler(event("rag"), Context)
        spent = time.process_time() - begun
        answered(answer)
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
    print(json.dumps(in_process(measure), indent=2))
