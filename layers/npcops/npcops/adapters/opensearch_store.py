"""The vector store on OpenSearch, one index a title: a managed domain, a Serverless collection or one's own server."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from opensearchpy.exceptions import NotFoundError, RequestError

from npcops.adapters.opensearch_answers import hits_of, kind_of, said_absent, translated
from npcops.adapters.opensearch_index import (
    FAISS,
    LUCENE,
    Engine,
    check_metric,
    definition,
    index_name,
    to_chunk,
    to_fields,
)
from npcops.adapters.opensearch_pages import Pages
from npcops.adapters.opensearch_queries import Query, cosines, live_after, nearest, worded
from npcops.errors import ChunksMissing, InvalidRequest, StoreUnavailable
from npcops.lore import IndexedChunk, ScoredChunk, Viewer

BULK_ACTIONS = 200
VECTOR_PAGE, ID_PAGE = 200, 5000
IN_ORDER = ("document", "position", "chunk_id")
FIRST_POLL_SECONDS, LAST_POLL_SECONDS = 0.1, 3.0


class OpenSearchVectorStore:
    """A `VectorStore` on OpenSearch 2.4 or later; `client` comes from `opensearch_client.connect`.

    A title has an index of its own: word statistics stay within the title, no query can forget to name it, and dropping
    it is one call. `serverless` keeps to what a Serverless vector collection offers: the server gives the ids, nothing
    is deleted by query, and writes become visible some time later (up to a minute), for which `commit` waits
    `patience_seconds` and then raises ChunksMissing, to be called again. `refresh` is what a commit on another
    server waits for: the next refresh, or one made at once (`true`, for tests).

    A commit is not atomic to searches: one at the same moment may see chunks of both versions of a document.
    """

    def __init__(
        self,
        client: Any,
        index_prefix: str,
        dimensions: int,
        serverless: bool = False,
        refresh: Literal["wait_for", "true"] = "wait_for",
        patience_seconds: float = 20.0,
        engine: Engine | None = None,
    ) -> None:
        self._client, self._prefix, self._dimensions = client, index_prefix, dimensions
        self._serverless, self._refresh, self._patience = serverless, refresh, patience_seconds
        self._pages = Pages(client, settles=not serverless)
        self._engine = engine or (FAISS if serverless else LUCENE)

    def stage(self, title: str, chunks: Sequence[IndexedChunk]) -> None:
        """See VectorStore. Makes the title's index if there is none; raises Conflict if its metric is another one."""
        self._put(title, chunks, live=False)

    def publish(self, title: str, chunks: Sequence[IndexedChunk]) -> None:
        """See VectorStore. Raises like `stage`; searches see them after the index's next refresh."""
        self._put(title, chunks, live=True)

    def _put(self, title: str, chunks: Sequence[IndexedChunk], live: bool) -> None:
        if any(len(indexed.vector) != self._dimensions for indexed in chunks):
            raise InvalidRequest(f"The lore index takes vectors of {self._dimensions} dimensions only.")
        if not chunks:
            return
        name = index_name(self._prefix, title)
        with translated():
            self._ensure(name)
            new = {indexed.chunk.id: indexed for indexed in reversed(chunks)}
            if self._serverless:
                for hit in self._pages.with_ids(name, list(new), ["chunk_id"]):
                    new.pop(hit["_source"]["chunk_id"], None)
            self._write(name, [self._creation(indexed, live) for indexed in new.values()])

    def _creation(self, indexed: IndexedChunk, live: bool) -> tuple[Query, Query]:
        action = {"index": {}} if self._serverless else {"create": {"_id": indexed.chunk.id}}
        return action, to_fields(indexed, live)

    def _ensure(self, name: str) -> None:
        """Makes the index if it is certain that there is none, and checks its metric in any case.

        Asked before every write: writing to an index that is gone would make one without a mapping.
        """
        try:
            found = self._client.indices.get_mapping(index=name)
        except NotFoundError as absence:
            if not said_absent(absence):
                raise
            try:
                self._client.indices.create(index=name, body=definition(self._engine, self._dimensions))
            except RequestError as error:
                if kind_of(error) != "resource_already_exists_exception":
                    raise
            found = self._client.indices.get_mapping(index=name)
        check_metric(found[name]["mappings"], self._engine, self._dimensions)

    def commit(self, title: str, document: str, keep: Sequence[str]) -> int:
        """See VectorStore. Raises ChunksMissing, changing nothing, while a chunk of `keep` is not to be seen."""
        name = index_name(self._prefix, title)
        places: dict[str, int] = {}
        for index, chunk_id in enumerate(keep):
            places.setdefault(chunk_id, index)
        actions: list[tuple[Query, Query | None]] = []
        with translated():
            for chunk_id, copies in self._awaited(name, document, set(places)).items():
                kept = copies[:1] if chunk_id in places else []
                for hit in kept:
                    state = {"live": True, "position": places[chunk_id]}
                    # What a Serverless collection shows may be older than the last commit, so it is always told.
                    if self._serverless or state != {key: hit["_source"][key] for key in state}:
                        actions.append(({"update": {"_id": hit["_id"]}}, {"doc": state}))
                actions.extend(({"delete": {"_id": hit["_id"]}}, None) for hit in copies[len(kept) :])
            # New chunks come first: the document is never without any.
            actions.sort(key=lambda action: "delete" in action[0])
            self._write(name, actions, visibly=True)
        return len(places)

    def _awaited(self, name: str, document: str, expected: set[str]) -> dict[str, list[Query]]:
        """All copies of each chunk of a document, once all `expected` ones can be seen."""
        deadline = time.monotonic() + (self._patience if self._serverless else 0.0)
        pause = FIRST_POLL_SECONDS
        while True:
            copies = self._of_document(name, document)
            missing = expected - copies.keys()
            if not missing:
                return copies
            if time.monotonic() >= deadline:
                told = f"{len(missing)} of the {len(expected)} chunks to make live are not in the index yet."
                raise ChunksMissing(told)
            time.sleep(min(pause, max(deadline - time.monotonic(), 0)))
            pause = min(2 * pause, LAST_POLL_SECONDS)

    def _of_document(self, name: str, document: str) -> dict[str, list[Query]]:
        found: dict[str, list[Query]] = defaultdict(list)
        for hit in self._pages.every(name, {"term": {"document": document}}, ["chunk_id", "live", "position"]):
            found[hit["_source"]["chunk_id"]].append(hit)
        return {chunk_id: sorted(hits, key=lambda hit: str(hit["_id"])) for chunk_id, hits in found.items()}

    def present(self, title: str, document: str) -> set[str]:
        """See VectorStore. On Serverless, chunks staged within the last minute may be missing."""
        with translated():
            return set(self._of_document(index_name(self._prefix, title), document))

    def vectors(self, title: str, ids: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """See VectorStore."""
        with translated():
            hits = self._pages.with_ids(index_name(self._prefix, title), ids, ["chunk_id", "vector"])
            return {hit["_source"]["chunk_id"]: tuple(hit["_source"]["vector"]) for hit in hits}

    def search(self, title: str, text: str, vector: Sequence[float], viewer: Viewer, limit: int) -> list[ScoredChunk]:
        """See VectorStore. A zero or empty vector searches by words alone."""
        if len(vector) not in (0, self._dimensions):
            raise InvalidRequest(f"The lore index takes vectors of {self._dimensions} dimensions only.")
        name = index_name(self._prefix, title)
        near = nearest(vector, viewer, limit) if any(vector) else None
        near_hits, worded_hits = self._ask(name, near, worded(text, viewer, limit))
        chunks = {hit["_source"]["chunk_id"]: hit["_source"] for hit in near_hits + worded_hits}
        bm25 = {hit["_source"]["chunk_id"]: float(hit["_score"]) for hit in worded_hits}
        unmeasured = bm25.keys() - {hit["_source"]["chunk_id"] for hit in near_hits}
        if near and unmeasured:
            near_hits += self._ask(name, cosines(vector, viewer, sorted(unmeasured)))[0]
        similarity = {hit["_source"]["chunk_id"]: self._engine.cosine(hit["_score"]) for hit in near_hits}
        return [
            ScoredChunk(to_chunk(fields), similarity.get(chunk_id), bm25.get(chunk_id))
            for chunk_id, fields in chunks.items()
        ]

    def _ask(self, name: str, *queries: Query | None) -> list[list[Query]]:
        """The hits of each query, all asked in one request; none for a query that is None or a title without index."""
        asked = [query for query in queries if query is not None]
        if not asked:
            return [[] for _ in queries]
        with translated():
            body = list(itertools.chain.from_iterable(({"index": name}, query) for query in asked))
            answers = iter(self._client.msearch(body=body)["responses"])
        return [hits_of(next(answers)) if query is not None else [] for query in queries]

    def live(self, title: str, after: str = "") -> Iterator[IndexedChunk]:
        """See VectorStore. A scroll would show the index as it was at its beginning, but Serverless has none."""
        for fields in self._live(title, after, VECTOR_PAGE, None):
            yield IndexedChunk(to_chunk(fields), tuple(fields["vector"]))

    def live_ids(self, title: str) -> Iterator[tuple[str, str]]:
        """See VectorStore."""
        for fields in self._live(title, "", ID_PAGE, ["document", "chunk_id"]):
            yield fields["document"], fields["chunk_id"]

    def _live(self, title: str, after: str, size: int, source: list[str] | None) -> Iterator[dict[str, Any]]:
        """The live chunks in order, each once: a Serverless collection may hold copies."""
        document, seen = None, set[str]()
        with translated():
            for hit in self._pages.every(index_name(self._prefix, title), live_after(after), source, IN_ORDER, size):
                fields = hit["_source"]
                if fields["document"] != document:
                    document, seen = fields["document"], set()
                if fields["chunk_id"] not in seen:
                    seen.add(fields["chunk_id"])
                    yield fields

    def live_counts(self, title: str) -> dict[str, int]:
        """See VectorStore. Copies in a Serverless collection count as well."""
        with translated():
            return dict(self._pages.counts(index_name(self._prefix, title)))

    def drop_title(self, title: str) -> None:
        """See VectorStore."""
        with translated():
            try:
                self._client.indices.delete(index=index_name(self._prefix, title))
            except NotFoundError as error:
                if not said_absent(error):
                    raise

    def _write(self, name: str, actions: Sequence[tuple[Query, Query | None]], visibly: bool = False) -> None:
        """Sends bulk actions. A chunk that is there already, or is gone already, is as it should be."""
        options = {"refresh": self._refresh} if visibly and not self._serverless else {}
        for start in range(0, len(actions), BULK_ACTIONS):
            lines = [line for action in actions[start : start + BULK_ACTIONS] for line in action if line is not None]
            answer = self._client.bulk(index=name, body=lines, params=options)
            for item in answer["items"]:
                ((kind, result),) = item.items()
                if result["status"] >= 300 and (kind, result["status"]) not in {("create", 409), ("delete", 404)}:
                    reason = result.get("error", {}).get("type", "no reason given")
                    raise StoreUnavailable(f"The lore index refused a {kind} ({result['status']}, {reason}).")
