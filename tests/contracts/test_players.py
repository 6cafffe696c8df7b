"""The contract of `PlayerStore`: what is kept about a player, apart from all others, until it is erased."""

from __future__ import annotations

import secrets
import time

import pytest

from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.dialogue import Memory, RememberedTurn, Summary, WorldState
from npcops.ports import PlayerStore
from tests.contracts.player_samples import KING, said, tell, told
from tests.resources import Lagging, Resources


@pytest.fixture
def players(resources: Resources) -> DynamoPlayers:
    return DynamoPlayers(resources.dynamodb, resources.name("players"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def test_a_world_nobody_set_is_empty(players: PlayerStore, title: str) -> None:
    assert players.world(title, "ann") == WorldState()


def test_a_world_is_replaced_as_a_whole(players: PlayerStore, title: str) -> None:
    players.set_world(title, "ann", WorldState(("met-king", "Märchen"), "reeds", "mill"))
    players.set_world(title, "ann", WorldState(("war",)))
    assert players.world(title, "ann") == WorldState(("war",))


def test_a_world_that_was_set_this_moment_is_the_world(resources: Resources, title: str) -> None:
    players = DynamoPlayers(Lagging(resources.dynamodb), resources.name("players"))  # type: ignore[arg-type]
    players.set_world(title, "ann", WorldState(("war",)))
    assert players.world(title, "ann") == WorldState(("war",))


def test_turns_come_back_as_they_were_oldest_first(players: PlayerStore, title: str) -> None:
    turns = [said(number, f"Wer bist du? 你好 {number}") for number in (3, 1, 2)]
    for turn in turns:
        players.append_turn(title, "ann", "mira", "main", turn, ttl_days=1)
    found = players.turns(title, "ann", "mira", "main", after="", limit=10, newest=False)
    assert found == sorted(turns, key=lambda turn: turn.turn_id)


def test_the_first_and_the_newest_turns(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c", "d", "e")

    def texts(after: str, limit: int, newest: bool) -> str:
        turns = players.turns(title, "ann", "mira", "main", after, limit, newest)
        return "".join(turn.player for turn in turns)

    assert texts("", 2, False) == "ab"
    assert texts("", 2, True) == "de"
    assert texts(said(1).turn_id, 2, False) == "cd"
    assert texts(said(1).turn_id, 9, True) == "cde"
    assert texts(said(3).turn_id, 2, True) == "e"
    assert texts(said(4).turn_id, 2, True) == ""


@pytest.mark.parametrize("newest", [True, False])
def test_a_turn_whose_id_begins_like_the_one_before_comes_after_it(
    players: PlayerStore, title: str, newest: bool
) -> None:
    for turn_id in ("0a", "0a0", "0a00", "0b"):
        players.append_turn(title, "ann", "mira", "main", RememberedTurn(turn_id, turn_id, "Yes."), ttl_days=1)
    found = players.turns(title, "ann", "mira", "main", "0a", 10, newest)
    assert [turn.turn_id for turn in found] == ["0a0", "0a00", "0b"]


def test_the_same_turn_twice_is_stored_once(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a")
    tell(players, title, "ann", "mira", "main", "a")
    assert told(players, title, "ann") == ["a"]


def test_conversations_with_like_names_never_mix(players: PlayerStore, title: str) -> None:
    places = [
        (player, npc, save)
        for player in ("ann", "ann#2", "an", "Ann", "安娜")
        for npc in ("mira", "mira-2")
        for save in ("a", "ab", "A")
    ]
    for place in places:
        tell(players, title, *place, "|".join(place))
        players.save_memory(title, *place, Memory((Summary("|".join(place)),), said(0).turn_id, 1), ttl_days=1)
    for place in places:
        assert told(players, title, *place) == ["|".join(place)]
        assert [summary.text for summary in players.memory(title, *place).summaries] == ["|".join(place)]


def test_titles_never_mix(players: PlayerStore, title: str) -> None:
    other = f"{title}-2"
    for name in (title, other):
        tell(players, name, "ann", "mira", "main", name)
        players.set_world(name, "ann", WorldState((name,)))
    players.erase(other, "ann")
    assert told(players, title, "ann") == [title]
    assert players.world(title, "ann").flags == (title,)


def test_there_is_no_memory_before_something_was_summarised(players: PlayerStore, title: str) -> None:
    assert players.memory(title, "ann", "mira", "main") == Memory()


def test_of_two_writers_of_a_memory_one_wins(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c")
    until = said(0).turn_id
    for revision in (1, 2, 3):
        first = Memory((Summary("first", KING),), until, revision)
        second = Memory((Summary("second", KING),), until, revision)
        assert players.save_memory(title, "ann", "mira", "main", first, ttl_days=1) is True
        assert players.save_memory(title, "ann", "mira", "main", second, ttl_days=1) is False
        assert players.memory(title, "ann", "mira", "main") == first


def test_a_memory_cannot_skip_a_revision(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a")
    later = Memory((Summary("x"),), said(0).turn_id, 2)
    assert players.save_memory(title, "ann", "mira", "main", later, ttl_days=1) is False
    assert players.memory(title, "ann", "mira", "main") == Memory()


def test_what_is_kept_of_conversations_expires(resources: Resources, players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a")
    players.save_memory(title, "ann", "mira", "main", Memory((), said(0).turn_id, 1), ttl_days=90)
    kept = {item["sk"]["S"].split("#")[0]: item for item in resources.items("players", pk=f"{title}#ann")}
    left = {kind: (int(item["expires_at"]["N"]) - time.time()) / 86400 for kind, item in kept.items()}
    assert left == {"turn": pytest.approx(1, abs=0.01), "memory": pytest.approx(90, abs=0.01)}
