"""Calls with an Idempotency-Key: done once per player, key and body, and erased with the player."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

import npcops.once
from npcops.adapters import dynamodb
from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.dialogue import Usage
from npcops.errors import Conflict, ModelUnavailable, StoreUnavailable
from npcops.once import once
from tests.calls import Context
from tests.resources import Resources

CANARY = "zanzibar-quince"


@pytest.fixture(autouse=True)
def table(moto_resources: Resources, monkeypatch: pytest.MonkeyPatch) -> Resources:
    monkeypatch.setenv("PLAYERS_TABLE", moto_resources.name("players"))
    return moto_resources


class Work:
    """Counts how often it is done."""

    def __init__(self, act: Callable[[], Any] = lambda: None) -> None:
        self.done, self._act = 0, act

    def __call__(self) -> Any:
        self.done += 1
        self._act()
        return {"say": f"Answer {self.done}.", "usage": Usage(1, 2)}


def do(title: str, work: Work, player: str = "ann", key: str = "k1", body: str = "/path {}") -> Any:
    return once(title, player, key, body, Context(), work)


def test_the_same_call_again_gets_the_first_answer(title: str) -> None:
    work = Work()
    answers = [do(title, work) for _ in range(3)]
    assert work.done == 1
    assert answers[0]["say"] == "Answer 1."
    assert answers[0]["usage"]["output_tokens"] == 2
    assert answers == [answers[0]] * 3


@pytest.mark.parametrize("changes", [{"key": "k2"}, {"player": "bob"}, {"player": "ann#k1"}])
def test_other_keys_and_players_are_other_calls(title: str, changes: dict[str, str]) -> None:
    work = Work()
    do(title, work)
    do(title, work, **changes)
    do(f"{title}-2", work)
    assert work.done == 3


def test_the_same_key_with_another_body_is_a_conflict(title: str) -> None:
    work = Work()
    do(title, work)
    with pytest.raises(Conflict, match="another body"):
        do(title, work, body="/path {} ")
    assert work.done == 1


def test_a_call_while_the_first_is_under_way_is_a_conflict(title: str) -> None:
    def again() -> None:
        with pytest.raises(Conflict, match="still"):
            do(title, inner)

    inner, outer = Work(), Work(again)
    do(title, outer)
    assert (outer.done, inner.done) == (1, 0)


def test_a_call_that_failed_can_be_repeated(title: str) -> None:
    def fail() -> None:
        raise ModelUnavailable("Busy.")

    with pytest.raises(ModelUnavailable, match="Busy"):
        do(title, Work(fail))
    assert do(title, Work())["say"] == "Answer 1."


def test_records_expire(table: Resources, title: str) -> None:
    do(title, Work())
    (record,) = table.items("players", pk=f"{title}#ann")
    assert "N" in record["expires_at"]


def test_erasing_the_player_erases_the_answers(table: Resources, title: str) -> None:
    do(title, Work())
    players = DynamoPlayers(table.dynamodb, table.name("players"))
    assert players.erase(title, "ann") == {"replies": 1}
    work = Work()
    do(title, work)
    assert work.done == 1


def test_an_answer_given_during_an_erasure_is_not_kept(table: Resources, title: str) -> None:
    players = DynamoPlayers(table.dynamodb, table.name("players"))
    answer = do(title, Work(lambda: players.erase(title, "ann") and None))
    assert answer["say"] == "Answer 1."
    assert [item["sk"]["S"] for item in table.items("players", pk=f"{title}#ann")] == ["erased"]


def test_a_table_that_does_not_answer_is_unavailable(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        exceptions = dynamodb.client().exceptions

        def __getattr__(self, name: str) -> Any:
            def call(**_: Any) -> Any:
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": CANARY}}, "PutItem")

            return call

    monkeypatch.setattr(npcops.once, "quick_client", Broken)
    work = Work()
    with pytest.raises(StoreUnavailable) as error:
        do(title, work)
    assert work.done == 0
    assert CANARY not in str(error.value)


class Failing:
    """A client whose table no longer answers once a call is under way."""

    def __init__(self) -> None:
        self._client = dynamodb.quick_client()
        self.exceptions = self._client.exceptions

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            raise ReadTimeoutError(endpoint_url="https://table.test")

        return self._client.put_item if name == "put_item" else call


def test_an_answer_that_cannot_be_kept_is_given(
    title: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(npcops.once, "quick_client", Failing)
    answer = do(title, Work())
    assert (answer["say"], answer["usage"]["output_tokens"]) == ("Answer 1.", 2)
    assert "answer not kept for its Idempotency-Key" in caplog.messages


def test_a_failure_whose_record_cannot_be_removed_is_told(title: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ModelUnavailable("Busy.")

    monkeypatch.setattr(npcops.once, "quick_client", Failing)
    with pytest.raises(ModelUnavailable, match="Busy"):
        do(title, Work(fail))
