"""The contract of `PlayerStore`: what NPCs remember of a player, along the branches of a save."""

from __future__ import annotations

import secrets
import time

import pytest

from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.player_table import trial_partition
from npcops.memory import Branch, Memory, Note, RememberedTurn, WorldState
from npcops.turn_ports import PlayerStore
from tests.contracts.player_samples import KING, MAIN, folded, identity, said, tell, told
from tests.resources import Lagging, Resources


@pytest.fixture
def players(resources: Resources) -> DynamoPlayers:
    return DynamoPlayers(resources.dynamodb, resources.name("players"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def test_a_world_nobody_set_is_empty(players: PlayerStore, title: str) -> None:
    assert players.world(title, "ann") == WorldState()
    assert players.standing(title, "ann", "main").world == WorldState()


def test_a_world_is_replaced_as_a_whole(players: PlayerStore, title: str) -> None:
    players.set_world(title, "ann", WorldState(("met-king", "Märchen"), "reeds", "mill"))
    players.set_world(title, "ann", WorldState(("war",)))
    assert players.world(title, "ann") == WorldState(("war",))


def test_what_was_written_this_moment_is_there(resources: Resources, title: str) -> None:
    players = DynamoPlayers(Lagging(resources.dynamodb), resources.name("players"))
    players.set_world(title, "ann", WorldState(("war",)))
    tell(players, title, "ann", "mira", "main", "a", "b")
    players.keep_memory(title, "ann", "mira", MAIN, folded(0), 1)
    assert players.world(title, "ann") == WorldState(("war",))
    assert players.recent(title, "ann", "mira", MAIN, 9) == (folded(0), [said(1, "b")])
    assert players.newest(title, "ann", "main") == identity(1)


def test_turns_come_back_as_they_were_oldest_first(players: PlayerStore, title: str) -> None:
    notes = (Note("The player is from Ulm.", 5),)
    turns = [
        RememberedTurn(identity(number), f"Wer bist du? 你好 {number}", "Ich.", KING, notes, "otto")
        for number in (3, 1, 2)
    ]
    for turn in turns:
        players.append_turn(title, "ann", "main", {"mira": turn}, ttl_days=1)
    found = players.recent(title, "ann", "mira", MAIN, 10)
    assert found == (Memory(), sorted(turns, key=lambda turn: turn.turn_id))


def test_a_turn_is_remembered_by_all_who_were_there_and_by_nobody_else(players: PlayerStore, title: str) -> None:
    own, heard = said(1, "a"), RememberedTurn(identity(1), "a", "Answer 1.", KING.heard(), speaker="mira")
    players.append_turn(title, "ann", "main", {"mira": own, "otto": heard}, ttl_days=1)
    for npc, expected in (("mira", [own]), ("otto", [heard]), ("vera", [])):
        assert players.recent(title, "ann", npc, MAIN, 9)[1] == expected


def test_the_first_and_the_newest_turns(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c", "d", "e")

    def texts(limit: int) -> tuple[str, str]:
        found = (players.unfolded(title, "ann", "mira", MAIN, limit), players.recent(title, "ann", "mira", MAIN, limit))
        first, newest = ("".join(turn.player for turn in turns) for _, turns in found)
        return first, newest

    assert texts(2) == ("ab", "de")
    assert texts(9) == ("abcde", "abcde")
    players.keep_memory(title, "ann", "mira", MAIN, folded(1), ttl_days=1)
    assert texts(2) == ("cd", "de")
    assert texts(9) == ("cde", "cde")
    players.keep_memory(title, "ann", "mira", MAIN, folded(4), ttl_days=1)
    assert texts(2) == ("", "")


@pytest.mark.parametrize("until", ["0a", "0a0"])
def test_a_turn_whose_id_begins_like_the_one_before_comes_after_it(
    players: PlayerStore, title: str, until: str
) -> None:
    ids = ["0a", "0a0", "0a00", "0b"]
    for turn_id in ids:
        players.append_turn(title, "ann", "main", {"mira": RememberedTurn(turn_id, turn_id, "Yes.")}, ttl_days=1)
    players.keep_memory(title, "ann", "mira", MAIN, Memory(until=until), ttl_days=1)
    memory, found = players.recent(title, "ann", "mira", MAIN, 10)
    assert memory.until == until
    assert [turn.turn_id for turn in found] == [turn_id for turn_id in ids if turn_id > until]


def test_the_same_turn_twice_is_stored_once(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a")
    tell(players, title, "ann", "mira", "main", "a")
    assert told(players, title, "ann") == ["a"]


def test_more_turns_than_a_page_holds(players: PlayerStore, title: str) -> None:
    texts = [str(number) for number in range(110)]
    tell(players, title, "ann", "mira", "main", *texts)
    assert told(players, title, "ann") == texts


def test_conversations_with_like_names_never_mix(players: PlayerStore, title: str) -> None:
    places = [
        (player, npc, save)
        for player in ("ann", "ann#2", "an", "Ann", "安娜")
        for npc in ("mira", "mira-2")
        for save in ("a", "ab", "A")
    ]
    for player, npc, save in places:
        # Of a place of its own: turn ids are unique.
        number = places.index((player, npc, save))
        tell(players, title, player, npc, save, f"{player}|{npc}|{save}", start=number)
        players.keep_memory(title, player, npc, [Branch(save)], folded(number, f"{player}|{npc}|{save}"), ttl_days=1)
        tell(players, title, player, npc, save, f"{player}|{npc}|{save}", start=number + 1000)
    for player, npc, save in places:
        memory, turns = players.recent(title, player, npc, [Branch(save)], 9)
        assert [turn.player for turn in turns] == [f"{player}|{npc}|{save}"]
        assert [summary.text for summary in memory.summaries] == [f"{player}|{npc}|{save}"]


def test_titles_never_mix(players: PlayerStore, title: str) -> None:
    other = f"{title}-2"
    for name in (title, other):
        tell(players, name, "ann", "mira", "main", name)
        players.set_world(name, "ann", WorldState((name,)))
    players.erase(other, "ann")
    assert told(players, title, "ann") == [title]
    assert players.world(title, "ann").flags == (title,)


def test_there_is_no_memory_before_something_was_folded(players: PlayerStore, title: str) -> None:
    assert players.recent(title, "ann", "mira", MAIN, 9) == (Memory(), [])
    assert players.unfolded(title, "ann", "mira", MAIN, 9) == (Memory(), [])
    assert players.recent(title, "ann", "mira", (), 9) == (Memory(), [])


def test_of_two_writers_of_a_memory_one_wins(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c")
    for number in range(3):
        assert players.keep_memory(title, "ann", "mira", MAIN, folded(number, "first"), ttl_days=1) is True
        assert players.keep_memory(title, "ann", "mira", MAIN, folded(number, "second"), ttl_days=1) is False
        assert players.recent(title, "ann", "mira", MAIN, 9)[0] == folded(number, "first")


def test_a_memory_of_earlier_turns_comes_too_late(players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c")
    players.keep_memory(title, "ann", "mira", MAIN, folded(1), ttl_days=1)
    assert players.keep_memory(title, "ann", "mira", MAIN, folded(0), ttl_days=1) is True
    assert players.recent(title, "ann", "mira", MAIN, 9) == (folded(1), [said(2, "c")])


@pytest.mark.parametrize("number", [7, 2])
def test_a_memory_needs_the_turn_at_which_it_ends(players: PlayerStore, title: str, number: int) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b")
    tell(players, title, "ann", "otto", "main", "c", start=2)
    assert players.keep_memory(title, "ann", "mira", MAIN, folded(number), ttl_days=1) is False
    assert players.recent(title, "ann", "mira", MAIN, 9)[0] == Memory()


def test_what_is_kept_of_conversations_expires(resources: Resources, players: PlayerStore, title: str) -> None:
    tell(players, title, "ann", "mira", "main", "a")
    players.keep_memory(title, "ann", "mira", MAIN, folded(0), ttl_days=90)
    left = {
        item["sk"]["S"]: (int(item["expires_at"]["N"]) - time.time()) / 86400
        for item in resources.items("players", pk=f"{title}#ann")
    }
    first = identity(0)
    assert left == {
        f"turn#main#{first}": pytest.approx(1, abs=0.01),
        f"talk#main#mira#{first}": pytest.approx(1, abs=0.01),
        f"talk#main#mira#{first}#memory": pytest.approx(90, abs=0.01),
        f"memory#main#mira#{first}": pytest.approx(90, abs=0.01),
    }


def test_a_memory_that_has_expired_but_for_its_place_is_none(
    resources: Resources, players: PlayerStore, title: str
) -> None:
    tell(players, title, "ann", "mira", "main", "a", "b", "c")
    for number in (0, 1):
        players.keep_memory(title, "ann", "mira", MAIN, folded(number), ttl_days=1)
    where = {"pk": {"S": f"{title}#ann"}, "sk": {"S": f"memory#main#mira#{identity(1)}"}}
    resources.dynamodb.delete_item(TableName=resources.name("players"), Key=where)
    assert players.recent(title, "ann", "mira", MAIN, 9) == (folded(0), [said(1, "b"), said(2, "c")])


def test_a_player_of_trials_is_nobody_else_whatever_players_are_called(resources: Resources, title: str) -> None:
    table = resources.name("players")
    real, trial = DynamoPlayers(resources.dynamodb, table), DynamoPlayers(resources.dynamodb, table, trial_partition)
    name = "trial.e1.basics.case-0.candidate.0"
    for player in (name, f"#trial#{title}#{name}"):
        real.set_world(title, player, WorldState(("met-king",)))
        assert trial.world(title, name) == WorldState()
        trial.erase(title, name)
        assert real.world(title, player) == WorldState(("met-king",))
