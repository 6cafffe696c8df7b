"""Folding older turns into summaries and facts: when needed, once, apart by gate, never after an erasure."""

from __future__ import annotations

from typing import Any

import pytest

from npcops.errors import ModelFailed, ModelUnavailable, NotFound
from npcops.lore import OPEN, Gate
from npcops.memory import Memory
from npcops.tokens import estimate
from tests.fakes import ScriptedChat, prompt_text
from tests.remembering import Remembering, identity, turn
from tests.resources import Resources

KING = Gate(requires=frozenset({"met-king"}))


@pytest.fixture
def talk(moto_resources: Resources) -> Remembering:
    return Remembering(moto_resources)


def tell(talk: Remembering, count: int, gate: Gate = OPEN, start: int = 0, player: str = "ann") -> None:
    """Turns of ten tokens each."""
    turns = [turn(number, "", gate) for number in range(start, start + count)]
    assert {estimate(one.player) + estimate(one.npc) for one in turns} == {10}
    talk.append(*turns, player=player)


def test_turns_are_left_alone_until_they_outgrow_the_budget_by_half(talk: Remembering) -> None:
    tell(talk, 6)
    assert talk.remember() == 0
    assert talk.chat.prompts == []
    assert talk.memory() == Memory()


def test_what_outgrew_is_folded_and_the_rest_stays_verbatim(talk: Remembering) -> None:
    tell(talk, 7)
    assert talk.remember() == 3
    assert [(summary.text, summary.gate) for summary in talk.memory().summaries] == [("A summary.", OPEN)]
    assert talk.memory().until == identity(2)
    (prompt,) = talk.chat.prompts
    assert [f"q{number:02}" in prompt_text(prompt) for number in range(7)] == [True] * 3 + [False] * 4
    recalled = talk.recalled()
    assert [one.turn_id for one in recalled.turns] == [identity(number) for number in range(3, 7)]
    assert [summary.text for summary in recalled.summaries] == ["A summary."]


def test_nobody_who_never_spoke_has_a_summary(talk: Remembering) -> None:
    assert talk.remember("nobody") == 0
    assert talk.chat.prompts == []


def test_an_earlier_summary_is_continued(talk: Remembering) -> None:
    talk.chat.answers = ["First summary.", "Second summary."]
    tell(talk, 7)
    talk.remember()
    tell(talk, 4, start=7)
    assert talk.remember() == 4
    assert "First summary." in talk.chat.prompts[-1].context
    assert [summary.text for summary in talk.memory().summaries] == ["Second summary."]
    assert talk.memory().until == identity(6)


def test_gates_are_summarised_apart(talk: Remembering) -> None:
    talk.chat.answers = [lambda prompt: "Of kings." if "q01" in prompt_text(prompt) else "Of mills."]
    tell(talk, 1)
    tell(talk, 1, KING, start=1)
    tell(talk, 1, start=2)
    tell(talk, 4, start=3)
    assert talk.remember() == 3
    assert {summary.text: summary.gate for summary in talk.memory().summaries} == {"Of mills.": OPEN, "Of kings.": KING}
    opened, gated = sorted(talk.chat.prompts, key=lambda prompt: "q01" in prompt_text(prompt))
    assert [name in prompt_text(opened) for name in ("q00", "q01", "q02")] == [True, False, True]
    assert [name in prompt_text(gated) for name in ("q00", "q01", "q02")] == [False, True, False]


def test_a_gate_s_summary_is_continued_by_that_gate_s_turns_alone(talk: Remembering) -> None:
    talk.chat.answers = ["Of mills.", "Of kings.", "More of mills."]
    tell(talk, 1)
    tell(talk, 2, KING, start=1)
    tell(talk, 4, start=3)
    talk.remember()
    tell(talk, 4, start=7)
    talk.remember()
    assert "Of kings." not in prompt_text(talk.chat.prompts[-1])
    texts = {summary.text: summary.gate for summary in talk.memory().summaries}
    assert texts == {"More of mills.": OPEN, "Of kings.": KING}


def test_twice_is_once(talk: Remembering) -> None:
    tell(talk, 7)
    assert [talk.remember(), talk.remember()] == [3, 0]
    assert len(talk.chat.prompts) == 1


def test_at_the_same_time_is_once(talk: Remembering) -> None:
    tell(talk, 7)
    other = ScriptedChat("The other's summary.")

    def meanwhile(_: Any) -> str:
        assert talk.remember(chat=other) == 3
        return "A summary."

    talk.chat.answers = [meanwhile]
    assert talk.remember() == 0
    assert [summary.text for summary in talk.memory().summaries] == ["The other's summary."]


def test_an_erasure_meanwhile_leaves_nothing(talk: Remembering) -> None:
    tell(talk, 7)

    def erase(_: Any) -> str:
        talk.players.erase(talk.title, "ann")
        return "A summary."

    talk.chat.answers = [erase]
    assert talk.remember() == 0
    assert [item["sk"]["S"] for item in talk.resources.items("players", pk=f"{talk.title}#ann")] == ["erased"]


def test_after_an_erasure_there_is_nothing_to_fold(talk: Remembering) -> None:
    tell(talk, 7)
    talk.players.erase(talk.title, "ann")
    assert talk.remember() == 0
    assert talk.chat.prompts == []


@pytest.mark.parametrize("answer", ["", " \n ", ModelUnavailable("Busy.")])
def test_a_summary_that_was_not_written_loses_no_turn(talk: Remembering, answer: Any) -> None:
    tell(talk, 7)
    talk.chat.answers = [answer]
    with pytest.raises((ModelFailed, ModelUnavailable)):
        talk.remember()
    assert talk.memory() == Memory()
    talk.chat.answers = ["A summary."]
    assert talk.remember() == 3


def test_long_conversations_are_folded_bit_by_bit(talk: Remembering) -> None:
    tell(talk, 75)
    folded = [talk.remember() for _ in range(4)]
    assert folded == [56, 15, 0, 0]
    assert talk.memory().until == identity(70)


def test_a_turn_larger_than_the_budget_is_folded_too(talk: Remembering) -> None:
    talk.append(turn(0, "word " * 100))
    assert talk.remember() == 1


def test_players_keep_apart(talk: Remembering) -> None:
    tell(talk, 7)
    tell(talk, 7, player="bob")
    talk.remember()
    assert talk.memory("bob") == Memory()


def test_what_players_and_characters_said_is_one_message_of_data(talk: Remembering) -> None:
    tell(talk, 7)
    talk.remember()
    (prompt,) = talk.chat.prompts
    assert [message.role for message in prompt.messages] == ["user"]
    assert "q00" not in f"{prompt.system}{prompt.context}{prompt.attribution}"
    assert prompt.attribution == {"title": talk.title, "npc": "mira", "purpose": "summary"}


def gate(number: int) -> Gate:
    return Gate(requires=frozenset({f"flag-{number}"}))


def test_the_summary_with_the_newest_turn_is_the_last(talk: Remembering) -> None:
    talk.chat.answers = [lambda prompt: "Of kings." if "q01" in prompt_text(prompt) else "Of mills."]
    for number, one in enumerate((OPEN, KING, OPEN)):
        tell(talk, 1, one, start=number)
    tell(talk, 4, start=3)
    talk.remember()
    assert [summary.text for summary in talk.memory().summaries] == ["Of kings.", "Of mills."]


def test_the_oldest_of_many_gates_become_one_that_is_open_to_fewer(talk: Remembering) -> None:
    talk.chat.answers = [lambda prompt: "Merged." if "Note." in prompt.context else "Note."]
    for number in range(8):
        tell(talk, 1, gate(number), start=number)
    tell(talk, 4, start=8)
    assert talk.remember() == 8
    gates = [summary.gate for summary in talk.memory().summaries]
    assert gates == [Gate.all_of(map(gate, range(3))), *map(gate, range(3, 8))]
    assert [summary.text for summary in talk.memory().summaries] == ["Merged.", *["Note."] * 5]
    merging = talk.chat.prompts[-1]
    assert merging.context.count("Note.") == 3
    assert merging.messages[0].text.strip()


def test_a_merged_gate_that_is_there_already_is_not_there_twice(talk: Remembering) -> None:
    talk.chat.answers = ["Note."]
    gates = [gate(0), gate(1), Gate.all_of([gate(0), gate(1)]), *map(gate, range(2, 6))]
    for number, one in enumerate(gates):
        tell(talk, 1, one, start=number)
    tell(talk, 4, start=7)
    talk.remember()
    keys = [summary.gate.key for summary in talk.memory().summaries]
    assert len(keys) == len(set(keys)) == 5


def test_an_unknown_character_is_not_found(talk: Remembering) -> None:
    with pytest.raises(NotFound):
        talk.remember(npc="nobody")


def test_notes_become_facts_when_their_turns_are_folded(talk: Remembering) -> None:
    talk.append(turn(0, "", OPEN, "Ann has a brother."), turn(1, "", KING, "Ann met the king."))
    tell(talk, 4, start=2)
    talk.append(turn(6, "", OPEN, "Ann is tall."))
    assert talk.remember() == 3
    assert [(fact.text, fact.turn_id, fact.gate, bool(fact.vector)) for fact in talk.memory().facts] == [
        ("Ann has a brother.", identity(0), OPEN, True),
        ("Ann met the king.", identity(1), KING, True),
    ]
    tell(talk, 4, start=7)
    talk.remember()
    assert [fact.text for fact in talk.memory().facts] == ["Ann has a brother.", "Ann met the king.", "Ann is tall."]


def test_facts_without_their_meaning_do_not_stop_a_fold(talk: Remembering) -> None:
    talk.embeddings.failures = [ModelUnavailable("Busy.")]
    talk.append(turn(0, "", OPEN, "Ann has a brother."))
    tell(talk, 6, start=1)
    assert talk.remember() == 3
    assert [(fact.text, fact.vector) for fact in talk.memory().facts] == [("Ann has a brother.", b"")]


def test_each_npc_folds_what_it_was_there_for(talk: Remembering) -> None:
    tell(talk, 7)
    talk.append(*(turn(number, speaker="mira") for number in range(7, 10)), npc="otto")
    assert talk.remember(npc="otto") == 0
    talk.append(*(turn(number, speaker="mira") for number in range(10, 14)), npc="otto")
    assert talk.remember(npc="otto") == 3
    assert talk.memory(npc="otto").until == identity(9)
    assert talk.memory(npc="mira") == Memory()


def test_what_was_overheard_is_folded_as_another_s_words(talk: Remembering) -> None:
    talk.append(turn(0), *(turn(number, speaker="otto") for number in range(1, 7)))
    talk.remember()
    told = talk.chat.prompts[-1].messages[0].text
    assert ("<reply>ten a00<" in told, '<reply by="otto">ten a01<' in told) == (True, True)


def test_a_fact_is_forgotten_after_the_time_on_the_card_however_often_one_talks(talk: Remembering) -> None:
    talk.append(turn(0, "", OPEN, "The player is called Ann."), *map(turn, range(1, 7)))
    talk.remember()
    assert [fact.text for fact in talk.memory().facts] == ["The player is called Ann."]
    tell(talk, 4, start=8 * 24)
    talk.remember()
    assert len(talk.memory().facts) == 1
    tell(talk, 9, start=10 * 24)
    talk.remember()
    assert talk.memory().facts == ()
