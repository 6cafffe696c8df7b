"""What an answer given again costs beside the model's, and which questions are taken for the same.

`turns` compares warm turns through the real handler in milliseconds: the model behind `model` answers at once, so its
own time, which is seconds, comes on top of that; its dollars are those of Claude Haiku 4.5. `questions` are pairs of
questions (reuse_pairs.jsonl): the share taken for the same by cosine alone, and as reuse does it, of paraphrases
(`same`), of questions of another meaning (`other`) and of an attacker's beside the plain one (`poison`).
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.cold_start import event
from bench.lore_index import LocalEmbeddings
from bench.turn import Context, answered, handler_of, in_process, sample_lore

TURNS, WARM = 100, 20
# What a shelf is read for at most.
FULL = 32
PAIRS = Path(__file__).with_name("reuse_pairs.jsonl")
COSINES = (0.90, 0.95, 0.98)


def questions() -> dict[str, Any]:
    """Shares by kind of pair."""
    from npcops import vectors
    from npcops.likeness import gist
    from npcops.reuse import NEAR

    rows = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    embeddings = LocalEmbeddings()
    ones, others = ([vectors.pack(v) for v in embeddings.embed_documents([row[x] for row in rows])] for x in "ab")
    cosines = [vectors.cosine(one, other) or 0.0 for one, other in zip(ones, others, strict=True)]
    alike = [bool(gist(row["a"])) and gist(row["a"]) == gist(row["b"]) for row in rows]
    result: dict[str, Any] = {}
    for kind in ("same", "other", "poison"):
        of_kind = [number for number, row in enumerate(rows) if row["kind"] == kind]
        shares = {f"cosine_{least}": [cosines[n] >= least for n in of_kind] for least in COSINES}
        shares["reuse"] = [alike[n] and cosines[n] >= NEAR for n in of_kind]
        result[kind] = {"pairs": len(of_kind)} | {
            name: round(statistics.mean(taken), 3) for name, taken in shares.items()
        }
    return result


def timed(handler: Any, reused: bool) -> dict[str, float]:
    """Medians of warm turns, all of which have to be as expected."""
    cpu, wall, usd = [], [], 0.0
    for turn in range(WARM + TURNS):
        clock, spent = time.perf_counter(), time.process_time()
        answer = handler(event("rag"), Context)
        spent, clock = time.process_time() - spent, time.perf_counter() - clock
        answered(answer)
        spoken = json.loads(answer["body"])
        usd = spoken["usage"]["cost_usd"]
        if spoken["reused"] is not reused:
            sys.exit("A turn was not answered as it should be: these figures would mean nothing.")
        if turn >= WARM:
            cpu.append(spent * 1000)
            wall.append(clock * 1000)
    figures = {"cpu_ms": statistics.median(cpu), "wall_ms": statistics.median(wall)}
    return {name: round(value, 2) for name, value in figures.items()} | {"usd": usd}


def turns(location: Path) -> dict[str, Any]:
    """Both, in this process; the answers to be reused are on a full shelf."""
    from npcops import bootstrap
    from npcops.adapters import sqlite_store
    from npcops.dialogue import Speech, Usage
    from npcops.reuse import Reuse

    sample_lore(sqlite_store.SqliteVectorStore(location, 384), "saltmarrow")
    handler, seen = handler_of("converse"), []
    find = Reuse.find

    def noted(self: Reuse, asked: Any) -> Any:
        seen.append(asked)
        return find(self, asked)

    Reuse.find = noted
    result: dict[str, Any] = {"model": timed(handler, reused=False)}
    Reuse.find = find
    asked, reuse = seen[-1], bootstrap.reuse()
    speech = Speech("Three chips, and you bail.", "amused", citations=(asked.passages[0].id,))
    for _ in range(FULL):
        if not reuse.file(asked, speech, Usage(900, 40, cost_usd=result["model"]["usd"], ms=900), asked.model):
            sys.exit("The answer was not kept: nothing can be measured.")
    return result | {"reused": timed(handler, reused=True)}


def run() -> dict[str, Any]:
    """All of it."""
    return {"turns": in_process(turns), "questions": questions()}


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
