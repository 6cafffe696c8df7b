"""Vector stores under test: every adapter, on the real engine behind it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from npcops.adapters.opensearch_client import connect
from npcops.adapters.opensearch_index import LUCENE
from npcops.adapters.opensearch_store import OpenSearchVectorStore
from npcops.adapters.sqlite_store import SqliteVectorStore
from tests.contracts.lore_samples import DIMENSIONS, Adapter

STATE = Path(__file__).parents[2] / ".npcops" / "opensearch" / "server.json"


@pytest.fixture(scope="session")
def opensearch_client() -> Iterator[Any]:
    """A client of the server in OPENSEARCH_TEST_URL, or of the one that `scripts/opensearch.py start` runs."""
    url = os.environ.get("OPENSEARCH_TEST_URL")
    if not url and STATE.exists():
        url = json.loads(STATE.read_text(encoding="utf-8"))["url"]
    client = connect(url) if url else None
    if client is None or not client.ping():
        told = "no OpenSearch is running: `make opensearch` starts one, or set OPENSEARCH_TEST_URL"
        if os.environ.get("NPCOPS_REQUIRE_OPENSEARCH") == "1":
            pytest.fail(told)
        pytest.skip(told)
    yield client
    client.close()


@pytest.fixture(scope="session")
def index_prefix(opensearch_client: Any) -> Iterator[str]:
    """A name that no other run uses; what it names is deleted. Its indices show writes soon by themselves."""
    prefix = f"contract-{secrets.token_hex(4)}"
    template = {
        "index_patterns": [f"{prefix}-*"],
        "template": {"settings": {"refresh_interval": "100ms", "number_of_replicas": 0}},
    }
    opensearch_client.indices.put_index_template(name=prefix, body=template)
    yield prefix
    opensearch_client.indices.delete(index=f"{prefix}-*")
    opensearch_client.indices.delete_index_template(name=prefix)


@pytest.fixture(
    scope="session",
    params=[
        "sqlite",
        pytest.param("opensearch", marks=pytest.mark.opensearch),
        pytest.param("opensearch-serverless", marks=pytest.mark.opensearch),
    ],
)
def adapter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adapter]:
    """Each adapter in turn. The stores are shared by all tests, which therefore each use titles of their own."""
    if request.param == "sqlite":
        store = SqliteVectorStore(tmp_path_factory.mktemp("lore"), DIMENSIONS)
        yield Adapter(store, lambda: None)
        store.close()
        return
    client, prefix = request.getfixturevalue("opensearch_client"), request.getfixturevalue("index_prefix")
    if request.param == "opensearch":
        yield Adapter(OpenSearchVectorStore(client, f"{prefix}-m", DIMENSIONS, refresh="true"), lambda: None)
        return
    # The server's Faiss cannot filter, so the Serverless manners are tested with Lucene.
    serverless = OpenSearchVectorStore(
        client, f"{prefix}-s", DIMENSIONS, serverless=True, engine=LUCENE, patience_seconds=4
    )
    yield Adapter(serverless, lambda: client.indices.refresh(index=f"{prefix}-s-*"))


@pytest.fixture
def title() -> str:
    """A title that no other test uses."""
    return f"Title {secrets.token_hex(6)}"
