"""How well search finds: recall and mean reciprocal rank on golden questions, with the local embedding model.

A golden question counts as found at the rank of the first passage from its document; a passage budget of 1,200 tokens
is what a turn uses.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.lore_index import LocalEmbeddings, documents, index
from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.lore import Viewer
from npcops.retrieval import Retriever

WORLD = Path(__file__).parent.parent / "world"
CONTEXT_TOKENS = 1200


def run(lore: Path = WORLD / "lore", questions: Path = WORLD / "golden" / "questions.jsonl") -> dict[str, Any]:
    """Recall at 1 and 5 documents, MRR, and how often the context holds all words that a right answer must have."""
    golden = [json.loads(line) for line in questions.read_text("utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteVectorStore(str(Path(folder) / "lore.sqlite"), 384)
        embeddings = LocalEmbeddings()
        index(store, "bench", documents(lore), embeddings)
        retriever = Retriever(embeddings, store)
        ranks, held = [], []
        for case in golden:
            viewer = Viewer(case.get("npc"), frozenset(case.get("flags", ())))
            passages = retriever.find("bench", case["question"], viewer, CONTEXT_TOKENS).passages
            order = list(dict.fromkeys(passage.document for passage in passages))
            ranks.append(order.index(case["document"]) + 1 if case["document"] in order else None)
            text = " ".join(passage.text for passage in passages).lower()
            held.append(all(word.lower() in text for word in case.get("must_include", ())))
    count = len(golden)
    return {
        "questions": count,
        "recall_at_1": round(sum(rank == 1 for rank in ranks) / count, 3),
        "recall_at_5": round(sum(rank is not None and rank <= 5 for rank in ranks) / count, 3),
        "mrr": round(sum(1 / rank for rank in ranks if rank) / count, 3),
        "answer_in_context": round(sum(held) / count, 3),
    }


if __name__ == "__main__":
    print(json.dumps(run(*map(Path, sys.argv[1:])), indent=2))
