"""A turn ends before API Gateway stops waiting, even if all it calls is slow and one of them takes all its retries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from npcops import bootstrap
from npcops.adapters import aws_services, dynamodb
from tests.infra.descriptions import SERVERLESS, Stage, functions

CACHED: tuple[Any, ...] = (
    aws_services.events_client,
    aws_services.ssm_client,
    dynamodb.client,
    bootstrap.retriever,
)
SEARCH_REQUESTS = 2


@pytest.fixture(autouse=True)
def _new_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name, value in Stage(SERVERLESS).environment("Converse").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VECTOR_STORE_LOCATION", "https://search.example")
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


def longest(config: Any) -> float:
    """Seconds of one operation of a client that is never answered: all attempts, and the pauses between them."""
    attempts = config.retries["total_max_attempts"]
    pauses = sum(2.0**attempt for attempt in range(attempts - 1))
    return float(attempts * (config.connect_timeout + config.read_timeout) + pauses)


def searching(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds of a search that is never answered. A request that timed out is not sent again."""
    import opensearchpy

    given: dict[str, Any] = {}
    real = opensearchpy.OpenSearch

    def noted(**options: Any) -> Any:
        given.update(options)
        return real(**options)

    monkeypatch.setenv("OPENSEARCH_SERVICE", "none")
    monkeypatch.setattr(opensearchpy, "OpenSearch", noted)
    bootstrap.vector_store(answering=True)
    assert given["retry_on_timeout"] is False
    assert given["max_retries"] >= 1  # A connection that went stale while the function slept costs no time.
    return float(SEARCH_REQUESTS * given["timeout"].total)


def models(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The configurations of the clients that ask the chat model and the embedding model."""
    import boto3

    given: list[Any] = []
    real: Any = boto3.client

    def noted(service: str, config: Any) -> Any:
        client = real(service, config=config)
        given.append(client.meta.config)
        return client

    monkeypatch.setattr(boto3, "client", noted)
    bootstrap.chat(), bootstrap.embeddings()
    return given


def first(config: Any) -> float:
    """Seconds of one attempt that is never answered."""
    return float(config.connect_timeout + config.read_timeout)


def test_the_slowest_turn_ends_before_its_function_does(monkeypatch: pytest.MonkeyPatch) -> None:
    called = [*models(monkeypatch), aws_services.ssm_client().meta.config, aws_services.events_client().meta.config]
    once = sum(map(first, called)) + searching(monkeypatch)
    slowest = max(once - first(config) + longest(config) for config in called)
    assert slowest < functions()["Converse"]["Timeout"] == 28


def test_the_tables_are_given_up_early_too() -> None:
    assert longest(dynamodb.client().meta.config) <= 12
