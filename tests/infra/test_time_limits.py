"""A turn ends before API Gateway stops waiting, and what it gave up on does not go on for long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from npcops import stream_turn, wiring
from npcops.adapters import aws_services, connections, dynamodb
from npcops.characters import Timing
from tests.infra.descriptions import SERVERLESS, Stage, functions, template

API_SECONDS = 29
# Starting the function, reading the request and writing the answer.
REST_SECONDS = 2
CACHED: tuple[Any, ...] = (
    aws_services.events_client,
    aws_services.ssm_client,
    connections.management_client,
    dynamodb.client,
    dynamodb.quick_client,
    wiring.retriever,
)


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
    wiring.chat(), wiring.embeddings()
    return given


@pytest.mark.parametrize("name", ["Converse", "StreamTurn"])
def test_the_longest_deadline_ends_before_the_function_and_that_before_its_api(name: str) -> None:
    most = template()["Parameters"]["TurnSeconds"]["MaxValue"]
    assert most + REST_SECONDS <= functions()[name]["Timeout"] < API_SECONDS
    assert msgspec.convert({"deadline": most}, Timing).deadline == most
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"deadline": most + 1}, Timing)


def test_a_call_that_was_given_up_ends_before_the_function_would(monkeypatch: pytest.MonkeyPatch) -> None:
    called = [*models(monkeypatch), aws_services.ssm_client().meta.config, aws_services.events_client().meta.config]
    assert max(map(longest, [*called, dynamodb.client().meta.config])) < functions()["Converse"]["Timeout"]


def test_a_search_that_timed_out_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import opensearchpy

    given: dict[str, Any] = {}
    real = opensearchpy.OpenSearch

    def noted(**options: Any) -> Any:
        given.update(options)
        return real(**options)

    monkeypatch.setenv("OPENSEARCH_SERVICE", "none")
    monkeypatch.setattr(opensearchpy, "OpenSearch", noted)
    wiring.vector_store(answering=True)
    assert given["retry_on_timeout"] is False
    assert given["max_retries"] >= 1  # A connection that went stale while the function slept costs no time.
    assert given["timeout"].total <= wiring.SEARCH_SECONDS


def test_the_tables_are_given_up_early_too() -> None:
    assert longest(dynamodb.client().meta.config) <= 12


def most() -> float:
    """The longest deadline that a turn may have."""
    return float(template()["Parameters"]["TurnSeconds"]["MaxValue"])


def test_a_streamed_turn_has_time_for_its_records_and_to_be_told_whole() -> None:
    """The end of its record and its voice get what is left by then."""
    before = stream_turn.RECORD_SECONDS + stream_turn.TAKING_OVER_SECONDS
    assert before + most() + stream_turn.SECONDS_TO_COMPLETE < functions()["StreamTurn"]["Timeout"]


def test_a_voice_that_is_never_heard_ends_in_time_by_default() -> None:
    usual = float(template()["Parameters"]["TurnSeconds"]["Default"])
    waits = (stream_turn.RECORD_SECONDS, usual, stream_turn.END_SECONDS, stream_turn.VOICE_SECONDS)
    assert sum(waits) + stream_turn.SECONDS_TO_COMPLETE < functions()["StreamTurn"]["Timeout"]


def test_one_frame_cannot_take_the_turn_s_time() -> None:
    assert longest(connections.management_client().meta.config) <= 7


def test_records_of_calls_leave_the_longest_turn_its_time() -> None:
    """One before the turn, and one after it."""
    assert most() + 2 * longest(dynamodb.quick_client().meta.config) < functions()["Converse"]["Timeout"]


def test_a_model_that_is_slow_in_a_trial_is_not_taken_for_one_that_is_away() -> None:
    assert most() < wiring.TRIAL_SECONDS < functions()["TryOut"]["Timeout"] < functions()["ScoreCase"]["Timeout"]
