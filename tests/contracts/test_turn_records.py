"""Records of streamed turns: replaced only by those who know them, and gone with their player for good."""

from __future__ import annotations

import os
import secrets
import time

import msgspec
import pytest

from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.dynamo_turns import DynamoTurns
from npcops.adapters.player_table import partition
from npcops.dialogue import TurnRecord, TurnRequest
from npcops.turn_ids import new_turn_id
from npcops.turn_ports import TurnRecords
from tests.resources import Resources
from tests.streams import Records, turn


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


@pytest.fixture(params=["memory", *(["moto", "cloud"] if os.environ.get("NPCOPS_TEST_CLOUD_URL") else ["moto"])])
def records(request: pytest.FixtureRequest) -> TurnRecords:
    if request.param == "memory":
        return Records()
    resources: Resources = request.getfixturevalue(f"{request.param}_resources")
    return DynamoTurns(resources.client("dynamodb"), resources.name("players"))


def record(**changes: object) -> TurnRecord:
    made = TurnRecord(new_turn_id(), "mira", TurnRequest("Wer bist du?", save="two"), "s1", time.time() + 30)
    return msgspec.structs.replace(made, **changes)


def ended(before: TurnRecord) -> TurnRecord:
    return msgspec.structs.replace(before, state="finished", turn=turn(before.turn_id, "Ein Müller."))


def test_a_record_is_found_as_it_was_kept(records: TurnRecords, title: str) -> None:
    made = record()
    assert records.find(title, "ann", made.turn_id) is None
    records.begin(title, "ann", made)
    assert records.find(title, "ann", made.turn_id) == made
    assert records.find(title, "bob", made.turn_id) is None
    assert records.find(f"{title}-2", "ann", made.turn_id) is None


def test_the_end_of_a_turn_is_found_too(records: TurnRecords, title: str) -> None:
    made = record()
    records.begin(title, "ann", made)
    assert records.replace(title, "ann", made, ended(made))
    assert records.find(title, "ann", made.turn_id) == ended(made)


def test_a_turn_begins_once(records: TurnRecords, title: str) -> None:
    made = record()
    records.begin(title, "ann", made)
    records.replace(title, "ann", made, ended(made))
    records.begin(title, "ann", made)
    assert records.find(title, "ann", made.turn_id) == ended(made)


def test_only_one_takes_over_a_stopped_turn(records: TurnRecords, title: str) -> None:
    stopped = record(state="stopped")
    records.begin(title, "ann", stopped)
    takers = [msgspec.structs.replace(stopped, speaker=name, state="speaking") for name in ("s2", "s3")]
    assert [records.replace(title, "ann", stopped, taker) for taker in takers] == [True, False]
    assert records.find(title, "ann", stopped.turn_id) == takers[0]


def test_who_was_taken_for_dead_ends_nothing(records: TurnRecords, title: str) -> None:
    made = record()
    records.begin(title, "ann", made)
    taker = msgspec.structs.replace(made, speaker="s2")
    assert records.replace(title, "ann", made, taker)
    assert not records.replace(title, "ann", made, ended(made))
    assert records.find(title, "ann", made.turn_id) == taker


def test_who_ended_in_time_is_not_taken_over(records: TurnRecords, title: str) -> None:
    made = record(until=time.time() - 1)
    records.begin(title, "ann", made)
    records.replace(title, "ann", made, ended(made))
    assert not records.replace(title, "ann", made, msgspec.structs.replace(made, speaker="s2"))


def test_an_erased_player_s_turn_is_gone_and_stays_so(resources: Resources, title: str) -> None:
    client, table = resources.client("dynamodb"), resources.name("players")
    records, players = DynamoTurns(client, table), DynamoPlayers(client, table)
    under_way, made = new_turn_id(), record()
    records.begin(title, "ann", made)
    time.sleep(0.002)
    assert sum(players.erase(title, "ann").values()) == 1
    assert not records.replace(title, "ann", made, ended(made))
    records.begin(title, "ann", record(turn_id=under_way))
    for turn_id in (made.turn_id, under_way):
        assert records.find(title, "ann", turn_id) is None
    time.sleep(0.002)
    after = record()
    records.begin(title, "ann", after)
    assert records.find(title, "ann", after.turn_id) == after


def test_a_record_lives_an_hour(resources: Resources, title: str) -> None:
    client, table = resources.client("dynamodb"), resources.name("players")
    made = record()
    DynamoTurns(client, table).begin(title, "ann", made)
    key = {"pk": {"S": partition(title, "ann")}, "sk": {"S": f"reply#{made.turn_id}"}}
    item = client.get_item(TableName=table, Key=key)["Item"]
    assert 3500 < int(item["expires_at"]["N"]) - time.time() <= 3600


def test_a_record_that_dynamodb_has_not_deleted_yet_is_gone_after_its_hour(resources: Resources, title: str) -> None:
    client, table = resources.client("dynamodb"), resources.name("players")
    records, made = DynamoTurns(client, table), record()
    records.begin(title, "ann", made)
    key = {"pk": {"S": partition(title, "ann")}, "sk": {"S": f"reply#{made.turn_id}"}}
    item = client.get_item(TableName=table, Key=key)["Item"]
    client.put_item(TableName=table, Item={**item, "expires_at": {"N": str(int(time.time()) - 1)}})
    assert records.find(title, "ann", made.turn_id) is None
