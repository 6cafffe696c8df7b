"""Gated search over 50,000 chunks of 384 dimensions: ingest time and latency of each adapter that can be had here.

The vectors lie in clusters, as embeddings do; the texts have words as frequent as in real text (Zipf). A quarter of
the chunks is open, the others have one of three gates, and each question comes from one of several viewers.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.table import Table

from npcops.adapters.opensearch_client import connect
from npcops.adapters.opensearch_index import index_name, to_fields
from npcops.adapters.opensearch_store import OpenSearchVectorStore
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.errors import StoreUnavailable
from npcops.lore import OPEN, Chunk, Gate, IndexedChunk, Viewer, chunk_id
from npcops.ports import VectorStore

CHUNKS, DIMENSIONS, PER_DOCUMENT, LIMIT = 50_000, 384, 50, 50
CLUSTERS, WORDS, VOCABULARY = 400, 60, 20_000
GATES = (
    OPEN,
    Gate(requires=frozenset({"met-king"})),
    Gate(forbids=frozenset({"war"})),
    Gate(known_by=frozenset({"miller"})),
)
VIEWERS = (Viewer("miller", frozenset({"war"})), Viewer("witch", frozenset({"met-king"})), Viewer(None))
SAMPLE, DOCUMENTS_PER_LOAD, PREFIX = 1000, 20, "bench"
STATE = Path(__file__).parent.parent / ".npcops" / "opensearch" / "server.json"
Load = Callable[[str, list[tuple[str, list[IndexedChunk]]]], None]


class Lore:
    """Made-up lore, the same in every run."""

    def __init__(self, chunks: int) -> None:
        self._random = np.random.default_rng(7)
        centres = self._random.normal(size=(CLUSTERS, DIMENSIONS))
        vectors = centres[self._random.integers(CLUSTERS, size=chunks)] + self._random.normal(size=(chunks, DIMENSIONS))
        self.vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        weights = 1 / np.arange(1, VOCABULARY + 1)
        self._weights = weights / weights.sum()
        self.texts = [self._text(row) for row in self._words(chunks, WORDS)]

    def documents(self) -> Iterator[tuple[str, list[IndexedChunk]]]:
        """Documents of `PER_DOCUMENT` chunks."""
        for start in range(0, len(self.texts), PER_DOCUMENT):
            document = f"doc-{start}.md"
            yield document, [self._chunk(document, n) for n in range(start, min(start + PER_DOCUMENT, len(self.texts)))]

    def questions(self, count: int) -> list[tuple[str, list[float], Viewer]]:
        """Questions of 8 words near some chunk's vector."""
        near = self.vectors[self._random.integers(len(self.vectors), size=count)]
        noisy = near + self._random.normal(scale=0.02, size=near.shape)
        vectors = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
        texts = map(self._text, self._words(count, 8))
        return [(text, vectors[n].tolist(), VIEWERS[n % len(VIEWERS)]) for n, text in enumerate(texts)]

    def _words(self, rows: int, words: int) -> Any:
        return self._random.choice(VOCABULARY, size=(rows, words), p=self._weights)

    @staticmethod
    def _text(numbers: Any) -> str:
        return " ".join(f"w{number}" for number in numbers)

    def _chunk(self, document: str, n: int) -> IndexedChunk:
        gate, text = GATES[n % len(GATES)], self.texts[n]
        identity = chunk_id(document, "Lore", (), text, gate, True)
        chunk = Chunk(identity, document, "Lore", (), text, n % PER_DOCUMENT, gate)
        return IndexedChunk(chunk, tuple(self.vectors[n].tolist()))


def measure(store: VectorStore, lore: Lore, questions: int, load: Load | None = None) -> dict[str, Any]:
    """Ingest into a new title, search, and drop the title.

    With `load`, only the first `SAMPLE` chunks go through the store, for the rate; `load` brings the others in faster.
    """
    title = f"bench-{secrets.token_hex(4)}"
    documents = list(lore.documents())
    sample = documents[: SAMPLE // PER_DOCUMENT] if load else documents
    try:
        begun = time.perf_counter()
        for document, chunks in sample:
            store.stage(title, chunks)
            store.commit(title, document, [item.chunk.id for item in chunks])
        seconds = time.perf_counter() - begun
        if load:
            load(title, documents[len(sample) :])
        asked = lore.questions(questions + 1)
        times = [_search_ms(store, title, *question) for question in asked]
    finally:
        store.drop_title(title)
    p50, p99 = np.percentile(times[1:], [50, 99])
    rate = sum(len(chunks) for _, chunks in sample) / seconds
    figures = {"ingest_chunks_per_second": rate, "first_search_ms": times[0], "p50_ms": p50, "p99_ms": p99}
    return {"chunks": len(lore.texts), **{name: round(float(value), 2) for name, value in figures.items()}}


def _search_ms(store: VectorStore, title: str, text: str, vector: list[float], viewer: Viewer) -> float:
    begun = time.perf_counter()
    found = store.search(title, text, vector, viewer, LIMIT)
    elapsed = 1000 * (time.perf_counter() - begun)
    if len(found) < LIMIT or not all(hit.chunk.gate.admits(viewer) for hit in found):
        sys.exit("A search found too little or what it should not: these figures would mean nothing.")
    return elapsed


def run(chunks: int, questions: int) -> dict[str, Any]:
    """Figures by adapter; a sentence instead where an adapter cannot be had."""
    lore = Lore(chunks)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteVectorStore(folder, DIMENSIONS)
        results: dict[str, Any] = {"sqlite": measure(store, lore, questions)}
        store.close()
    url = os.environ.get("OPENSEARCH_TEST_URL") or (STATE.exists() and json.loads(STATE.read_text())["url"])
    try:
        if not url:
            raise StoreUnavailable("No OpenSearch is running: `make opensearch` starts one.")
        client = connect(url)
        opensearch = OpenSearchVectorStore(client, PREFIX, DIMENSIONS, refresh="true")
        results["opensearch"] = measure(opensearch, lore, questions, partial(_load, client))
    except StoreUnavailable as error:
        results["opensearch"] = {"not_measured": str(error)}
    return results


def _load(client: Any, title: str, documents: list[tuple[str, list[IndexedChunk]]]) -> None:
    """Live chunks in large batches, refreshed once: what staging and committing end in."""
    name = index_name(PREFIX, title)
    client.indices.put_settings(index=name, body={"index.refresh_interval": "-1"})
    for start in range(0, len(documents), DOCUMENTS_PER_LOAD):
        chunks = [item for _, items in documents[start : start + DOCUMENTS_PER_LOAD] for item in items]
        lines = [
            line for item in chunks for line in ({"index": {"_id": item.chunk.id}}, to_fields(item) | {"live": True})
        ]
        client.bulk(index=name, body=lines, request_timeout=120)
    client.indices.refresh(index=name, request_timeout=120)


def main() -> None:
    """Print a table, or JSON with `--json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--chunks", type=int, default=CHUNKS)
    parser.add_argument("--questions", type=int, default=300)
    wanted = parser.parse_args()
    results = run(wanted.chunks, wanted.questions)
    if wanted.json:
        print(json.dumps(results, indent=2))
        return
    table = Table("adapter", "figure", "value")
    for adapter, figures in results.items():
        for name, value in figures.items():
            table.add_row(adapter, name.replace("_", " "), str(value))
    Console().print(table)


if __name__ == "__main__":
    main()
