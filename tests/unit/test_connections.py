"""Posting to connections: who has gone, who is slow, and what would be our own mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from npcops.adapters.connections import PATIENT, ApiGatewayConnections
from npcops.errors import Disconnected


class Raw:
    """The stream of a response without one."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield b"{}"


class Api:
    """Answers requests before they reach the network: a status with an error's name, or an exception."""

    def __init__(self, *answers: tuple[int, str] | Exception) -> None:
        self.client: Any = boto3.client("apigatewaymanagementapi", config=PATIENT, endpoint_url="https://ws.test/dev")
        events: Any = self.client.meta.events
        events.register("before-send.apigatewaymanagementapi", self.answer)
        self.answers = list(answers)
        self.requests: list[tuple[str, str, bytes]] = []

    def answer(self, request: Any, **_: Any) -> AWSResponse:
        self.requests.append((request.method, request.url, request.body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        headers = {"x-amzn-ErrorType": answer[1]} if answer[1] else {}
        return AWSResponse(request.url, answer[0], headers, Raw())


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr("time.sleep", made.append)
    return made


def test_a_frame_goes_to_its_connection() -> None:
    api = Api((200, ""))
    ApiGatewayConnections(api.client).post("a/b=", '{"text": "König"}'.encode())
    ((method, url, body),) = api.requests
    assert (method, url) == ("POST", "https://ws.test/dev/@connections/a%2Fb%3D")
    assert json.loads(body) == {"text": "König"}


def test_a_client_that_has_gone_is_disconnected_at_once() -> None:
    api = Api((410, "GoneException"))
    with pytest.raises(Disconnected) as failed:
        ApiGatewayConnections(api.client).post("c1", b"{}")
    assert failed.value.cause is None
    assert len(api.requests) == 1


def test_a_client_that_reads_slowly_is_waited_for(pauses: list[float]) -> None:
    api = Api((429, "LimitExceededException"), (200, ""))
    ApiGatewayConnections(api.client).post("c1", b"{}")
    assert len(api.requests) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize("closed", [(204, ""), (410, "GoneException"), (403, "ForbiddenException")])
def test_a_client_that_reads_too_slowly_is_told_by_closing_its_connection(closed: tuple[int, str]) -> None:
    api = Api((429, "LimitExceededException"), (429, "LimitExceededException"), closed)
    with pytest.raises(Disconnected) as failed:
        ApiGatewayConnections(api.client).post("c1", b"{}")
    assert failed.value.cause == "LimitExceededException"
    assert [method for method, _, _ in api.requests] == ["POST", "POST", "DELETE"]


@pytest.mark.parametrize("answer", [(500, "InternalServerErrorException"), (403, "ForbiddenException")])
def test_a_connection_that_never_takes_it_counts_as_gone(answer: tuple[int, str]) -> None:
    api = Api(*[answer] * 2)
    with pytest.raises(Disconnected) as failed:
        ApiGatewayConnections(api.client).post("c1", b"{}")
    assert failed.value.cause == answer[1]


def test_so_does_an_api_that_does_not_answer() -> None:
    api = Api(*[ReadTimeoutError(endpoint_url="https://ws.test")] * 2)
    with pytest.raises(Disconnected, match="ReadTimeoutError") as failed:
        ApiGatewayConnections(api.client).post("c1", b"{}")
    assert failed.value.cause == "ReadTimeoutError"


def test_a_frame_that_is_too_large_is_a_mistake_of_ours() -> None:
    api = Api((413, "PayloadTooLargeException"))
    with pytest.raises(ValueError, match="5 bytes"):
        ApiGatewayConnections(api.client).post("c1", b"12345")
