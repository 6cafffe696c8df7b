"""Hydration of a folder of lore in this process: documents and chunks a second, and what one changed paragraph costs.

The pipeline is the real one (plan, embed, commit, on the embedded store); the ledger and the files are kept in memory,
so that what is measured is npcops and not a stand-in for DynamoDB and S3. Embedding time is reported apart.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.lore_index import LocalEmbeddings
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.commit_hydration import CommitHydration
from npcops.embed_and_index import EmbedAndIndex
from npcops.errors import Superseded
from npcops.hydration import Change, LedgerEntry, Outcome, SourceObject
from npcops.lore_paths import is_sidecar
from npcops.plan_hydration import PlanHydration
from npcops.readers import READABLE

WORLD = Path(__file__).parent.parent / "world" / "lore"


class Memory:
    """Bucket, work files, ledger and bus in dictionaries, for one process and one hydration at a time."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.work: dict[str, bytes] = {}
        self.ledger: dict[str, LedgerEntry] = {}

    def read(self, title: str, path: str, limit: int) -> SourceObject | None:
        """LoreBucket."""
        data = self.files.get(path)
        sidecar = self.files.get(f"{path}.meta.yaml")
        return SourceObject(path, data, str(hash(data)), len(data), sidecar) if data is not None else None

    def exists(self, title: str, path: str) -> bool:
        """LoreBucket."""
        return path in self.files

    def put(self, key: str, data: bytes) -> None:
        """WorkFiles."""
        self.work[key] = data

    def get(self, *key: str) -> Any:
        """WorkFiles by one key, LoreLedger by title and path."""
        return self.work[key[0]] if len(key) == 1 else self.ledger.get(key[1])

    def delete(self, keys: list[str]) -> None:
        """WorkFiles."""
        for key in keys:
            self.work.pop(key, None)

    def claim(self, title: str, path: str, sequencer: str, generation: str) -> LedgerEntry | None:
        """LoreLedger."""
        before = self.ledger.get(path)
        manifest = before.manifest if before else ()
        self.ledger[path] = LedgerEntry(title, path, "hydrating", sequencer, generation, manifest=manifest)
        return before

    def plan(self, title: str, path: str, generation: str, planned: list[str], etag: str) -> None:
        """LoreLedger."""
        manifest = self.ledger[path].manifest
        self.ledger[path] = LedgerEntry(
            title, path, "hydrating", "", generation, etag, manifest=manifest, planned=tuple(planned)
        )

    def finish(self, title: str, path: str, generation: str, outcome: Outcome) -> None:
        """LoreLedger."""
        entry = self.ledger[path]
        if entry.generation != generation:
            raise Superseded("taken over")
        self.ledger[path] = LedgerEntry(title, path, outcome.status, "", generation, entry.etag, manifest=entry.planned)

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """EventPublisher."""


class Pipeline:
    """The three steps of the state machine, one after the other."""

    def __init__(self, location: str) -> None:
        self.memory, self.embeddings = Memory(), LocalEmbeddings()
        store: Any = SqliteVectorStore(location, 384)
        files: Any = self.memory
        self._plan = PlanHydration(files, files, files, store, files)
        self._embed = EmbedAndIndex(files, files, store, self.embeddings)
        self._commit = CommitHydration(files, files, store, files)

    def hydrate(self, path: str, generation: str) -> tuple[int, int]:
        """Chunks live and chunks embedded."""
        plan = self._plan(Change("bench", path), generation)
        embedded = sum(self._embed(batch) for batch in plan.batches)
        return (self._commit(plan).chunks if plan.action in ("index", "remove") else 0), embedded


def run(lore: Path = WORLD) -> dict[str, Any]:
    """Hydrate everything, then again with one paragraph changed in each of up to 60 documents."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(str(Path(folder) / "lore.sqlite"))
        for file in sorted(lore.rglob("*")):
            path = file.relative_to(lore).as_posix()
            if file.is_file() and (file.suffix.lower() in READABLE or is_sidecar(path)):
                pipeline.memory.files[path] = file.read_bytes()
        paths = [path for path in pipeline.memory.files if not is_sidecar(path)]
        wall, cpu = time.perf_counter(), time.process_time()
        chunks = sum(pipeline.hydrate(path, "first")[0] for path in paths)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        own = cpu - pipeline.embeddings.cpu_seconds
        edited = [pipeline.hydrate(path, "second")[1] for path in _edit_one_paragraph(pipeline.memory.files)]
    return {
        "documents": len(paths),
        "chunks": chunks,
        "documents_per_second": round(len(paths) / wall, 1),
        "chunks_per_second": round(chunks / wall, 1),
        "without_embedding": {
            "documents_per_cpu_second": round(len(paths) / own, 1),
            "chunks_per_cpu_second": round(chunks / own, 1),
        },
        "one_paragraph_edited": {
            "documents": len(edited),
            "embedded_most": max(edited, default=0),
            "embedded_mean": round(sum(edited) / max(len(edited), 1), 2),
        },
    }


def _edit_one_paragraph(files: dict[str, bytes], most: int = 60) -> list[str]:
    """Change a word in the middle paragraph of Markdown documents; returns their paths."""
    changed = []
    for path, data in list(files.items()):
        paragraphs = data.decode("utf-8", "replace").split("\n\n")
        middle = len(paragraphs) // 2
        if not path.endswith(".md") or len(paragraphs) < 3 or len(paragraphs[middle].split()) < 5:
            continue
        words = paragraphs[middle].split(" ")
        words[len(words) // 2] = "otherwise"
        paragraphs[middle] = " ".join(words)
        files[path] = "\n\n".join(paragraphs).encode()
        changed.append(path)
        if len(changed) == most:
            break
    return changed


if __name__ == "__main__":
    print(json.dumps(run(*map(Path, sys.argv[1:])), indent=2))
