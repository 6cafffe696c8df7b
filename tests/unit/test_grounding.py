"""How well a live answer rests on what it cites and on its character's card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from npcops.dialogue import ShownPassage
from npcops.grounding import CitedGrounding
from tests.conversation import MIRA, Conversation, conversation
from tests.opinions import spoken
from tests.publishing import LABEL
from tests.resources import Resources

MILL = (ShownPassage("c1", "mill.md", "The mill", "The mill of the old king burns every winter."),)


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path) as made:
        made.publish("npcs", "mira", msgspec.structs.replace(MIRA, knowledge=("The ferry costs three chips.",)))
        yield made


def measured(talk: Conversation, say: str, message: str = "What of the mill?", npc: str = "mira") -> float | None:
    turn = spoken(say=say, message=message, passages=MILL, turn__npc=npc)
    return CitedGrounding(talk.catalog, LABEL, talk.embeddings)(talk.title, turn)


def test_what_is_cited_and_what_is_made_up(talk: Conversation) -> None:
    assert measured(talk, "The mill of the old king burns every winter.") == 1
    assert measured(talk, "Queen Isolde sold 900 camels in Cairo.") == 0


def test_a_character_needs_no_passage_for_what_its_card_tells(talk: Conversation) -> None:
    assert measured(talk, "The ferry costs three chips.") == 1


def test_an_answer_that_claims_nothing_is_not_measured(talk: Conversation) -> None:
    assert measured(talk, "Who are you?") is None


def test_a_character_who_is_gone_is_not_measured(talk: Conversation) -> None:
    assert measured(talk, "The mill of the old king burns every winter.", npc="nobody") is None
