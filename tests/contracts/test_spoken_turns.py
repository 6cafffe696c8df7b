"""The contract of `SpokenTurns`: what is kept of turns goes when it expires, and when its player does."""

from __future__ import annotations

import secrets
import time
from typing import Any

import msgspec
import pytest

from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.dynamo_spoken import DynamoSpoken
from npcops.adapters.dynamo_turns import DynamoTurns
from npcops.adapters.player_table import partition
from npcops.dialogue import TurnRecord, TurnRequest
from npcops.errors import StoreUnavailable
from npcops.memory import RememberedTurn
from npcops.turn_ids import new_turn_id
from tests.opinions import given, spoken
from tests.resources import Lagging, Resources


@pytest.fixture
def turns(resources: Resources) -> DynamoSpoken:
    return DynamoSpoken(resources.dynamodb, resources.name("players"))


@pytest.fixture
def players(resources: Resources) -> DynamoPlayers:
    return DynamoPlayers(resources.dynamodb, resources.name("players"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def expire(resources: Resources, title: str, sk: str) -> None:
    """What has expired and was not deleted yet."""
    resources.dynamodb.update_item(
        TableName=resources.name("players"),
        Key={"pk": {"S": partition(title, "ann")}, "sk": {"S": sk}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )


def test_a_turn_is_found_as_it_was_spoken_and_by_its_player_only(resources: Resources, title: str) -> None:
    turns = DynamoSpoken(Lagging(resources.dynamodb), resources.name("players"))
    made = spoken(message="Wer regiert? 你好", flags=("met-king",), player_name="Änne")
    turns.keep(title, "ann", made, 30)
    assert turns.find(title, "ann", made.turn.turn_id) == made
    assert turns.find(title, "bob", made.turn.turn_id) is None
    assert turns.find(f"{title}-2", "ann", made.turn.turn_id) is None


def test_a_turn_can_be_kept_with_what_is_remembered_of_it(
    resources: Resources, turns: DynamoSpoken, players: DynamoPlayers, title: str
) -> None:
    made = spoken()
    remembered = {"mira": RememberedTurn(made.turn.turn_id, made.message, made.turn.say)}
    players.append_turn(title, "ann", "main", remembered, 90, made, 7)
    assert turns.find(title, "ann", made.turn.turn_id) == made
    items = {item["sk"]["S"].split("#")[0]: item for item in resources.items("players", pk=partition(title, "ann"))}
    days = {name: (int(item["expires_at"]["N"]) - time.time()) / 86400 for name, item in items.items()}
    assert days == {
        "turn": pytest.approx(90, abs=0.1),
        "talk": pytest.approx(90, abs=0.1),
        "spoken": pytest.approx(7, abs=0.1),
    }


def test_a_turn_that_has_expired_is_gone_even_before_it_is_deleted(
    resources: Resources, turns: DynamoSpoken, title: str
) -> None:
    made = spoken()
    turns.keep(title, "ann", made, 30)
    expire(resources, title, f"spoken#{made.turn.turn_id}")
    assert turns.find(title, "ann", made.turn.turn_id) is None
    assert turns.rate(title, "ann", made.turn.turn_id, given()) is False


def test_a_turn_spoken_anew_is_found_by_the_id_that_its_client_knows(
    resources: Resources, turns: DynamoSpoken, title: str
) -> None:
    made = spoken()
    turns.keep(title, "ann", made, 30)
    announced = TurnRecord(new_turn_id(), "mira", TurnRequest("Who?"), "s1", time.time(), kept_as=made.turn.turn_id)
    DynamoTurns(resources.dynamodb, resources.name("players")).begin(title, "ann", announced)
    assert turns.find(title, "ann", announced.turn_id) == made
    assert turns.find(title, "bob", announced.turn_id) is None


def test_a_rater_has_one_rating_of_a_turn_the_newest(turns: DynamoSpoken, title: str) -> None:
    made = spoken()
    turn_id = made.turn.turn_id
    turns.keep(title, "ann", made, 30)
    for number, (score, by, scope) in enumerate([(1, "ada", "studio"), (2, "ada", "player"), (5, "ada", "studio")]):
        one = given(score, by, scope, at=f"2026-11-20T12:00:0{number}.000+00:00", comment="Märchen")
        assert turns.rate(title, "ann", turn_id, one) is True
    found = [(one.rating.score, one.scope) for one in turns.ratings(title, "ann", turn_id)]
    assert found == [(2, "player"), (5, "studio")]
    assert turns.ratings(title, "ann", new_turn_id()) == []


@pytest.mark.parametrize("by", ["a#b", "x" * 2000, "安娜", ""])
def test_raters_may_be_called_anything(turns: DynamoSpoken, title: str, by: str) -> None:
    made = spoken()
    turns.keep(title, "ann", made, 30)
    assert turns.rate(title, "ann", made.turn.turn_id, given(by=by))
    assert [one.by for one in turns.ratings(title, "ann", made.turn.turn_id)] == [by]


def test_what_was_never_spoken_cannot_be_rated(turns: DynamoSpoken, title: str) -> None:
    assert turns.rate(title, "ann", new_turn_id(), given()) is False
    assert turns.ratings(title, "ann", new_turn_id()) == []


def test_ratings_expire_with_their_turn(resources: Resources, turns: DynamoSpoken, title: str) -> None:
    made = spoken()
    turns.keep(title, "ann", made, 3)
    turns.rate(title, "ann", made.turn.turn_id, given())
    assert len({item["expires_at"]["N"] for item in resources.items("players", pk=partition(title, "ann"))}) == 1


def test_an_erasure_takes_turns_and_ratings_and_lets_none_back(
    resources: Resources, turns: DynamoSpoken, players: DynamoPlayers, title: str
) -> None:
    made, late = spoken(), spoken()
    for one in (made, late):
        turns.keep(title, "ann", one, 30)
    turns.rate(title, "ann", made.turn.turn_id, given())
    time.sleep(0.005)
    assert players.erase(title, "ann") == {"spoken": 2, "ratings": 1}
    turns.keep(title, "ann", made, 30)
    assert turns.find(title, "ann", made.turn.turn_id) is None
    assert turns.rate(title, "ann", made.turn.turn_id, given()) is False
    assert [item["sk"]["S"] for item in resources.items("players", pk=partition(title, "ann"))] == ["erased"]


def test_a_rating_that_an_erasure_overtakes_is_not_kept(
    resources: Resources, turns: DynamoSpoken, players: DynamoPlayers, title: str
) -> None:
    made = spoken()
    turns.keep(title, "ann", made, 30)

    class Overtaken:
        def __getattr__(self, name: str) -> Any:
            return getattr(resources.dynamodb, name)

        def transact_write_items(self, **request: Any) -> Any:
            time.sleep(0.005)
            players.erase(title, "ann")
            return resources.dynamodb.transact_write_items(**request)

    client: Any = Overtaken()
    assert not DynamoSpoken(client, resources.name("players")).rate(title, "ann", made.turn.turn_id, given())
    assert turns.ratings(title, "ann", made.turn.turn_id) == []


def test_a_table_that_does_not_answer_is_said_to(resources: Resources, title: str) -> None:
    turns = DynamoSpoken(resources.dynamodb, "no-such-table")
    for call in (
        lambda: turns.find(title, "ann", "x"),
        lambda: turns.rate(title, "ann", "x", given()),
        lambda: turns.ratings(title, "ann", "x"),
        lambda: turns.keep(title, "ann", msgspec.structs.replace(spoken()), 1),
    ):
        with pytest.raises(StoreUnavailable):
            call()
