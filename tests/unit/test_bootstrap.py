"""The wiring: every function starts from its own environment, and pays only for what it uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from npcops import bootstrap, wiring
from npcops.adapters.bedrock import BedrockChat, BedrockEmbeddings
from npcops.adapters.opensearch_store import OpenSearchVectorStore
from npcops.adapters.sqlite_store import SqliteVectorStore
from tests.factories import assert_starts_with_all, assert_stops_without, bare, give, missing

LORE = {"LORE_BUCKET": "lore", "WORK_BUCKET": "work", "LEDGER_TABLE": "ledger"}
STORE = {"VECTOR_STORE": "sqlite", "VECTOR_STORE_LOCATION": "lore-index", "EMBEDDING_DIMENSIONS": "64"}
CHAT = {
    "CHAT_MODEL": "amazon.nova-lite-v1:0",
    "CHAT_SECONDS": "9",
    "CHAT_ATTEMPTS": "2",
    "TUNED_MODEL_PARAMETERS": "/npcops/test/models",
}
EMBED = {"EMBEDDING_MODEL": "amazon.titan-embed-text-v2:0"}
PLAYERS, CATALOG, EVENTS = {"PLAYERS_TABLE": "players"}, {"CATALOG_TABLE": "catalog"}, {"EVENT_BUS": "bus"}
TOKENS = {"TOKEN_ISSUER": "https://id", "TOKEN_AUDIENCE": "npcops", "JWKS_URL": "https://id/keys"}
ANSWERS = {"ANSWERS_TABLE": "answers"}
TALK = CHAT | PLAYERS | CATALOG | EVENTS | EMBED | STORE | ANSWERS
MACHINE = {"HYDRATION_STATE_MACHINE": "arn:aws:states:us-east-1:123456789012:stateMachine:hydrate"}
NEEDS: dict[str, dict[str, str]] = {
    "converse": TALK,
    "stream_turn": TALK,
    "remember": CHAT | PLAYERS | CATALOG | EMBED,
    "saves": PLAYERS,
    "players": PLAYERS,
    "catalog": CATALOG,
    "ledger": LORE,
    "lore_bucket": LORE,
    "retriever": EMBED | STORE,
    "read_aloud": CATALOG,
    "plan_hydration": LORE | STORE | EVENTS,
    "embed_and_index": LORE | STORE | EMBED,
    "commit_hydration": LORE | STORE | EVENTS,
    "fail_hydration": LORE | EVENTS,
    "reconcile_lore": LORE | STORE | MACHINE,
    "token_verifier": TOKENS,
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare(monkeypatch, NEEDS)
    monkeypatch.chdir(tmp_path)
    bootstrap.retriever.cache_clear()
    bootstrap.read_aloud.cache_clear()


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_function_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert_starts_with_all(monkeypatch, getattr(bootstrap, name), NEEDS[name])


@pytest.mark.parametrize(("name", "one"), missing(NEEDS))
def test_a_function_does_not_start_without_any_of_it(monkeypatch: pytest.MonkeyPatch, name: str, one: str) -> None:
    assert_stops_without(monkeypatch, getattr(bootstrap, name), NEEDS[name], one)


def test_the_store_is_the_one_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, STORE)
    assert isinstance(wiring.vector_store(), SqliteVectorStore)
    give(monkeypatch, {"VECTOR_STORE": "opensearch", "VECTOR_STORE_LOCATION": "https://search.example:443"})
    for service in ("none", "es", "aoss"):
        monkeypatch.setenv("OPENSEARCH_SERVICE", service)
        assert isinstance(wiring.vector_store(), OpenSearchVectorStore)


def test_models_are_bedrock_s(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, CHAT | EMBED)
    assert isinstance(wiring.chat(), BedrockChat)
    assert isinstance(wiring.embeddings(), BedrockEmbeddings)


def test_a_process_has_one_retriever(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, EMBED | STORE)
    assert bootstrap.retriever() is bootstrap.retriever()


def test_a_search_gives_up_while_its_caller_still_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    from npcops.adapters import opensearch_client

    given: dict[str, Any] = {}
    monkeypatch.setattr(opensearch_client, "connect", lambda *_, **limits: given.update(limits))
    monkeypatch.setenv("OPENSEARCH_SERVICE", "es")
    give(monkeypatch, EMBED | STORE | {"VECTOR_STORE": "opensearch", "VECTOR_STORE_LOCATION": "https://search.example"})
    bootstrap.retriever()
    requests_a_search, api_seconds = 2, 29
    assert requests_a_search * given["seconds"] < api_seconds / 2
    assert given["again_after_timeout"] is False


HEAVY = {"numpy", "opensearchpy", "lxml", "docx", "pypdf", "jwt", "minijinja"}
IMPORTS: list[tuple[str, set[str]]] = [
    ("players", HEAVY),
    ("catalog", HEAVY),
    ("ledger", HEAVY),
    ("lore_bucket", HEAVY),
    ("remember", HEAVY - {"minijinja"}),
    ("converse", HEAVY - {"minijinja"}),
    ("token_verifier", HEAVY - {"jwt"} | {"boto3", "botocore"}),
    ("fail_hydration", HEAVY),
    ("plan_hydration", {"lxml", "docx", "pypdf", "opensearchpy", "jwt", "minijinja"}),
    ("commit_hydration", {"lxml", "docx", "pypdf", "opensearchpy", "jwt", "minijinja"}),
]


@pytest.mark.parametrize(("name", "unneeded"), IMPORTS, ids=[name for name, _ in IMPORTS])
def test_a_cold_start_imports_nothing_it_does_not_use(name: str, unneeded: set[str], tmp_path: Path) -> None:
    program = f"import sys; from npcops import bootstrap; bootstrap.{name}(); print(*sys.modules)"
    environment: dict[str, Any] = {**NEEDS[name], "AWS_DEFAULT_REGION": "us-east-1", "PATH": os.environ["PATH"]}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert not unneeded & set(run.stdout.split())
