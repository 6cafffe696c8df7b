"""How well search finds: recall and mean reciprocal rank on golden cases that name documents, with the local model.

A question counts as found at the rank of the first passage from its document; a passage budget of 1,200 tokens
is what a turn uses.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bench.lore_index import LocalEmbeddings, documents, index
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.golden import GoldenCase, GoldenSuite
from npcops.lore import Viewer
from npcops.retrieval import Retriever

WORLD = Path(__file__).parent.parent / "world"
CONTEXT_TOKENS = 1200


def golden_cases(suites: Path) -> list[GoldenCase]:
    """The cases of a folder of suites that ask one thing, and name the documents that tell it."""
    files = sorted(suites.glob("*.yaml"))
    read = [msgspec.convert(yaml.safe_load(file.read_text("utf-8")), GoldenSuite, strict=False) for file in files]
    found = {case.id: case for suite in read for case in suite.cases}
    return [case for case in found.values() if case.expected.cites and len(case.messages) == 1]


def run(lore: Path = WORLD / "lore", suites: Path = WORLD / "suites") -> dict[str, Any]:
    """Recall at 1 and 5 documents, MRR, and how often the context holds the words that a right answer must have."""
    golden = golden_cases(suites)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteVectorStore(str(Path(folder) / "lore.sqlite"), 384)
        embeddings = LocalEmbeddings()
        index(store, "bench", documents(lore), embeddings)
        retriever = Retriever(embeddings, store)
        ranks, held = [], []
        for case in golden:
            viewer = Viewer(case.npc, frozenset(case.flags))
            passages = retriever.find("bench", case.messages[0], viewer, CONTEXT_TOKENS).passages
            order = list(dict.fromkeys(passage.document for passage in passages))
            ranks.append(next((place for place, found in enumerate(order, 1) if found in case.expected.cites), None))
            held.append(_holds(case, " ".join(passage.text for passage in passages).lower()))
    count = len(golden)
    return {
        "questions": count,
        "recall_at_1": round(sum(rank == 1 for rank in ranks) / count, 3),
        "recall_at_5": round(sum(rank is not None and rank <= 5 for rank in ranks) / count, 3),
        "mrr": round(sum(1 / rank for rank in ranks if rank) / count, 3),
        "answer_in_context": round(sum(held) / count, 3),
    }


def _holds(case: GoldenCase, text: str) -> bool:
    wanted = case.expected
    every = all(phrase.lower() in text for phrase in wanted.says_all)
    return every and (not wanted.says_any or any(phrase.lower() in text for phrase in wanted.says_any))


if __name__ == "__main__":
    print(json.dumps(run(*map(Path, sys.argv[1:])), indent=2))
