"""Toxicity: the adapter on Comprehend's API, within its limits, and on refusals as AWS words them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.adapters.comprehend import SEGMENT_BYTES, SEGMENTS, ComprehendToxicity
from npcops.errors import ModelFailed, ModelUnavailable

SECRET = "zanzibar-quince"


class Limits:
    """A client that holds requests to the limits of the API, and answers with a toxicity by what it reads."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def detect_toxic_content(self, **request: Any) -> dict[str, Any]:
        texts = [segment["Text"] for segment in request.pop("TextSegments")]
        assert request == {"LanguageCode": "en"}
        assert 1 <= len(texts) <= SEGMENTS
        assert all(0 < len(text.encode()) <= SEGMENT_BYTES for text in texts)
        self.calls.append(texts)
        return {"ResultList": [{"Toxicity": 0.9 if "villain" in text else 0.1, "Labels": []} for text in texts]}


@pytest.fixture
def aws() -> Iterator[tuple[Any, Stubber]]:
    client: Any = boto3.client(
        "comprehend",
        endpoint_url="http://127.0.0.1:9",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with Stubber(client) as stubber:
        yield client, stubber


def asked(client: Any, *texts: str, language: str = "en") -> list[float | None]:
    return ComprehendToxicity(client).toxicity(texts, language)


def test_the_request_and_the_answer_are_those_of_the_api(aws: tuple[Any, Stubber]) -> None:
    client, stubber = aws
    expected = {"TextSegments": [{"Text": "You villain."}, {"Text": "Well met."}], "LanguageCode": "en"}
    labels = [{"Name": "INSULT", "Score": 0.93}]
    answer = {"ResultList": [{"Labels": labels, "Toxicity": 0.81}, {"Labels": [], "Toxicity": 0.02}]}
    stubber.add_response("detect_toxic_content", answer, expected)
    assert asked(client, "You villain.", "Well met.") == [pytest.approx(0.81), pytest.approx(0.02)]
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("language", ["de", "ja", "", "eng"])
def test_only_english_is_read(language: str) -> None:
    limits = Limits()
    assert asked(limits, "You villain.", language=language) == [None]
    assert limits.calls == []


def test_english_is_read_whatever_its_country() -> None:
    assert asked(Limits(), "You villain.", "Well met.", language="en-GB") == [0.9, 0.1]


def test_many_texts_are_more_calls() -> None:
    limits = Limits()
    assert asked(limits, *(["Well met."] * 23)) == [0.1] * 23
    assert [len(call) for call in limits.calls] == [10, 10, 3]


def test_a_long_text_is_as_toxic_as_its_worst_part() -> None:
    assert asked(Limits(), "well met " * 400 + "villain", "well met") == [0.9, 0.1]


def test_an_empty_text_is_neither_sent_nor_judged() -> None:
    limits = Limits()
    assert asked(limits, "", "  ", "Well met.") == [None, None, 0.1]
    assert limits.calls == [["Well met."]]
    assert asked(limits) == []


@settings(deadline=None)
@given(st.lists(st.text(max_size=1500), max_size=14))
def test_no_text_is_beyond_the_limits_and_none_is_lost(texts: list[str]) -> None:
    limits = Limits()
    found = asked(limits, *texts)
    assert [toxicity is None for toxicity in found] == [not text.strip() for text in texts]
    sent = "".join("".join(call) for call in limits.calls)
    assert "".join(sent.split()) == "".join("".join(texts).split())


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ThrottlingException", 400, ModelUnavailable),
        ("TooManyRequestsException", 400, ModelUnavailable),
        ("InternalServerException", 500, ModelUnavailable),
        ("TextSizeLimitExceededException", 400, ModelFailed),
        ("UnsupportedLanguageException", 400, ModelFailed),
        ("InvalidRequestException", 400, ModelFailed),
        ("AccessDeniedException", 400, ModelFailed),
    ],
)
def test_errors_of_aws_are_those_of_models_and_quote_nothing(
    aws: tuple[Any, Stubber], code: str, status: int, error: type[Exception]
) -> None:
    client, stubber = aws
    stubber.add_client_error("detect_toxic_content", code, f"Invalid: {SECRET}", status)
    with pytest.raises(error, match=code) as raised:
        asked(client, SECRET)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "failure",
    [
        ReadTimeoutError(endpoint_url="http://x"),
        ConnectTimeoutError(endpoint_url="http://x"),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
)
def test_a_service_that_is_not_there_is_unavailable(failure: Exception) -> None:
    class Away:
        def detect_toxic_content(self, **_: Any) -> Any:
            raise failure

    with pytest.raises(ModelUnavailable):
        asked(Away(), "Well met.")


@pytest.mark.parametrize(
    "results", [[], [{"Labels": []}], [{"Toxicity": 0.1}, {"Toxicity": 0.2}], [{"Toxicity": "0.1"}]]
)
def test_an_answer_that_does_not_fit_the_request_is_a_failure(results: list[Any]) -> None:
    class Odd:
        def detect_toxic_content(self, **_: Any) -> Any:
            return {"ResultList": results}

    with pytest.raises(ModelFailed):
        asked(Odd(), "Well met.")
