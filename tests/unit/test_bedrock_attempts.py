"""Which calls of a model are made again: what failed soon and may pass soon, and nothing that was waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from npcops import wiring
from npcops.adapters.bedrock import BedrockChat
from npcops.adapters.bedrock_attempts import Attempts
from npcops.errors import ModelFailed, ModelUnavailable
from npcops.model_calls import Message, Prompt, Reply
from tests.bedrock_wire import Wire, converse_answer, event_stream, refusal, wired

PROMPT = Prompt("You are Mira.", "", (Message("user", "Is the gate open?"),))
MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
ENDING: list[tuple[str, dict[str, Any]]] = [
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Aye."}}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 5}}),
]
STALE = ConnectionClosedError(endpoint_url="https://bedrock")
REFUSED = EndpointConnectionError(endpoint_url="https://bedrock")


def busy(status: int = 429) -> Any:
    return refusal("ThrottlingException" if status == 429 else "ServiceUnavailableException", status)


class Service:
    """Answers calls one after the other, each after `seconds`; `calls` counts them, `draws` the pauses."""

    def __init__(self, way: str, attempts: int, *answers: Any, seconds: float = 0.1) -> None:
        self.calls, self.draws, self._now, self._seconds = 0, 0, 0.0, seconds
        self._answers: Iterator[Any] = iter(answers)
        client, _ = wired(self._answer)
        self.chat = BedrockChat(client, MODEL, Attempts(attempts, lambda: self._now, self._draw))
        self._way = way

    @property
    def good(self) -> Any:
        return converse_answer({"text": "Aye."}) if self._way == "reply" else event_stream(ENDING)

    def ask(self) -> Any:
        last = self.chat.reply(PROMPT) if self._way == "reply" else list(self.chat.stream(PROMPT))[-1]
        assert isinstance(last, Reply)
        return last.text

    def _draw(self) -> float:
        self.draws += 1
        return 0.0

    def _answer(self, *_: Any) -> Any:
        self.calls += 1
        self._now += self._seconds
        answer = next(self._answers)
        return self.good if answer == "good" else answer


both = pytest.mark.parametrize("way", ["reply", "stream"])


@both
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_model_is_asked_again_after_a_pause(way: str, status: int) -> None:
    service = Service(way, 3, busy(status), busy(status), "good")
    assert service.ask() == "Aye."
    assert (service.calls, service.draws) == (3, 2)


@both
def test_no_more_attempts_are_made_than_are_allowed(way: str) -> None:
    service = Service(way, 2, busy(), busy(), "good")
    with pytest.raises(ModelUnavailable, match="Throttling"):
        service.ask()
    assert service.calls == 2


@both
@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="https://bedrock"), ConnectTimeoutError(endpoint_url="https://bedrock")]
)
def test_a_call_that_timed_out_is_never_made_again(way: str, error: Exception) -> None:
    service = Service(way, 5, error, "good")
    with pytest.raises(ModelUnavailable, match="in time"):
        service.ask()
    assert service.calls == 1


@both
@pytest.mark.parametrize("answer", [busy(), busy(503), STALE, REFUSED])
def test_what_failed_late_is_not_made_again(way: str, answer: Any) -> None:
    service = Service(way, 5, answer, "good", seconds=1.5)
    with pytest.raises(ModelUnavailable):
        service.ask()
    assert service.calls == 1


@both
@pytest.mark.parametrize("error", [STALE, REFUSED])
def test_a_connection_that_broke_is_made_again_once_and_at_once(way: str, error: Exception) -> None:
    service = Service(way, 5, error, "good")
    assert service.ask() == "Aye."
    assert (service.calls, service.draws) == (2, 0)
    service = Service(way, 5, error, error, "good")
    with pytest.raises(ModelUnavailable):
        service.ask()
    assert service.calls == 2


@both
@pytest.mark.parametrize("answer", [refusal("ValidationException", 400), refusal("AccessDeniedException", 403)])
def test_a_refusal_is_final(way: str, answer: Any) -> None:
    service = Service(way, 5, answer, "good")
    with pytest.raises(ModelFailed):
        service.ask()
    assert service.calls == 1


def test_once_an_event_came_nothing_is_made_again() -> None:
    service = Service("stream", 5, event_stream(ENDING[:1], "throttlingException"), "good")
    with pytest.raises(ModelUnavailable):
        service.ask()
    assert service.calls == 1


@pytest.mark.parametrize("answer", [busy(), STALE])
def test_a_call_that_nobody_wants_any_more_is_not_made_again(answer: Any) -> None:
    calls: list[str] = []

    def leaves(*_: Any) -> Any:
        calls.append("made")
        pieces.hang_up()
        return answer

    client, _ = wired(leaves)
    pieces = BedrockChat(client, MODEL, Attempts(5)).stream(PROMPT)
    with pytest.raises(ModelUnavailable):
        list(pieces)
    assert calls == ["made"]


def test_the_client_of_a_turn_makes_no_attempts_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[Any] = iter([busy(), event_stream(ENDING), ReadTimeoutError(endpoint_url="https://bedrock")])
    for name, value in {"MODEL": MODEL, "SECONDS": "7", "ATTEMPTS": "2"}.items():
        monkeypatch.setenv(f"CHAT_{name}", value)
    monkeypatch.setenv("TUNED_MODEL_PARAMETERS", "/npcops/test/models")
    made: list[Wire] = []
    real = boto3.client

    def wiretapped(*args: Any, **options: Any) -> Any:
        client: Any = real(*args, **options)
        made.append(Wire(client, lambda *_: next(answers)))
        return client

    monkeypatch.setattr(boto3, "client", wiretapped)
    chat = wiring.chat()
    assert isinstance(list(chat.stream(PROMPT))[-1], Reply)
    assert len(made[0].calls) == 2
    with pytest.raises(ModelUnavailable):
        list(chat.stream(PROMPT))
    assert len(made[0].calls) == 3
