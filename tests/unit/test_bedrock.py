"""Calls to Bedrock: replies, and what becomes of every failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from npcops.adapters.bedrock import BedrockChat, BedrockEmbeddings, runtime_client
from npcops.errors import ModelFailed, ModelUnavailable
from npcops.model_calls import Message, Prompt, Tool
from tests.bedrock_wire import Answer, converse_answer, http, refusal, tool_use, wired

SECRET = "the player's own words"
TOOL = Tool("speak", "Speaks.", {"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"]})
PROMPT = Prompt("You are Mira.", "", (Message("user", SECRET),), TOOL)
MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
MINILM = "sentence-transformers.all-minilm-l6-v2"


def test_a_reply_has_the_tools_input_and_what_it_cost() -> None:
    client, wire = wired(converse_answer(tool_use({"say": "Aye."}), stop_reason="tool_use"))
    reply = BedrockChat(client, MODEL).reply(PROMPT)
    assert (reply.tool_input, reply.stop_reason, reply.model) == ({"say": "Aye."}, "tool_use", MODEL)
    assert reply.usage.cost_usd == pytest.approx((100 * 1.0 + 10 * 5.0) / 1e6)
    assert reply.usage.ms >= 0
    assert [call[:2] for call in wire.calls] == [("Converse", MODEL)]


def test_the_model_of_a_call_takes_the_place_of_the_default() -> None:
    client, wire = wired(converse_answer({"text": '{"say": "Aye."}'}))
    arn = "arn:aws:bedrock:eu-west-1:111122223333:custom-model-deployment/abcdefghijkl"
    assert BedrockChat(client, MODEL).reply(PROMPT, f"{LLAMA}@{arn}").tool_input == {"say": "Aye."}
    assert wire.calls[0][1] == arn


def test_an_unknown_model_is_never_called() -> None:
    client, wire = wired(converse_answer({"text": "Aye."}))
    with pytest.raises(ModelFailed, match="acme"):
        BedrockChat(client, MODEL).reply(PROMPT, "acme.talk")
    assert wire.calls == []


PASSING = [
    refusal("ThrottlingException", 429, SECRET),
    refusal("ServiceQuotaExceededException", 400, SECRET),
    refusal("ModelNotReadyException", 429),
    refusal("ServiceUnavailableException", 503),
    refusal("InternalServerException", 500),
    refusal("ModelTimeoutException", 408),
    http(502, b"<html>Bad gateway</html>"),
    ReadTimeoutError(endpoint_url="https://bedrock"),
    ConnectTimeoutError(endpoint_url="https://bedrock"),
    EndpointConnectionError(endpoint_url="https://bedrock"),
    ConnectionClosedError(endpoint_url="https://bedrock"),
]
FINAL = [
    refusal("ValidationException", 400, SECRET),
    refusal("AccessDeniedException", 403),
    refusal("ResourceNotFoundException", 404),
    refusal("ModelErrorException", 424, SECRET),
    refusal("UnrecognizedClientException", 403),
    NoCredentialsError(),
]


@pytest.mark.parametrize(
    ("answer", "error"),
    [(answer, ModelUnavailable) for answer in PASSING] + [(answer, ModelFailed) for answer in FINAL],
)
@pytest.mark.parametrize("call", ["reply", "stream", "embed"])
def test_every_failure_says_whether_it_may_pass_and_nothing_of_the_request(
    call: str, answer: Any, error: type[Exception]
) -> None:
    def again(*_: Any) -> Any:
        if hasattr(answer, "raw"):
            answer.raw.seek(0)
        return answer

    client, _ = wired(again)
    model = MINILM if call == "embed" else MODEL
    ways: dict[str, Callable[[], Any]] = {
        "reply": lambda: BedrockChat(client, model).reply(PROMPT),
        "stream": lambda: list(BedrockChat(client, model).stream(PROMPT)),
        "embed": lambda: BedrockEmbeddings(client, model).embed_queries([SECRET]),
    }
    with pytest.raises(error) as caught:
        ways[call]()
    assert type(caught.value) is error
    assert model in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_refusal_names_its_code_and_request() -> None:
    client, _ = wired(refusal("ThrottlingException", 429))
    with pytest.raises(ModelUnavailable, match="ThrottlingException, request request-1"):
        BedrockChat(client, MODEL).reply(PROMPT)


def test_a_request_that_botocore_refuses_is_final_and_not_quoted() -> None:
    client, wire = wired(converse_answer({"text": "Aye."}))
    broken = Prompt(system="", context="", messages=(Message("user", SECRET),), max_tokens=0)
    with pytest.raises(ModelFailed, match="ParamValidationError") as caught:
        BedrockChat(client, MODEL).reply(broken)
    assert SECRET not in str(caught.value)
    assert wire.calls == []


def test_botocore_tries_again_when_a_failure_may_pass() -> None:
    answers: Iterator[Answer] = iter([refusal("ThrottlingException", 429), converse_answer({"text": "Aye."})])
    client, wire = wired(lambda *_: next(answers), attempts=2)
    assert BedrockChat(client, MODEL).reply(PROMPT).text == "Aye."
    assert len(wire.calls) == 2


@pytest.mark.parametrize(("read_timeout", "attempts"), [(29.0, 1), (14.0, 2), (8.0, 3), (0.5, 9)])
def test_defect_11_no_call_can_last_beyond_the_api(read_timeout: float, attempts: int) -> None:
    with pytest.raises(ValueError, match="beyond 29"):
        runtime_client(1.0, read_timeout, attempts)
    config: Any = runtime_client(1.0, read_timeout, attempts, limit=900.0).meta.config
    assert config.read_timeout == read_timeout


def test_the_default_client_is_bounded_and_keeps_its_connections() -> None:
    config: Any = runtime_client().meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < 29
    assert config.retries["mode"] == "standard"
    assert config.tcp_keepalive
