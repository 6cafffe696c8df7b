"""The contract of `AnswerStore`: what is kept comes back as it was, newest first, until it expires."""

from __future__ import annotations

import secrets
import time

import msgspec
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from npcops import vectors
from npcops.adapters.dynamo_answers import DynamoAnswers
from npcops.answers import Answer
from npcops.dialogue import Speech, Usage
from npcops.errors import StoreUnavailable
from npcops.lore import Gate
from npcops.turn_ports import AnswerStore
from tests.resources import Resources
from tests.shelves import Shelves

KING = Gate(frozenset({"met-king"}), frozenset({"exiled"}), frozenset({"mira", "otto"}))
TEN = Answer(
    message="5ca1ab1e",
    gist="f00d",
    vector=vectors.pack([0.1, -0.7, 0.0]),
    given=("a1", "b2"),
    gate=KING,
    speech=Speech("Zehn Späne, 旅人.", "warm", citations=("a1",)),
    usage=Usage(900, 40, 300, 0.00115, 870),
    model="model-1",
)


@pytest.fixture
def table(resources: Resources) -> DynamoAnswers:
    return DynamoAnswers(resources.dynamodb, resources.name("answers"))


@pytest.fixture(params=["dynamodb", "memory"])
def answers(request: pytest.FixtureRequest, table: DynamoAnswers) -> AnswerStore:
    return table if request.param == "dynamodb" else Shelves()


@pytest.fixture
def shelf() -> str:
    return secrets.token_hex(24)


def saying(say: str) -> Answer:
    return msgspec.structs.replace(TEN, speech=Speech(say))


def test_an_answer_comes_back_as_it_was(answers: AnswerStore, shelf: str) -> None:
    answers.add(shelf, TEN, 60)
    assert answers.newest(shelf, 5) == [TEN]


def test_an_answer_to_what_was_not_searched_has_no_vector(answers: AnswerStore, shelf: str) -> None:
    bare = msgspec.structs.replace(TEN, gist="", vector=b"", given=(), gate=Gate())
    answers.add(shelf, bare, 60)
    assert answers.newest(shelf, 5) == [bare]


def test_an_empty_shelf_has_nothing(answers: AnswerStore, shelf: str) -> None:
    assert answers.newest(shelf, 5) == []


def test_shelves_are_apart(answers: AnswerStore, shelf: str) -> None:
    answers.add(shelf, TEN, 60)
    assert answers.newest(shelf[:-1], 5) == answers.newest(f"{shelf}0", 5) == []


def test_the_newest_come_first_and_no_more_than_wanted(answers: AnswerStore, shelf: str) -> None:
    for number in range(4):
        answers.add(shelf, saying(str(number)), 60)
        time.sleep(0.002)
    assert [answer.speech.say for answer in answers.newest(shelf, 3)] == ["3", "2", "1"]


def test_what_has_expired_is_not_found(answers: AnswerStore, shelf: str) -> None:
    answers.add(shelf, TEN, -5)
    answers.add(shelf, saying("New."), 60)
    assert [answer.speech.say for answer in answers.newest(shelf, 5)] == ["New."]


def test_two_answers_of_one_moment_are_both_kept(
    answers: AnswerStore, shelf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    for number in range(3):
        answers.add(shelf, saying(str(number)), 60)
    assert {answer.speech.say for answer in answers.newest(shelf, 5)} == {"0", "1", "2"}


def test_what_has_expired_is_not_found_even_if_it_is_still_there(
    resources: Resources, table: DynamoAnswers, shelf: str
) -> None:
    table.add(shelf, TEN, -5)
    assert len(resources.items("answers", pk=shelf)) == 1
    assert table.newest(shelf, 5) == []


def test_it_expires_when_it_should(resources: Resources, table: DynamoAnswers, shelf: str) -> None:
    table.add(shelf, TEN, 600)
    (item,) = resources.items("answers", pk=shelf)
    assert float(item["expires_at"]["N"]) - time.time() == pytest.approx(600, abs=20)


class Failing:
    """A DynamoDB client that does not answer."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def query(self, **request: object) -> None:
        raise self._error

    put_item = query


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "Query"),
        ReadTimeoutError(endpoint_url="https://dynamodb.example"),
    ],
)
def test_a_table_that_does_not_answer_is_told(error: Exception) -> None:
    answers = DynamoAnswers(Failing(error), "answers")
    with pytest.raises(StoreUnavailable):
        answers.newest("shelf", 5)
    with pytest.raises(StoreUnavailable):
        answers.add("shelf", TEN, 60)
