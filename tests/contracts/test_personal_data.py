"""Personal data: the adapter on Comprehend's API, within its limits, and with the local one behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from local.comprehend.personal import entities_of
from npcops.adapters.comprehend import ComprehendPersonalData
from npcops.errors import ModelFailed, ModelUnavailable
from npcops.personal_data import Found

SECRET = "zanzibar-quince"
LIMIT = 100 * 1024
WORD = "villain"


class Limits:
    """A client that holds requests to the limits of the API and finds a word wherever it stands."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def detect_pii_entities(self, **request: Any) -> dict[str, Any]:
        text = request.pop("Text")
        assert request["LanguageCode"] in ("en", "es")
        assert 0 < len(text.encode()) <= LIMIT
        self.calls.append(text)
        starts = [start for start in range(len(text)) if text.startswith(WORD, start)]
        return {"Entities": [entity("NAME", start, start + len(WORD)) for start in starts]}


def entity(kind: str, begin: int, end: int, score: float = 0.9) -> dict[str, Any]:
    return {"Type": kind, "BeginOffset": begin, "EndOffset": end, "Score": score}


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


def found_in(client: Any, *texts: str, language: str = "en") -> list[list[str]]:
    found = ComprehendPersonalData(client).find(texts, language)
    assert found is not None
    return [
        [text[each.begin : each.end] for each in sorted(told, key=repr)]
        for text, told in zip(texts, found, strict=True)
    ]


def test_the_request_and_the_answer_are_those_of_the_api(aws: tuple[Any, Stubber]) -> None:
    client, stubber = aws
    answer = {"Entities": [entity("EMAIL", 9, 25, 0.75)]}
    stubber.add_response("detect_pii_entities", answer, {"Text": "Write to anna@example.org", "LanguageCode": "en"})
    (found,) = ComprehendPersonalData(client).find(["Write to anna@example.org"], "en-GB") or [[]]
    assert found == [Found("EMAIL", 9, 25, 0.75)]
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("language", ["de", "ja", "", "eng", "fi-FI"])
def test_other_languages_than_english_and_spanish_are_not_read(language: str) -> None:
    limits = Limits()
    assert ComprehendPersonalData(limits).find(["Hm."], language) is None
    assert limits.calls == []


def test_many_lines_go_into_few_requests() -> None:
    limits = Limits()
    texts = [f"Line {number} tells of a villain." for number in range(3000)]
    assert found_in(limits, *texts) == [[WORD]] * 3000
    assert len(limits.calls) < 5


def test_what_is_found_in_a_long_text_stands_where_it_is() -> None:
    text = "é" * 7996 + WORD + " and " * 30_000 + WORD
    assert set(found_in(Limits(), "Hm.", text, WORD)[1]) >= {WORD}
    assert found_in(Limits(), text)[0].count(WORD) >= 2


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([WORD, "", " ", "é", "well met ", "日本" * 30]), max_size=60))
def test_every_finding_is_given_to_its_own_text(texts: list[str]) -> None:
    assert [bool(found) for found in found_in(Limits(), *texts)] == [WORD in text for text in texts]


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ThrottlingException", 400, ModelUnavailable),
        ("InternalServerException", 500, ModelUnavailable),
        ("TextSizeLimitExceededException", 400, ModelFailed),
        ("AccessDeniedException", 400, ModelFailed),
    ],
)
def test_errors_of_aws_are_those_of_models_and_quote_nothing(
    aws: tuple[Any, Stubber], code: str, status: int, error: type[Exception]
) -> None:
    client, stubber = aws
    stubber.add_client_error("detect_pii_entities", code, f"Invalid: {SECRET}", status)
    with pytest.raises(error, match=code) as raised:
        ComprehendPersonalData(client).find([SECRET], "en")
    assert SECRET not in str(raised.value)


def test_a_service_that_is_not_there_is_unavailable() -> None:
    class Away:
        def detect_pii_entities(self, **_: Any) -> Any:
            raise ReadTimeoutError(endpoint_url="http://x")

    with pytest.raises(ModelUnavailable):
        found_in(Away(), "Hm.")


@pytest.mark.parametrize(
    "answer", [{}, {"Entities": [{"Type": "EMAIL"}]}, {"Entities": [entity("EMAIL", 0, 1) | {"Score": "x"}]}]
)
def test_an_answer_in_another_shape_is_a_failure(answer: dict[str, Any]) -> None:
    class Odd:
        def detect_pii_entities(self, **_: Any) -> Any:
            return answer

    with pytest.raises(ModelFailed):
        found_in(Odd(), "Hm.")


def test_the_local_service_tells_the_same_places_by_the_same_adapter() -> None:
    class Local:
        def detect_pii_entities(self, **request: Any) -> Any:
            return {"Entities": entities_of(request["Text"])}

    texts = [
        "Well met, Tib.",
        "Write to anna@example.org, or to 12 Elm Road, Springfield.",
        "",
        "The password is salt.",
    ]
    assert found_in(Local(), *texts) == [[], ["12 Elm Road, Springfield", "anna@example.org"], [], []]
