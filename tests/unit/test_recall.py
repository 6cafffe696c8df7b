"""What an NPC remembers here and now: within its budgets, behind its gates, and only what it was there for."""

from __future__ import annotations

import pytest

from npcops.lore import OPEN, Gate
from npcops.memory import Fact, Memory, RememberedTurn, Summary
from npcops.recall import RECENT_TURNS, Recalled
from tests.remembering import BUDGET, Remembering, identity, turn
from tests.resources import Resources

KING = Gate(requires=frozenset({"met-king"}))


@pytest.fixture
def ours(moto_resources: Resources) -> Remembering:
    return Remembering(moto_resources)


def numbers(turns: tuple[RememberedTurn, ...]) -> list[int]:
    return [int(one.turn_id[12:]) for one in turns]


def keep(ours: Remembering, memory: Memory) -> None:
    assert ours.players.keep_memory(ours.title, "ann", "mira", ours.save().lineage, memory, ttl_days=1)


def test_nothing_is_remembered_of_a_stranger(ours: Remembering) -> None:
    assert ours.recalled() == Recalled()
    assert ours.recalled().gates == []


def test_the_latest_turns_that_fit_are_verbatim(ours: Remembering) -> None:
    ours.append(*map(turn, range(6)))
    assert numbers(ours.recalled().turns) == [2, 3, 4, 5]
    assert numbers(ours.recalled(recent_tokens=BUDGET - 1).turns) == [3, 4, 5]
    assert numbers(ours.recalled(recent_tokens=0).turns) == []


def test_no_budget_reads_more_than_a_bound(ours: Remembering) -> None:
    ours.append(*map(turn, range(RECENT_TURNS + 5)))
    assert len(ours.recalled(recent_tokens=10_000).turns) == RECENT_TURNS


def test_what_a_turn_that_is_not_verbatim_any_more_taught_is_known_still(ours: Remembering) -> None:
    ours.append(turn(0, "", OPEN, "Ann has a brother."), turn(1), turn(2), turn(3), turn(4, "", OPEN, "Ann is tall."))
    recalled = ours.recalled()
    assert numbers(recalled.turns) == [1, 2, 3, 4]
    assert [fact.text for fact in recalled.facts] == ["Ann has a brother."]


def test_everything_remembered_is_admitted_by_its_gate(ours: Remembering) -> None:
    ours.append(turn(0), turn(1, "", KING, "A secret."), turn(2))
    facts = (Fact("The king bakes.", 3, identity(0), KING), Fact("Ann is tall.", 3, identity(0)))
    keep(ours, Memory((Summary("Of kings.", KING), Summary("Of mills.")), identity(0), facts))
    told, stranger = ours.recalled("mira", "main", "met-king"), ours.recalled()
    assert (numbers(told.turns), numbers(stranger.turns)) == ([1, 2], [2])
    assert [summary.text for summary in told.summaries] == ["Of mills.", "Of kings."]
    assert [summary.text for summary in stranger.summaries] == ["Of mills."]
    assert [fact.text for fact in told.facts] == ["The king bakes.", "Ann is tall."]
    assert [fact.text for fact in stranger.facts] == ["Ann is tall."]
    assert told.gates.count(KING) == 3
    assert set(stranger.gates) == {OPEN}
    no_room = ours.recalled(recent_tokens=0)
    assert [fact.text for fact in no_room.facts] == ["Ann is tall."]


def test_summaries_fit_their_budget_newest_first(ours: Remembering) -> None:
    ours.append(turn(0))
    keep(ours, Memory((Summary("Of mills."), Summary("word " * 90), Summary("Of kings.")), identity(0)))
    assert [summary.text for summary in ours.recalled(summary_tokens=20).summaries] == ["Of kings.", "Of mills."]


def test_facts_are_left_to_the_question(ours: Remembering) -> None:
    ours.append(turn(0))
    texts = ("Ann has a brother.", "The mill burned down.")
    facts = tuple(Fact(text, 3, identity(0), gate) for text, gate in zip(texts, (OPEN, KING), strict=True))
    keep(ours, Memory((), identity(0), facts))
    recalled = ours.recalled("mira", "main", "met-king")
    asked = recalled.ranked("What of your brother?", None, identity(9), 6)
    assert [fact.text for fact in asked.facts] == ["Ann has a brother."]
    assert asked.gates == [OPEN]
    (vector,) = ours.embeddings.embed_queries(["The mill burned down"])
    assert len(recalled.ranked("The mill?", vector, identity(9), 99).facts) == 2


def test_what_an_npc_overheard_is_apart_from_its_own_words(ours: Remembering) -> None:
    ours.append(turn(0), turn(1, speaker="otto"), turn(2), turn(3, speaker="otto"), turn(4))
    recalled = ours.recalled()
    assert (numbers(recalled.turns), numbers(recalled.heard)) == ([2, 4], [1, 3])


def test_the_gate_of_what_was_overheard_counts(ours: Remembering) -> None:
    ours.append(turn(1, "", KING, speaker="otto"))
    assert ours.recalled() == Recalled()
    assert ours.recalled("mira", "main", "met-king").gates == [KING]


def test_an_npc_does_not_know_what_it_was_not_there_for(ours: Remembering) -> None:
    ours.say("My name is Ann.", "mira")
    ours.say("I have a brother.", "mira", "otto")
    assert [one.player for one in ours.recalled("mira").turns] == ["My name is Ann.", "I have a brother."]
    assert [one.player for one in ours.recalled("otto").turns] == ["I have a brother."]
    assert ours.recalled("vera") == Recalled()


def test_what_was_said_aloud_is_known_to_all_who_were_there() -> None:
    secret = Gate(frozenset({"met-king"}), frozenset({"exiled"}), frozenset({"mira"}))
    assert secret.heard() == Gate(frozenset({"met-king"}), frozenset({"exiled"}))
