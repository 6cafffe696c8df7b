"""How long a turn waits for its card: a part of the time that this card has left its players, where that is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from npcops.characters import Timing
from npcops.converse import SCRIPT_SHARE, Converse, StagePace
from npcops.dialogue import TurnRequest
from npcops.errors import StoreUnavailable
from tests.conversation import MIRA, OTTO, Conversation, conversation
from tests.fake_time import FakeTime
from tests.fakes import ScriptedChat
from tests.resources import Resources

STAGE = 8.0


class Hanging:
    """A catalogue that answers at once, until it hangs."""

    def __init__(self, catalog: Any, fake: FakeTime) -> None:
        self._catalog, self._fake, self.hangs = catalog, fake, False

    def __getattr__(self, name: str) -> Any:
        if self.hangs:
            self._fake.spend(math.inf)
        return getattr(self._catalog, name)


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path, {"say": "Aye.", "emotion": "warm"}) as made:
        yield made


def seconds_without_a_card(converse: Converse, talk: Conversation, fake: FakeTime, npc: str) -> float:
    begun = fake.now()
    with pytest.raises(StoreUnavailable):
        converse(talk.title, "ann", npc, TurnRequest("Who?"))
    return fake.now() - begun


@pytest.mark.parametrize(("deadline", "known"), [(1.0, 1.0), (20.0, STAGE), (None, STAGE)])
def test_the_card_is_waited_for_as_its_last_deadline_allows(
    talk: Conversation, deadline: float | None, known: float
) -> None:
    talk.publish("npcs", "mira", msgspec.structs.replace(MIRA, timing=Timing(deadline=deadline)))
    fake = FakeTime()
    catalog = talk.catalog = Hanging(talk.catalog, fake)
    talk.chat = ScriptedChat({"say": "Aye.", "emotion": "warm"})
    converse = talk.converse(background=fake, pace=StagePace(STAGE))
    converse(talk.title, "ann", "mira", TurnRequest("Who?"))
    catalog.hangs = True
    assert seconds_without_a_card(converse, talk, fake, "mira") == pytest.approx(2 * SCRIPT_SHARE * known)
    assert seconds_without_a_card(converse, talk, fake, OTTO.id) == pytest.approx(2 * SCRIPT_SHARE * STAGE)
