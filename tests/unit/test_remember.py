"""Folding older turns into summaries: only when needed, once, apart by gate, and never after an erasure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from npcops.dialogue import MemoryPolicy, RememberedTurn
from npcops.errors import ModelFailed, ModelUnavailable, NotFound
from npcops.lore import OPEN, Gate
from npcops.tokens import estimate
from tests.conversation import MIRA, Conversation, conversation
from tests.fakes import ScriptedChat, prompt_text
from tests.resources import Resources

KING = Gate(requires=frozenset({"met-king"}))
BUDGET = 40


@pytest.fixture
def talk(moto_resources: Resources, tmp_path: Path) -> Iterator[Conversation]:
    with conversation(moto_resources, tmp_path, "A summary.") as made:
        made.publish("npcs", "mira", msgspec.structs.replace(MIRA, memory=MemoryPolicy(BUDGET, ttl_days=9)))
        yield made


def tell(talk: Conversation, count: int, gate: Gate = OPEN, start: int = 0, player: str = "ann") -> None:
    """Turns of ten tokens each."""
    for number in range(start, start + count):
        turn = RememberedTurn(f"{number:022x}", f"two six ten q{number % 100:02}", f"ten a{number % 100:02}", gate)
        assert estimate(turn.player) + estimate(turn.npc) == 10
        talk.players.append_turn(talk.title, player, "mira", "main", turn, ttl_days=1)


def memory(talk: Conversation, player: str = "ann") -> Any:
    return talk.players.memory(talk.title, player, "mira", "main")


def test_turns_are_left_alone_until_they_outgrow_the_budget_by_half(talk: Conversation) -> None:
    tell(talk, 6)
    assert talk.remember("ann") == 0
    assert talk.chat.prompts == []
    assert memory(talk).revision == 0


def test_what_outgrew_is_folded_and_the_rest_stays_verbatim(talk: Conversation) -> None:
    tell(talk, 7)
    assert talk.remember("ann") == 3
    assert [(summary.text, summary.gate) for summary in memory(talk).summaries] == [("A summary.", OPEN)]
    assert memory(talk).until == f"{2:022x}"
    (prompt,) = talk.chat.prompts
    assert [f"q{number:02}" in prompt_text(prompt) for number in range(7)] == [True] * 3 + [False] * 4
    talk.ask("ann", "Who am I?", mode="base")
    given = prompt_text(talk.chat.prompts[-1])
    assert [f"q{number:02}" in given for number in range(7)] == [False] * 3 + [True] * 4
    assert "A summary." in given


def test_nobody_who_never_spoke_has_a_summary(talk: Conversation) -> None:
    assert talk.remember("nobody") == 0
    assert talk.chat.prompts == []


def test_an_earlier_summary_is_continued(talk: Conversation) -> None:
    talk.chat.answers = ["First summary.", "Second summary."]
    tell(talk, 7)
    talk.remember("ann")
    tell(talk, 4, start=7)
    assert talk.remember("ann") == 4
    assert "First summary." in talk.chat.prompts[-1].context
    assert [summary.text for summary in memory(talk).summaries] == ["Second summary."]
    assert (memory(talk).revision, memory(talk).until) == (2, f"{6:022x}")


def test_gates_are_summarised_apart(talk: Conversation) -> None:
    talk.chat.answers = [lambda prompt: "Of kings." if "q01" in prompt_text(prompt) else "Of mills."]
    tell(talk, 1)
    tell(talk, 1, KING, start=1)
    tell(talk, 1, start=2)
    tell(talk, 4, start=3)
    assert talk.remember("ann") == 3
    assert {summary.text: summary.gate for summary in memory(talk).summaries} == {"Of mills.": OPEN, "Of kings.": KING}
    opened, gated = sorted(talk.chat.prompts, key=lambda prompt: "q01" in prompt_text(prompt))
    assert [name in prompt_text(opened) for name in ("q00", "q01", "q02")] == [True, False, True]
    assert [name in prompt_text(gated) for name in ("q00", "q01", "q02")] == [False, True, False]


def test_a_gate_s_summary_is_continued_by_that_gate_s_turns_alone(talk: Conversation) -> None:
    talk.chat.answers = ["Of mills.", "Of kings.", "More of mills."]
    tell(talk, 1)
    tell(talk, 2, KING, start=1)
    tell(talk, 4, start=3)
    talk.remember("ann")
    tell(talk, 4, start=7)
    talk.remember("ann")
    assert "Of kings." not in prompt_text(talk.chat.prompts[-1])
    texts = {summary.text: summary.gate for summary in memory(talk).summaries}
    assert texts == {"More of mills.": OPEN, "Of kings.": KING}


def test_twice_is_once(talk: Conversation) -> None:
    tell(talk, 7)
    assert [talk.remember("ann"), talk.remember("ann")] == [3, 0]
    assert len(talk.chat.prompts) == 1
    assert memory(talk).revision == 1


def test_at_the_same_time_is_once(talk: Conversation) -> None:
    tell(talk, 7)
    other = ScriptedChat("The other's summary.")

    def meanwhile(_: Any) -> str:
        assert talk.remember("ann", chat=other) == 3
        return "A summary."

    talk.chat.answers = [meanwhile]
    assert talk.remember("ann") == 0
    assert [summary.text for summary in memory(talk).summaries] == ["The other's summary."]
    assert memory(talk).revision == 1


def test_an_erasure_meanwhile_leaves_nothing(talk: Conversation) -> None:
    tell(talk, 7)

    def erase(_: Any) -> str:
        talk.players.erase(talk.title, "ann")
        return "A summary."

    talk.chat.answers = [erase]
    assert talk.remember("ann") == 0
    assert [item["sk"]["S"] for item in talk.resources.items("players", pk=f"{talk.title}#ann")] == ["erased"]


def test_after_an_erasure_there_is_nothing_to_fold(talk: Conversation) -> None:
    tell(talk, 7)
    talk.players.erase(talk.title, "ann")
    assert talk.remember("ann") == 0
    assert talk.chat.prompts == []


@pytest.mark.parametrize("answer", ["", " \n ", ModelUnavailable("Busy.")])
def test_a_summary_that_was_not_written_loses_no_turn(talk: Conversation, answer: Any) -> None:
    tell(talk, 7)
    talk.chat.answers = [answer]
    with pytest.raises((ModelFailed, ModelUnavailable)):
        talk.remember("ann")
    assert memory(talk).revision == 0
    talk.chat.answers = ["A summary."]
    assert talk.remember("ann") == 3


def test_long_conversations_are_folded_bit_by_bit(talk: Conversation) -> None:
    tell(talk, 75)
    folded = [talk.remember("ann") for _ in range(4)]
    assert folded == [56, 15, 0, 0]
    assert memory(talk).until == f"{70:022x}"


def test_a_turn_larger_than_the_budget_is_folded_too(talk: Conversation) -> None:
    turn = RememberedTurn("0", "word " * 100, "Yes.", OPEN)
    talk.players.append_turn(talk.title, "ann", "mira", "main", turn, ttl_days=1)
    assert talk.remember("ann") == 1


def test_players_keep_apart(talk: Conversation) -> None:
    tell(talk, 7)
    tell(talk, 7, player="bob")
    talk.remember("ann")
    assert memory(talk, "bob").revision == 0


def test_what_players_and_characters_said_is_one_message_of_data(talk: Conversation) -> None:
    tell(talk, 7)
    talk.remember("ann")
    (prompt,) = talk.chat.prompts
    assert [message.role for message in prompt.messages] == ["user"]
    assert "q00" not in f"{prompt.system}{prompt.context}{prompt.attribution}"
    assert prompt.attribution == {"title": talk.title, "npc": "mira", "purpose": "summary"}


def gate(number: int) -> Gate:
    return Gate(requires=frozenset({f"flag-{number}"}))


def test_the_summary_with_the_newest_turn_is_the_last(talk: Conversation) -> None:
    talk.chat.answers = [lambda prompt: "Of kings." if "q01" in prompt_text(prompt) else "Of mills."]
    for number, one in enumerate((OPEN, KING, OPEN)):
        tell(talk, 1, one, start=number)
    tell(talk, 4, start=3)
    talk.remember("ann")
    assert [summary.text for summary in memory(talk).summaries] == ["Of kings.", "Of mills."]


def test_the_oldest_of_many_gates_become_one_that_is_open_to_fewer(talk: Conversation) -> None:
    talk.chat.answers = [lambda prompt: "Merged." if "Note." in prompt.context else "Note."]
    for number in range(8):
        tell(talk, 1, gate(number), start=number)
    tell(talk, 4, start=8)
    assert talk.remember("ann") == 8
    gates = [summary.gate for summary in memory(talk).summaries]
    assert gates == [Gate.all_of(map(gate, range(3))), *map(gate, range(3, 8))]
    assert [summary.text for summary in memory(talk).summaries] == ["Merged.", *["Note."] * 5]
    merging = talk.chat.prompts[-1]
    assert merging.context.count("Note.") == 3
    assert merging.messages[0].text.strip()


def test_a_merged_gate_that_is_there_already_is_not_there_twice(talk: Conversation) -> None:
    talk.chat.answers = ["Note."]
    gates = [gate(0), gate(1), Gate.all_of([gate(0), gate(1)]), *map(gate, range(2, 6))]
    for number, one in enumerate(gates):
        tell(talk, 1, one, start=number)
    tell(talk, 4, start=7)
    talk.remember("ann")
    keys = [summary.gate.key for summary in memory(talk).summaries]
    assert len(keys) == len(set(keys)) == 5


def test_an_unknown_character_is_not_found(talk: Conversation) -> None:
    with pytest.raises(NotFound):
        talk.remember("ann", npc="nobody")
