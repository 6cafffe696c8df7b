"""The contract of `PlayerStore` for saves: lines of branches, of which what was left is never seen."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from botocore.exceptions import ClientError

from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.errors import NotFound, StoreUnavailable
from npcops.memory import Branch, Memory, Save, Snapshot, Standing, WorldState
from npcops.turn_ids import began
from npcops.turn_ports import PlayerStore
from tests.contracts.player_samples import MAIN, folded, forked, identity, said, tell, told
from tests.resources import Resources

WAR, PEACE = WorldState(("war",)), WorldState(("peace",))


@pytest.fixture
def players(resources: Resources) -> DynamoPlayers:
    return DynamoPlayers(resources.dynamodb, resources.name("players"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def snapshot(name: str, save: str = "main", until: int = 1) -> Snapshot:
    return Snapshot(name, save, (Branch("main", identity(until)),), WAR, began(identity(2**60)))


def test_a_save_that_was_never_changed_is_a_branch_of_its_name(players: PlayerStore, title: str) -> None:
    assert players.save(title, "ann", "main") == Save("main", MAIN)
    assert players.standing(title, "ann", "main") == Standing(WorldState(), Save("main", MAIN))


def test_a_save_and_the_world_are_replaced_together(players: PlayerStore, title: str) -> None:
    players.set_world(title, "ann", WAR)
    first = forked("main", [Branch("main", identity(3))], 9)
    assert players.put_save(title, "ann", first, PEACE) is True
    assert players.standing(title, "ann", "main") == Standing(PEACE, first)
    second = forked("main", [Branch("main", identity(2))], 10, revision=2)
    assert players.put_save(title, "ann", second) is True
    assert players.standing(title, "ann", "main") == Standing(PEACE, second)
    assert players.save(title, "ann", "main") == second


def test_of_two_writers_of_a_save_one_wins(players: PlayerStore, title: str) -> None:
    for revision in (1, 2, 3):
        won = forked("main", MAIN, revision, revision)
        assert players.put_save(title, "ann", won, WAR) is True
        assert players.put_save(title, "ann", forked("main", MAIN, 99, revision), PEACE) is False
        assert players.standing(title, "ann", "main") == Standing(WAR, won)
    assert players.put_save(title, "ann", forked("main", MAIN, 99, 5), PEACE) is False
    assert players.put_save(title, "ann", forked("other", MAIN, 99, 2), PEACE) is False


def test_every_save_that_was_changed_or_spoken_in_is_listed_by_name(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b")
    tell(players, title, "ann", "otto", "main", "c", start=2)
    for number in range(3, 30):
        branch = f"main~{identity(number)}"
        tell(players, title, "ann", "mira", branch, "d", start=number)
    tell(players, title, "ann", "mira", "main-2", "e", start=40)
    tell(players, title, "ann", "mira", "mainZ", "e", start=41)
    made = [forked("slot", MAIN, 50), forked("mainZ", MAIN, 51)]
    for save in made:
        players.put_save(title, "ann", save)
    tell(players, title, "bob", "mira", "bobs", "x")
    expected = [Save("main", MAIN), Save("main-2", (Branch("main-2"),)), made[1], made[0]]
    assert players.saves(title, "ann") == expected
    assert players.saves(title, "nobody") == []


def test_snapshots_are_kept_by_name(players: PlayerStore, title: str) -> None:
    for name in ("b", "a", "a-2"):
        players.put_snapshot(title, "ann", snapshot(name))
    players.put_snapshot(title, "ann", snapshot("b", "other", 7))
    assert players.snapshot(title, "ann", "b") == snapshot("b", "other", 7)
    assert players.snapshots(title, "ann") == [snapshot("a"), snapshot("a-2"), snapshot("b", "other", 7)]
    assert players.snapshots(title, "bob") == []
    with pytest.raises(NotFound):
        players.snapshot(title, "bob", "a")


def test_the_newest_turn_of_a_branch_is_that_of_any_npc(players: PlayerStore, title: str) -> None:
    assert players.newest(title, "ann", "main") == ""
    tell(players, title, "ann", "vera", "main", "a", "b")
    tell(players, title, "ann", "mira", "main", "c", start=5)
    tell(players, title, "ann", "otto", "main", "d", start=3)
    tell(players, title, "ann", "otto", "main~1", "e", start=8)
    tell(players, title, "ann", "otto", "main-2", "f", start=9)
    assert players.newest(title, "ann", "main") == identity(5)


def test_of_a_left_branch_only_what_was_before_the_point_is_seen(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c")
    tell(players, title, "ann", "mira", "main~1", "d", "e", start=5)
    tell(players, title, "ann", "mira", "main~2", "f", start=8)
    line = (Branch("main", identity(1)), Branch("main~2"))
    assert told(players, title, "ann", lineage=line) == ["a", "b", "f"]
    tell(players, title, "ann", "mira", "main", "late", start=9)
    tell(players, title, "ann", "mira", "main~1", "late", start=10)
    assert told(players, title, "ann", lineage=line) == ["a", "b", "f"]
    ended = (Branch("main", identity(1)), Branch("main~1", identity(5)))
    assert told(players, title, "ann", lineage=ended) == ["a", "b", "d"]


def test_what_others_said_much_later_elsewhere_does_not_hide_a_branch(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b")
    tell(players, title, "ann", "mira", "main~1", *map(str, range(100)), start=10)
    assert told(players, title, "ann", lineage=(Branch("main", identity(1)), Branch("main~2"))) == ["a", "b"]


def test_a_memory_is_seen_wherever_its_turns_are(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c")
    tell(players, title, "ann", "mira", "main~1", "d", "e", start=5)
    line = (Branch("main", identity(1)), Branch("main~1"))
    assert players.keep_memory(title, "ann", "mira", line, folded(0, "Of a."), ttl_days=1)
    assert players.keep_memory(title, "ann", "mira", line, folded(5, "Of a to d."), ttl_days=1)

    def recent(*lineage: Branch) -> tuple[Memory, str]:
        memory, turns = players.recent(title, "ann", "mira", lineage, 9)
        return memory, "".join(turn.player for turn in turns)

    assert recent(*line) == (folded(5, "Of a to d."), "e")
    assert recent(line[0], Branch("main~1", identity(5))) == (folded(5, "Of a to d."), "")
    assert recent(*MAIN) == (folded(0, "Of a."), "bc")
    assert recent(line[0], Branch("main~2")) == (folded(0, "Of a."), "b")


def test_a_memory_whose_turns_were_left_is_not_kept(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c")
    line = (Branch("main", identity(1)), Branch("main~1"))
    assert players.keep_memory(title, "ann", "mira", line, folded(2), ttl_days=1) is False
    assert players.recent(title, "ann", "mira", MAIN, 9) == (Memory(), [said(0, "a"), said(1, "b"), said(2, "c")])


class Contended:
    """A DynamoDB client whose transactions meet others at first."""

    def __init__(self, client: Any, times: int) -> None:
        self._client, self.left = client, times

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not name.startswith("transact_") or not self.left:
            return found
        self.left -= 1
        reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
        error: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}

        def refuse(**_: Any) -> None:
            raise ClientError(error, name)

        return refuse


def test_transactions_that_meet_wait_for_each_other(resources: Resources, title: str) -> None:
    contended = Contended(resources.dynamodb, 0)
    players = DynamoPlayers(contended, resources.name("players"))
    contended.left = 2
    tell(players, title, "ann", "mira", "main", "a")
    assert told(players, title, "ann") == ["a"]
    contended.left = 2
    assert players.standing(title, "ann", "main").save == Save("main", MAIN)
    contended.left = 99
    with pytest.raises(StoreUnavailable, match="contended"):
        tell(players, title, "ann", "mira", "main", "b")
    with pytest.raises(StoreUnavailable, match="contended"):
        players.standing(title, "ann", "main")
