"""The contract of `PlayerStore.erase`: nothing of a player is left, whatever arrives before, during or after it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest

from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.errors import StoreUnavailable
from npcops.memory import Branch, Memory, RememberedTurn, Save, Snapshot, Standing, Summary, WorldState
from npcops.turn_ids import began
from npcops.turn_ports import PlayerStore
from tests.contracts.player_samples import KING, MAIN, folded, forked, tell, told
from tests.resources import Resources


class Intruding:
    """A DynamoDB client during one of whose calls somebody else acts."""

    def __init__(self, client: Any, call: str, act: Callable[[], object]) -> None:
        self._client, self._call, self._act = client, call, act

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name != self._call:
            return found

        def call(**request: Any) -> Any:
            self._act()
            return found(**request)

        return call


@pytest.fixture
def players(resources: Resources) -> DynamoPlayers:
    return DynamoPlayers(resources.dynamodb, resources.name("players"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def at(number: int) -> str:
    """A turn id `number` milliseconds into an hour that has begun."""
    return f"{time.time_ns() // 1_000_000 - 3_600_000 + number:012x}0123456789"


def spoken(turn_id: str) -> dict[str, RememberedTurn]:
    return {"mira": RememberedTurn(turn_id, "Who rules?", "The king.", KING)}


def of_king(turn_id: str) -> Memory:
    return Memory((Summary("The king rules.", KING),), turn_id)


def made(name: str, turn_id: str) -> Save:
    return Save(name, (Branch(f"main~{turn_id}"),), 1)


def kept(name: str, turn_id: str) -> Snapshot:
    return Snapshot(name, "main", MAIN, WorldState(("war",)), began(turn_id))


def test_erasing_removes_everything_and_says_what(resources: Resources, players: PlayerStore, title: str) -> None:
    texts = [str(number) for number in range(60)]
    tell(players, title, "ann", "mira", "main", *texts)
    tell(players, title, "ann", "otto", "two", "a", start=70)
    both = {"mira": spoken(at(0))["mira"], "otto": spoken(at(0))["mira"]}
    players.append_turn(title, "ann", "main", both, ttl_days=1)
    tell(players, title, "ann#2", "mira", "main", "stays")
    players.set_world(title, "ann", WorldState(("war",)))
    for number, facts in ((0, 0), (3, 2), (5, 3)):
        players.keep_memory(title, "ann", "mira", MAIN, folded(number, facts=facts), ttl_days=1)
    players.put_save(title, "ann", forked("slot", MAIN, 99))
    for name in ("before", "after"):
        players.put_snapshot(title, "ann", kept(name, at(0)))
    for sk in ("converse.app.run#0123", "reply#0123"):
        item = {"pk": {"S": f"{title}#ann"}, "sk": {"S": sk}, "data": {"S": "The king."}}
        resources.dynamodb.put_item(TableName=resources.name("players"), Item=item)

    expected = {"turns": 62, "summaries": 3, "facts": 5, "saves": 1, "snapshots": 2, "world": 1, "replies": 2}
    assert players.erase(title, "ann") == expected
    left = resources.items("players", pk=f"{title}#ann")
    assert [item["sk"]["S"] for item in left] == ["erased"]
    assert int(left[0]["expires_at"]["N"]) < time.time() + 2 * 86400
    assert told(players, title, "ann#2") == ["stays"]


def test_erasing_a_player_nobody_knows_removes_nothing(players: PlayerStore, title: str) -> None:
    assert players.erase(title, "nobody") == {}
    assert players.erase(title, "nobody") == {}


def test_what_began_before_an_erasure_leaves_nothing(resources: Resources, players: PlayerStore, title: str) -> None:
    turn_id = at(0)
    players.append_turn(title, "ann", "main", spoken(turn_id), ttl_days=1)
    players.erase(title, "ann")
    players.append_turn(title, "ann", "main", spoken(turn_id), ttl_days=1)
    assert players.keep_memory(title, "ann", "mira", MAIN, of_king(turn_id), ttl_days=1) is False
    assert players.put_save(title, "ann", made("slot", turn_id), WorldState(("war",))) is False
    players.put_snapshot(title, "ann", kept("before", turn_id))
    assert [item["sk"]["S"] for item in resources.items("players", pk=f"{title}#ann")] == ["erased"]


def test_a_player_who_was_erased_can_be_remembered_anew(players: PlayerStore, title: str) -> None:
    players.erase(title, "ann")
    turn_id, war = at(3_700_000), WorldState(("war",))
    players.append_turn(title, "ann", "main", spoken(turn_id), ttl_days=1)
    assert players.keep_memory(title, "ann", "mira", MAIN, of_king(turn_id), ttl_days=1) is True
    assert players.put_save(title, "ann", made("slot", turn_id), war) is True
    players.put_snapshot(title, "ann", kept("after", turn_id))
    assert players.recent(title, "ann", "mira", MAIN, 9) == (of_king(turn_id), [])
    assert players.standing(title, "ann", "slot") == Standing(war, made("slot", turn_id))
    assert players.snapshot(title, "ann", "after") == kept("after", turn_id)


@pytest.mark.parametrize("call", ["query", "batch_write_item"])
def test_what_arrives_in_the_middle_of_an_erasure_leaves_nothing(
    resources: Resources, players: PlayerStore, title: str, call: str
) -> None:
    turn_id = at(0)
    players.append_turn(title, "ann", "main", spoken(turn_id), ttl_days=1)

    def arrive() -> None:
        players.append_turn(title, "ann", "main", spoken(at(1)), ttl_days=1)
        players.keep_memory(title, "ann", "mira", MAIN, of_king(turn_id), ttl_days=1)
        players.put_save(title, "ann", made("slot", at(1)), WorldState(("war",)))
        players.put_snapshot(title, "ann", kept("before", at(1)))

    eraser = DynamoPlayers(Intruding(resources.dynamodb, call, arrive), resources.name("players"))
    eraser.erase(title, "ann")
    assert [item["sk"]["S"] for item in resources.items("players", pk=f"{title}#ann")] == ["erased"]


def test_an_erasure_that_cannot_finish_says_so(resources: Resources, players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a")

    class Throttled(Intruding):
        def batch_write_item(self, **request: Any) -> dict[str, Any]:
            return {"UnprocessedItems": request["RequestItems"]}

    eraser = DynamoPlayers(Throttled(resources.dynamodb, "", lambda: None), resources.name("players"))
    with pytest.raises(StoreUnavailable, match="erase the player again"):
        eraser.erase(title, "ann")
    assert players.erase(title, "ann") == {"turns": 1}


def test_a_world_state_that_an_erasure_overtakes_does_not_come_back(resources: Resources, title: str) -> None:
    players = DynamoPlayers(resources.dynamodb, resources.name("players"))
    slow: Any = Intruding(resources.dynamodb, "transact_write_items", lambda: erased(players, title))
    DynamoPlayers(slow, resources.name("players")).set_world(title, "ann", WorldState(("late",)))
    assert players.world(title, "ann") == WorldState()


def erased(players: DynamoPlayers, title: str) -> None:
    """Erase, in a moment that is later than whatever is under way."""
    time.sleep(0.005)
    players.erase(title, "ann")
