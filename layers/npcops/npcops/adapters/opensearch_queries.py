"""The queries asked of a title's index in OpenSearch. All that read lore carry the viewer's gate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from npcops.adapters.search_words import question_words
from npcops.lore import Viewer

Query = dict[str, Any]
NO_VECTOR = {"excludes": ["vector"]}


def gate_filter(viewer: Viewer) -> Query:
    """Live chunks that `viewer` may see: Gate.admits in the language of the index."""
    flags = sorted(viewer.flags)
    required: list[Query] = [{"term": {"requires_count": 0}}]
    if flags:
        terms = {"terms": flags, "minimum_should_match_field": "requires_count"}
        required.append({"terms_set": {"requires": terms}})
    conditions: list[Query] = [{"term": {"live": True}}, any_of(required)]
    if viewer.npc is not None:
        conditions.append(any_of([{"term": {"known_by_all": True}}, {"term": {"known_by": viewer.npc}}]))
    query: Query = {"filter": conditions}
    if flags:
        query["must_not"] = [{"terms": {"forbids": flags}}]
    return {"bool": query}


def any_of(queries: Sequence[Query]) -> Query:
    """What at least one of `queries` matches."""
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def nearest(vector: Sequence[float], viewer: Viewer, limit: int) -> Query:
    """The search for the `limit` nearest chunks; the engine applies the filter while it walks its graph."""
    near = {"vector": list(vector), "k": limit, "filter": gate_filter(viewer)}
    return {"size": limit, "_source": NO_VECTOR, "query": {"knn": {"vector": near}}}


def cosines(vector: Sequence[float], viewer: Viewer, ids: Sequence[str]) -> Query:
    """The similarity of these chunks. A filter that leaves no more than k of them makes every engine score exactly."""
    chosen = {"bool": {"filter": [gate_filter(viewer), {"terms": {"chunk_id": list(ids)}}]}}
    # A Serverless collection may hold copies of a chunk for a while.
    near = {"vector": list(vector), "k": 2 * len(ids), "filter": chosen}
    return {"size": 2 * len(ids), "_source": ["chunk_id"], "query": {"knn": {"vector": near}}}


def worded(text: str, viewer: Viewer, limit: int) -> Query | None:
    """The search for the best `limit` chunks by words; None if the question has no word."""
    words = question_words(text)
    if not words:
        return None
    # The plain words are analysed once more by the server; there is no syntax in them and not too many clauses.
    matching = {"match": {"words": {"query": " ".join(words)}}}
    query = {"bool": {"must": [matching], "filter": [gate_filter(viewer)]}}
    return {"size": limit, "_source": NO_VECTOR, "query": query}


def live_after(document: str) -> Query:
    """All live chunks of the documents after this one."""
    return {"bool": {"filter": [{"term": {"live": True}}, {"range": {"document": {"gt": document}}}]}}


def live_documents(after: dict[str, Any] | None, size: int) -> Query:
    """One page of the number of live chunks by document."""
    composite: Query = {"size": size, "sources": [{"document": {"terms": {"field": "document"}}}]}
    if after:
        composite["after"] = after
    return {"size": 0, "query": {"term": {"live": True}}, "aggs": {"documents": {"composite": composite}}}
