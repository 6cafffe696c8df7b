"""What the OpenSearch store promises beyond the contract: failures, metrics, and the manners of Serverless."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import opensearchpy
import pytest

from npcops.adapters.opensearch_answers import hits_of
from npcops.adapters.opensearch_client import connect
from npcops.adapters.opensearch_index import FAISS, LUCENE, definition, index_name
from npcops.adapters.opensearch_store import OpenSearchVectorStore
from npcops.errors import Conflict, StoreUnavailable
from npcops.lore import IndexedChunk, Viewer
from tests.contracts.lore_samples import ANYONE, DIMENSIONS, ids, indexed, pointing

CHUNKS = [indexed("The mill burns.", pointing(0)), indexed("The king rules.", pointing(30), position=1)]


class Wire(opensearchpy.Urllib3HttpConnection):
    """A connection that notes what is sent and fails where it is told to."""

    sent: list[tuple[str, str, dict[str, Any], Any]] = []  # noqa: RUF012 - one list for all connections of a test
    faults: list[tuple[str, str, int, str]] = []  # noqa: RUF012 - likewise

    def perform_request(self, method: str, url: str, *rest: Any, **options: Any) -> Any:
        params, body = (*rest, None, None)[:2]
        Wire.sent.append((method, url, dict(options.get("params") or params or {}), options.get("body") or body))
        for fault in Wire.faults:
            if fault[0] == method and fault[1] in url:
                self._raise_error(fault[2], fault[3], "application/json")
        return super().perform_request(method, url, *rest, **options)


@pytest.fixture
def wired(opensearch_client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the same server whose connection is a `Wire`."""
    monkeypatch.setattr(opensearchpy, "Urllib3HttpConnection", Wire)
    monkeypatch.setattr(Wire, "sent", [])
    monkeypatch.setattr(Wire, "faults", [])
    client = connect(opensearch_client.transport.get_connection().host)
    yield client
    client.close()


def managed(client: Any, prefix: str) -> OpenSearchVectorStore:
    return OpenSearchVectorStore(client, prefix, DIMENSIONS, refresh="true")


def serverless(client: Any, prefix: str, patience: float = 5) -> OpenSearchVectorStore:
    return OpenSearchVectorStore(client, prefix, DIMENSIONS, serverless=True, engine=LUCENE, patience_seconds=patience)


def publish(store: OpenSearchVectorStore, title: str) -> None:
    store.stage(title, CHUNKS)
    store.commit(title, "a.md", ids(CHUNKS))


@pytest.mark.opensearch
@pytest.mark.parametrize("make", [managed, serverless])
@pytest.mark.parametrize("status", [503, 404])
def test_defect_01_a_failed_existence_check_wipes_nothing(
    wired: Any, index_prefix: str, title: str, make: Any, status: int
) -> None:
    store = make(wired, index_prefix)
    publish(store, title)
    Wire.sent.clear()
    # A gateway may say 404 as well; only the server's own word counts.
    Wire.faults.append(("GET", "/_mapping", status, json.dumps({"message": "no healthy upstream"})))
    with pytest.raises(StoreUnavailable):
        store.stage(title, [indexed("The queen rules.", pointing(20), position=2)])
    assert {method for method, *_ in Wire.sent} == {"GET"}
    Wire.faults.clear()
    assert store.present(title, "a.md") == set(ids(CHUNKS))


@pytest.mark.opensearch
@pytest.mark.parametrize("status", [503, 500, 403, 404, 429])
def test_an_index_that_does_not_answer_is_never_an_empty_one(
    wired: Any, index_prefix: str, title: str, status: int
) -> None:
    store = managed(wired, index_prefix)
    publish(store, title)
    secret = "Who burned the mill of Oda?"
    for method in ("GET", "POST", "PUT", "DELETE"):
        Wire.faults.append((method, "/", status, json.dumps({"error": {"type": "x", "reason": secret}})))
    operations: list[Callable[[], object]] = [
        lambda: store.stage(title, CHUNKS),
        lambda: store.commit(title, "a.md", []),
        lambda: store.present(title, "a.md"),
        lambda: store.vectors(title, ids(CHUNKS)),
        lambda: store.search(title, secret, pointing(0), ANYONE, 5),
        lambda: store.live_counts(title),
        lambda: store.drop_title(title),
    ]
    for operation in operations:
        with pytest.raises(StoreUnavailable) as caught:
            operation()
        assert str(status) in str(caught.value)
        assert "Oda" not in str(caught.value)
    Wire.faults.clear()
    assert store.live_counts(title) == {"a.md": 2}


def test_a_server_that_is_not_there_is_unavailable() -> None:
    store = managed(connect("http://127.0.0.1:9"), "p")
    with pytest.raises(StoreUnavailable, match="did not answer"):
        store.search("t", "mill", pointing(0), ANYONE, 5)


def test_a_search_that_failed_in_part_is_no_answer() -> None:
    whole = {"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": [{"_id": "1"}]}}
    assert hits_of(whole) == [{"_id": "1"}]
    for broken in ({"timed_out": True}, {"_shards": {"failed": 1}}):
        with pytest.raises(StoreUnavailable, match="part"):
            hits_of(whole | broken)
    assert hits_of({"status": 404, "error": {"type": "index_not_found_exception"}}) == []
    with pytest.raises(StoreUnavailable, match="429"):
        hits_of({"status": 429, "error": {"type": "rejected_execution_exception"}})


@pytest.mark.opensearch
def test_a_refused_write_is_told(opensearch_client: Any, index_prefix: str, title: str) -> None:
    store = managed(opensearch_client, index_prefix)
    publish(store, title)
    block = {"index.blocks.write": True}
    opensearch_client.indices.put_settings(index=index_name(index_prefix, title), body=block)
    with pytest.raises(StoreUnavailable, match=r"refused a create \(403, cluster_block_exception"):
        store.stage(title, [indexed("The queen rules.", pointing(20))])


@pytest.mark.opensearch
def test_defect_13_an_index_with_another_metric_is_refused(
    opensearch_client: Any, index_prefix: str, title: str
) -> None:
    other = definition(dataclasses.replace(LUCENE, space_type="l2"), DIMENSIONS)
    opensearch_client.indices.create(index=index_name(index_prefix, title), body=other)
    with pytest.raises(Conflict, match=r"'l2'.* needs lucene, cosinesimil, 8"):
        managed(opensearch_client, index_prefix).stage(title, CHUNKS)
    shorter = [IndexedChunk(item.chunk, (1.0, 0.0, 0.0, 0.0)) for item in CHUNKS]
    with pytest.raises(Conflict, match="needs lucene, cosinesimil, 4"):
        OpenSearchVectorStore(opensearch_client, index_prefix, 4).stage(title, shorter)


@pytest.mark.opensearch
def test_defect_13_the_metric_is_what_the_mapping_says(opensearch_client: Any, index_prefix: str, title: str) -> None:
    publish(managed(opensearch_client, index_prefix), title)
    name = index_name(index_prefix, title)
    mapping = opensearch_client.indices.get_mapping(index=name)[name]["mappings"]
    assert mapping["dynamic"] == "strict"
    assert mapping["properties"]["vector"]["method"]["space_type"] == "cosinesimil"
    with pytest.raises(opensearchpy.RequestError, match="strict_dynamic_mapping_exception"):
        opensearch_client.index(index=name, body={"surprise": 1})


@pytest.mark.parametrize("cosine", [-1.0, -0.5, 0.0, 0.25, 1.0])
def test_scores_of_each_engine_give_the_cosine(cosine: float) -> None:
    assert LUCENE.cosine((1 + cosine) / 2) == pytest.approx(cosine)
    assert FAISS.cosine(1 + cosine if cosine >= 0 else 1 / (1 - cosine)) == pytest.approx(cosine)


def test_a_serverless_index_is_for_faiss_with_a_metric_it_has() -> None:
    method = definition(FAISS, DIMENSIONS)["mappings"]["properties"]["vector"]["method"]
    assert (method["engine"], method["space_type"]) == ("faiss", "innerproduct")


@pytest.mark.opensearch
def test_a_serverless_collection_is_asked_nothing_that_it_lacks(wired: Any, index_prefix: str, title: str) -> None:
    store = serverless(wired, index_prefix)
    publish(store, title)
    store.stage(title, [indexed("The queen rules.", pointing(20), position=2)])
    store.search(title, "mill", pointing(0), Viewer("miller", frozenset({"war"})), 5)
    store.live_counts(title)
    store.commit(title, "a.md", [])
    store.drop_title(title)
    urls = [url for _, url, *_ in Wire.sent]
    assert not [url for url in urls if any(word in url for word in ("_refresh", "by_query", "scroll", "_doc", "_pit"))]
    assert not [params for _, _, params, _ in Wire.sent if "refresh" in params]
    bodies = [body for _, url, _, body in Wire.sent if "_bulk" in url]
    actions = [json.loads(line) for body in bodies for line in body.splitlines() if line]
    assert {"index": {}} in actions
    assert not [action for action in actions if "_id" in action.get("index", {}) or "create" in action]


@pytest.mark.opensearch
def test_copies_on_serverless_are_one_chunk_and_do_not_last(
    opensearch_client: Any, index_prefix: str, title: str
) -> None:
    store, name = serverless(opensearch_client, index_prefix), index_name(index_prefix, title)
    publish(store, title)

    def count() -> int:
        opensearch_client.indices.refresh(index=name)
        return int(opensearch_client.count(index=name)["count"])

    count()
    for hit in opensearch_client.search(index=name)["hits"]["hits"]:
        opensearch_client.index(index=name, body=hit["_source"])
    assert count() == 4
    hits = store.search(title, "mill king", pointing(0), ANYONE, 5)
    assert sorted(hit.chunk.text for hit in hits) == ["The king rules.", "The mill burns."]
    assert store.commit(title, "a.md", ids(CHUNKS)) == 2
    assert count() == 2


@pytest.mark.opensearch
def test_a_serverless_commit_waits_for_what_was_just_staged(
    opensearch_client: Any, index_prefix: str, title: str
) -> None:
    name = index_name(index_prefix, title)
    patient = serverless(opensearch_client, index_prefix, patience=30)
    publish(patient, title)
    opensearch_client.indices.put_settings(index=name, body={"index.refresh_interval": "-1"})
    new = indexed("The queen rules.", pointing(20), position=2)
    patient.stage(title, [new])
    with pytest.raises(StoreUnavailable, match="1 of the 1 chunks"):
        serverless(opensearch_client, index_prefix, patience=0.2).commit(title, "a.md", [new.chunk.id])
    opensearch_client.indices.refresh(index=name)
    assert patient.live_counts(title) == {"a.md": 2}

    unseen = indexed("The witch rules.", pointing(25), position=3)
    patient.stage(title, [unseen])
    with ThreadPoolExecutor(1) as pool:
        committed = pool.submit(patient.commit, title, "a.md", ids([new, unseen]))
        while not committed.done():
            opensearch_client.indices.refresh(index=name)
        assert committed.result() == 2
    opensearch_client.indices.refresh(index=name)
    assert patient.present(title, "a.md") == set(ids([new, unseen]))


@pytest.mark.opensearch
def test_several_writers_may_make_the_index_at_once(opensearch_client: Any, index_prefix: str, title: str) -> None:
    store = managed(opensearch_client, index_prefix)
    documents = [[indexed(f"Text {n}.", pointing(n), f"{n}.md")] for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda chunks: store.stage(title, chunks), documents))
    assert [store.present(title, f"{n}.md") for n in range(6)] == [set(ids(chunks)) for chunks in documents]


class Recorder(BaseHTTPRequestHandler):
    """Answers everything with an empty object and keeps the headers."""

    headers_seen: list[dict[str, str]] = []  # noqa: RUF012 - read by the test

    def do_GET(self) -> None:
        Recorder.headers_seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.mark.parametrize("service", ["es", "aoss", None])
def test_requests_are_signed_for_the_service_with_the_functions_own_credentials(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
        monkeypatch.setenv(f"AWS_{name}", f"test-{name.lower()}")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        client = connect(f"http://127.0.0.1:{server.server_port}", "eu-west-1", service)
        client.indices.get_mapping(index="lore")
        client.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    headers = Recorder.headers_seen[-1]
    if service is None:
        assert "authorization" not in headers
        return
    assert "Credential=test-access_key_id/" in headers["authorization"]
    assert f"/eu-west-1/{service}/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "test-session_token"
    assert len(headers["x-amz-content-sha256"]) == 64


def test_titles_never_share_an_index() -> None:
    names = [index_name("p", title) for title in ("A b", "a-b", "a b", "ä b", "", "x" * 300, "x" * 301, "../a")]
    assert len(set(names)) == len(names)
    assert all(len(name) < 100 and name == name.lower() and name.startswith("p-") for name in names)
