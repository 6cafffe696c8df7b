"""What a title's index in OpenSearch looks like: its name, mapping, metric, and the documents in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from npcops.errors import Conflict
from npcops.lore import SPACE, Chunk, Gate, IndexedChunk


@dataclass(frozen=True)
class Engine:
    """A k-NN engine with the metric that it is asked for, and how its score gives the cosine of unit vectors."""

    name: str
    space_type: str
    cosine: Callable[[float], float]


# Lucene scores (1 + cosine) / 2. It filters while it searches, in every version since 2.4.
LUCENE = Engine("lucene", "cosinesimil", lambda score: 2 * score - 1)
# Serverless vector collections have Faiss only, whose `cosinesimil` came with 2.19. The inner product of unit vectors
# is their cosine; the score is 1 + product from 0 upwards and 1 / (1 - product) below.
FAISS = Engine("faiss", "innerproduct", lambda score: score - 1 if score >= 1 else 1 - 1 / score)

HNSW = {"m": 16, "ef_construction": 128}
ANALYSIS = {
    "analyzer": {
        "lore": {
            "type": "custom",
            "tokenizer": "standard",
            "filter": ["cjk_width", "lowercase", "asciifolding", "cjk_bigram", "porter_stem"],
        }
    }
}


SNAPSHOT = "snapshot_"
"""What the names of snapshots' indexes begin with, after the prefix: no title's own does, for it would have no `_`.

Policies tell them apart by it.
"""


def index_name(prefix: str, title: str) -> str:
    """A name that OpenSearch accepts and that no two titles share, readable as far as the title allows."""
    readable = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
    readable = f"{SNAPSHOT}{readable}" if SPACE in title else readable
    return "-".join(filter(None, (prefix, readable, hashlib.blake2b(title.encode(), digest_size=6).hexdigest())))


def definition(engine: Engine, dimensions: int) -> dict[str, Any]:
    """Settings and mapping of a title's index. Unknown fields are refused; the metric is never left to a default."""
    stored = {"type": "text", "index": False, "copy_to": "words"}
    method = {"name": "hnsw", "engine": engine.name, "space_type": engine.space_type, "parameters": HNSW}
    properties = {
        "chunk_id": {"type": "keyword"},
        "document": {"type": "keyword"},
        "position": {"type": "integer"},
        "live": {"type": "boolean"},
        "canon": {"type": "boolean"},
        "title": stored,
        "headings": stored,
        "text": stored,
        "words": {"type": "text", "analyzer": "lore"},
        "requires": {"type": "keyword"},
        "requires_count": {"type": "integer"},
        "forbids": {"type": "keyword"},
        "known_by": {"type": "keyword"},
        "known_by_all": {"type": "boolean"},
        "vector": {"type": "knn_vector", "dimension": dimensions, "method": method},
    }
    return {
        "settings": {"index": {"knn": True}, "analysis": ANALYSIS},
        "mappings": {"dynamic": "strict", "properties": properties},
    }


def check_metric(mapping: dict[str, Any], engine: Engine, dimensions: int) -> None:
    """Compares what the server made of the definition. Raises Conflict if vectors are measured in another way."""
    field = mapping.get("properties", {}).get("vector", {})
    method = field.get("method", {})
    found = (method.get("engine"), method.get("space_type") or field.get("space_type"), field.get("dimension"))
    if found != (engine.name, engine.space_type, dimensions):
        raise Conflict(
            f"The lore index has (engine, metric, dimensions) {found} and needs {engine.name}, {engine.space_type}, "
            f"{dimensions}. Drop the title's index and hydrate its lore again."
        )


def to_fields(indexed: IndexedChunk, live: bool = False) -> dict[str, Any]:
    """A chunk as a document of the index."""
    chunk, gate = indexed.chunk, indexed.chunk.gate
    return {
        "chunk_id": chunk.id,
        "document": chunk.document,
        "position": chunk.position,
        "live": live,
        "canon": chunk.canon,
        "title": chunk.title,
        "headings": list(chunk.headings),
        "text": chunk.text,
        "requires": sorted(gate.requires),
        "requires_count": len(gate.requires),
        "forbids": sorted(gate.forbids),
        "known_by": sorted(gate.known_by or ()),
        "known_by_all": gate.known_by is None,
        # Eight decimals are more than an index keeps, and half of what Python would write.
        "vector": [round(number, 8) for number in indexed.vector],
    }


def to_chunk(fields: dict[str, Any]) -> Chunk:
    """The chunk in a document of the index."""
    known_by = None if fields["known_by_all"] else frozenset(fields["known_by"])
    return Chunk(
        id=fields["chunk_id"],
        document=fields["document"],
        title=fields["title"],
        headings=tuple(fields["headings"]),
        text=fields["text"],
        position=fields["position"],
        gate=Gate(frozenset(fields["requires"]), frozenset(fields["forbids"]), known_by),
        canon=fields["canon"],
    )
