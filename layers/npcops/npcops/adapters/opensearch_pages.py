"""Reads all that a query finds in an OpenSearch index, page by page, with what Serverless collections offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from opensearchpy.exceptions import NotFoundError

from npcops.adapters.opensearch_answers import complete, hits_of, said_absent
from npcops.adapters.opensearch_queries import Query, live_documents

PAGE = 500


class Pages:
    """Reading goes on after the last hit's sort values: there is no limit to how many are read, and nothing is held."""

    def __init__(self, client: Any, settles: bool) -> None:
        """`settles`: the server can be told to make all acknowledged writes visible before it is read."""
        self._client, self._settles = client, settles

    def with_ids(self, name: str, ids: Sequence[str], source: list[str]) -> Iterator[Query]:
        """The hits of these chunk ids."""
        for start in range(0, len(ids), PAGE):
            yield from self.every(name, {"terms": {"chunk_id": list(ids[start : start + PAGE])}}, source)

    def every(
        self,
        name: str,
        query: Query,
        source: list[str] | None,
        sort: Sequence[str] = ("chunk_id",),
        size: int = PAGE,
    ) -> Iterator[Query]:
        """Every hit of a query with the fields of `source` (None: all), in this order; none if there is no index.

        Of hits whose sort values are equal, some may be left out.
        """
        body: Query = {"size": size, "_source": True if source is None else source, "query": query, "sort": list(sort)}
        try:
            self._settle(name)
            while True:
                hits = hits_of(self._client.search(index=name, body=body))
                yield from hits
                if len(hits) < size:
                    return
                body["search_after"] = hits[-1]["sort"]
        except NotFoundError as error:
            if not said_absent(error):
                raise

    def counts(self, name: str) -> Iterator[tuple[str, int]]:
        """Documents and how many live chunks each has; none if there is no index."""
        after = None
        try:
            self._settle(name)
            while True:
                answer = self._client.search(index=name, body=live_documents(after, PAGE))
                page = complete(answer)["aggregations"]["documents"]
                yield from ((bucket["key"]["document"], bucket["doc_count"]) for bucket in page["buckets"])
                after = page.get("after_key")
                if after is None or len(page["buckets"]) < PAGE:
                    return
        except NotFoundError as error:
            if not said_absent(error):
                raise

    def _settle(self, name: str) -> None:
        if self._settles:
            self._client.indices.refresh(index=name)
