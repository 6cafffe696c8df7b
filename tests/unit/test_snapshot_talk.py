"""Turns of a title that names a snapshot: NPCs know exactly that lore until the title's label moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from npcops.adapters.dynamo_snapshots import DynamoSnapshots
from npcops.characters import GameTitle
from npcops.dialogue import TurnRequest
from npcops.lore import Gate
from npcops.snapshot_lore import SnapshotLore
from npcops.snapshots import NewSnapshot
from tests.conversation import Conversation, conversation
from tests.fakes import prompt_text
from tests.publishing import LABEL, move, position
from tests.resources import Resources

KING = Gate(requires=frozenset({"met-king"}))
QUESTION = "Who is the king of the mill?"


class Talk:
    """A conversation in a title whose lore can be kept and named."""

    def __init__(self, talk: Conversation, resources: Resources) -> None:
        self.talk = talk
        self.snapshots = DynamoSnapshots(resources.dynamodb, resources.name("catalog"))

    def take(self) -> str:
        made = SnapshotLore(self.talk.store, self.snapshots)(self.talk.title, "ada", NewSnapshot(), lambda: 25.0)
        assert made.done
        return made.snapshot

    def name(self, lore: str) -> str:
        return self.talk.publish("titles", self.talk.title, GameTitle(id=self.talk.title, name="Game", lore=lore))

    def known(self, player: str = "ann") -> set[str]:
        """What of the king a model is told when it is asked."""
        self.talk.ask(player, QUESTION)
        told = prompt_text(self.talk.chat.prompts[-1])
        return {word for word in ("baker", "smith", "widow") if word in told}


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Talk]:
    with conversation(moto_resources, tmp_path) as made:
        yield Talk(made, moto_resources)


def test_uploads_reach_nobody_until_the_title_names_them(talk: Talk) -> None:
    talk.talk.lore("king.md", "The king of the mill is a baker.")
    first = talk.take()
    talk.name(first)
    talk.talk.lore("king.md", "The king of the mill is a smith.")
    assert talk.known() == {"baker"}
    talk.name(talk.take())
    assert talk.known() == {"smith"}
    talk.talk.lore("king.md", "The king of the mill is a widow.")
    assert talk.known() == {"smith"}
    talk.name("")
    assert talk.known() == {"widow"}


def test_a_rollback_of_the_label_brings_the_old_lore_back(talk: Talk) -> None:
    talk.talk.lore("king.md", "The king of the mill is a baker.")
    before = talk.name(talk.take())
    talk.talk.lore("king.md", "The king of the mill is a smith.")
    talk.name(talk.take())
    assert talk.known() == {"smith"}
    catalog, title = talk.talk.catalog, talk.talk.title
    here = position(catalog, title, "titles", title)
    move(catalog, title, "titles", title, LABEL, before, here, gate="rollback")
    assert talk.known() == {"baker"}


def test_a_gate_dropped_in_the_live_lore_still_holds_for_players_of_the_snapshot(talk: Talk) -> None:
    talk.talk.lore("king.md", "The king of the mill is a baker.", KING)
    talk.name(talk.take())
    talk.talk.lore("king.md", "The king of the mill is a baker.")
    assert talk.known() == set()
    talk.talk.flags("ann", "met-king")
    assert talk.known() == {"baker"}
    assert talk.talk.told("ann")[-1].gate == KING
    talk.name("")
    assert talk.known("bo") == {"baker"}


def test_lore_that_was_deleted_is_still_known_where_its_snapshot_is_named(talk: Talk) -> None:
    talk.talk.lore("king.md", "The king of the mill is a baker.")
    talk.name(talk.take())
    talk.talk.store.drop_title(talk.talk.title)
    assert talk.known() == {"baker"}


def test_a_title_that_names_another_title_s_snapshot_finds_nothing_of_it(
    talk: Talk, moto_resources: Resources, tmp_path: Path
) -> None:
    """The space is made of the own title, whatever an entry says."""
    talk.talk.lore("king.md", "The king of the mill is a baker.")
    kept = talk.take()
    other = Conversation(moto_resources, tmp_path, talk.talk.chat)
    stranger = Talk(other, moto_resources)
    stranger.name(kept)
    assert stranger.known() == set()
    talk.name(kept)
    assert talk.known() == {"baker"}
    other.store.close()


def test_an_answer_is_not_used_again_after_the_lore_was_changed_for_another_snapshot(talk: Talk) -> None:
    """Although the passage that it rests on is the same in both."""
    talk.talk.lore("king.md", "The king of the mill is a baker.")
    first = talk.take()
    talk.name(first)
    identity = talk.talk.lore("king.md", "The king of the mill is a baker.")
    talk.talk.chat.answers = [{"say": "The king is a baker.", "citations": [identity]}]

    def reused(player: str) -> bool:
        request = TurnRequest(QUESTION)
        return talk.talk.converse(reuse_seconds=60)(talk.talk.title, player, "mira", request).turn.reused

    assert [reused("ann"), reused("bo")] == [False, True]
    talk.talk.lore("smith.md", "A smith lives in the valley.")
    second = talk.take()
    assert second != first
    talk.name(second)
    assert [reused("cy"), reused("di")] == [False, True]
    talk.name(first)
    assert reused("eve")
