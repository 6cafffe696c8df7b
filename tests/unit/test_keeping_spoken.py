"""Turns are kept as they were spoken, whoever answered them, and it costs no turn its answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from npcops.adapters.dynamo_players import DynamoPlayers
from npcops.adapters.dynamo_spoken import DynamoSpoken
from npcops.afterwards import MOST_FLAGS
from npcops.converse import Converse
from npcops.dialogue import ShownPassage, SpokenTurn, Told, Turn, TurnRequest
from npcops.errors import ModelUnavailable, StoreUnavailable
from npcops.lore import Gate
from npcops.turn_ids import began
from tests.conversation import Conversation, conversation
from tests.resources import Resources

KING = Gate(requires=frozenset({"met-king"}))


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path) as made:
        yield made


def say(talk: Conversation, message: str = "Who rules?", converse: Converse | None = None, **request: Any) -> Told:
    return (converse or talk.converse(kept_days=7))(talk.title, "ann", "mira", TurnRequest(message, **request))


def kept(talk: Conversation, turn: Turn) -> SpokenTurn | None:
    return talk.spoken.find(talk.title, "ann", turn.turn_id)


def through(talk: Conversation, client: Any) -> None:
    """The players' table is reached by this client from now on."""
    table = talk.resources.name("players")
    talk.players, talk.spoken = DynamoPlayers(client, table), DynamoSpoken(client, table)


def test_a_turn_is_kept_with_all_that_judging_it_takes(talk: Conversation) -> None:
    cited, other = talk.lore("king.md", "The king rules.", KING), talk.lore("mill.md", "The king owns a mill.")
    talk.flags("ann", "met-king", "a-flag")
    talk.chat.answers = [{"say": "The king.", "citations": [cited]}]
    told = say(talk, language="de", player_name="Ann", save="slot")
    assert {passage.id for passage in told.passages} == {cited, other}
    assert kept(talk, told.turn) == SpokenTurn(
        turn=told.turn,
        message="Who rules?",
        save="slot",
        card_version=talk.versions[0],
        language="de",
        seen_at=began(told.turn.turn_id),
        passages=(ShownPassage(cited, "king.md", "king.md", "The king rules."),),
        flags=("met-king", "a-flag"),
        player_name="Ann",
    )


def test_of_many_flags_those_are_kept_that_opened_something(talk: Conversation) -> None:
    talk.lore("king.md", "The king rules.", KING)
    talk.flags("ann", *(f"a-{number:03}" for number in range(300)), "met-king")
    spoken = kept(talk, say(talk).turn)
    assert spoken is not None
    assert spoken.flags == ("met-king", *(f"a-{number:03}" for number in range(MOST_FLAGS - 1)))


def test_a_line_of_the_card_is_kept_though_nobody_remembers_it(talk: Conversation) -> None:
    talk.chat.answers = [ModelUnavailable("Busy.")]
    told = say(talk)
    assert told.turn.degraded is not None
    assert talk.told("ann") == []
    spoken = kept(talk, told.turn)
    assert spoken is not None
    assert (spoken.turn, spoken.language) == (told.turn, "en")


def test_what_is_kept_is_one_write_with_what_is_remembered(talk: Conversation) -> None:
    writes = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            found = getattr(talk.resources.dynamodb, name)
            if "write" in name or name == "put_item":
                writes.append(name)
            return found

    through(talk, Counting())
    assert kept(talk, say(talk).turn) is not None
    assert writes == ["transact_write_items"]


def test_trials_keep_nothing(talk: Conversation) -> None:
    assert kept(talk, say(talk, converse=talk.converse()).turn) is None


def test_a_table_that_fails_costs_no_answer(talk: Conversation) -> None:
    class Broken:
        def __getattr__(self, name: str) -> Any:
            return getattr(talk.resources.dynamodb, name)

        def transact_write_items(self, **_: Any) -> Any:
            raise StoreUnavailable("Down.")

    through(talk, Broken())
    turn = say(talk).turn
    assert turn.say == "Well met."
    assert turn.degraded is not None
    assert turn.degraded.why == ("not-remembered",)


def test_a_turn_that_could_not_be_remembered_is_kept_as_that(talk: Conversation) -> None:
    class Forgetful:
        def __getattr__(self, name: str) -> Any:
            return getattr(players, name)

        def append_turn(self, *_: Any) -> None:
            raise StoreUnavailable("Down.")

    players = talk.players
    talk.players = Forgetful()
    turn = say(talk).turn
    spoken = kept(talk, turn)
    assert spoken is not None
    assert spoken.turn.degraded is not None
    assert spoken.turn.degraded == turn.degraded


def test_an_erasure_while_the_model_speaks_keeps_nothing(talk: Conversation) -> None:
    def erasing(_: Any) -> dict[str, Any]:
        talk.players.erase(talk.title, "ann")
        return {"say": "Too late."}

    talk.chat.answers = [erasing]
    turn = say(talk).turn
    assert kept(talk, turn) is None
    left = talk.resources.items("players", pk=f"{talk.title}#ann")
    assert [item["sk"]["S"] for item in left] == ["erased"]


def test_no_sound_is_kept(talk: Conversation) -> None:
    spoken = kept(talk, say(talk).turn)
    assert spoken is not None
    assert (spoken.turn.voice, msgspec.json.encode(spoken).count(b"visemes")) == (None, 0)
