"""Folding along the branches of saves: what is folded stays with its turns, whatever is loaded meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from npcops.memory import Branch
from npcops.saves import Fork, Rewind, TakeSnapshot
from tests.remembering import Remembering, identity, turn
from tests.resources import Resources


@pytest.fixture
def talk(moto_resources: Resources) -> Remembering:
    return Remembering(moto_resources)


def tell(talk: Remembering, count: int, start: int = 0) -> None:
    """Turns of ten tokens each."""
    talk.append(*map(turn, range(start, start + count)))


def test_a_fold_goes_on_along_the_branches_of_a_save(talk: Remembering) -> None:
    tell(talk, 7)
    talk.remember()
    talk.change(TakeSnapshot("main", "here"))
    talk.append(turn(20, "never again seen"))
    talk.change(Rewind("main", "here"))
    tell(talk, 4, start=30)
    assert talk.remember() == 4
    assert "never" not in talk.chat.seen
    assert talk.memory().until == identity(6)
    assert "A summary." in talk.chat.prompts[-1].context


REWINDS = [
    pytest.param(TakeSnapshot("main", "later"), "A summary.", [0, 1, 2, 3, 4, 5, 6], id="to a point after it"),
    pytest.param(Rewind("main", "two"), "", [0, 1], id="to a point in the midst of it"),
    pytest.param(Rewind("main", "none"), "", [], id="to a point before it"),
]


@pytest.mark.parametrize(("change", "summary", "seen"), REWINDS)
def test_a_fold_during_which_the_player_loads_an_old_save(
    talk: Remembering, change: Any, summary: str, seen: list[int]
) -> None:
    """What was being folded is part of the save only if all of it lies before the point."""
    talk.change(TakeSnapshot("main", "none"))
    tell(talk, 2)
    talk.change(TakeSnapshot("main", "two"))
    tell(talk, 5, start=2)

    def meanwhile(_: Any) -> str:
        talk.change(change)
        if isinstance(change, TakeSnapshot):
            talk.change(Rewind("main", "later"))
        return "A summary."

    talk.chat.answers = [meanwhile]
    assert talk.remember() == 3
    recalled = talk.recalled(recent_tokens=1000)
    assert "".join(one.text for one in recalled.summaries) == summary
    folded = [0, 1, 2] if summary else []
    assert [*map(identity, folded), *(one.turn_id for one in recalled.turns)] == [*map(identity, seen)]


def test_a_save_that_was_forked_before_a_fold_shares_it(talk: Remembering) -> None:
    tell(talk, 7)
    talk.change(Fork("slot", source="main"))
    assert talk.remember() == 3
    assert talk.memory(save="slot").until == identity(2)
    assert talk.remember(save="slot") == 0
    assert talk.save("slot").lineage[0] == Branch("main", identity(6))
