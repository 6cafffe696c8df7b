"""Not saying the same twice: what is to be avoided, and what counts as a repetition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.memory import RememberedTurn
from npcops.uniqueness import MOST_LINES, alikeness, lines_to_avoid, too_alike

ASKED = "What does a crossing cost?"


def turn(number: int, player: str, npc: str, speaker: str = "") -> RememberedTurn:
    return RememberedTurn(f"{number:022x}", player, npc, speaker=speaker)


def test_answers_to_the_same_question_are_avoided_however_long_ago() -> None:
    turns = [turn(0, "what does the crossing cost", "Three chips.")]
    turns += [turn(n, f"Tell me about day {n}.", f"Day {n} was wet.") for n in range(1, 9)]
    assert lines_to_avoid(ASKED, turns) == ("Three chips.", "Day 7 was wet.", "Day 8 was wet.")


def test_the_last_lines_are_avoided_whatever_is_asked() -> None:
    turns = [turn(n, f"Question {n}?", f"Answer {n}.") for n in range(5)]
    assert lines_to_avoid("Who rules the river?", turns) == ("Answer 3.", "Answer 4.")


def test_of_many_answers_to_one_question_the_newest_are_avoided_oldest_first() -> None:
    turns = [turn(n, ASKED, f"{n} chips, as always.") for n in range(10)]
    assert lines_to_avoid(ASKED, turns) == tuple(f"{n} chips, as always." for n in range(10 - MOST_LINES, 10))


def test_a_line_is_named_once() -> None:
    turns = [turn(n, ASKED, line) for n, line in enumerate(("Three chips.", "three chips", "Pay me."))]
    assert lines_to_avoid(ASKED, turns) == ("three chips", "Pay me.")


def test_what_others_said_is_nothing_to_avoid() -> None:
    assert lines_to_avoid(ASKED, [turn(0, ASKED, "Four chips.", speaker="otto")]) == ()


def test_at_first_there_is_nothing_to_avoid() -> None:
    assert lines_to_avoid(ASKED, []) == ()


SAID = "Three chips for a foot passenger, traveller, and the cat rides free."


@pytest.mark.parametrize(
    "say",
    [
        SAID,
        "three chips for a foot passenger, traveller - and the cat rides free!",
        "Three chips for a foot-passenger, traveller, and my cat rides free.",
        f"{SAID} Mind the plank.",
        "Three chips for a foot passenger, traveller.",
    ],
)
def test_nearly_the_same_words_are_a_repetition(say: str) -> None:
    assert too_alike(say, ["Mind the plank.", SAID])


@pytest.mark.parametrize(
    "say",
    [
        "Three.",
        "It costs three chips if you walk aboard, stranger; Ballast pays nothing.",
        "On foot? Three chips. The cat goes for nothing.",
        "Ask me at slack water.",
        "",
    ],
)
def test_the_same_in_other_words_is_none(say: str) -> None:
    assert not too_alike(say, ["Mind the plank.", SAID])


def test_of_two_lines_the_less_alike_can_be_told() -> None:
    assert alikeness(SAID, [SAID]) == 1.0
    assert 0.0 < alikeness("Three chips for a rider.", [SAID]) < alikeness("Three chips for a foot passenger.", [SAID])
    assert alikeness("Ask me.", []) == alikeness("", [SAID]) == 0.0


def test_short_lines_are_compared_as_a_whole() -> None:
    assert too_alike("No!", ["No."])
    assert not too_alike("Aye.", ["No."])
    assert not too_alike("No.", [SAID])


def test_scripts_without_spaces_are_compared_too() -> None:
    assert too_alike("过河三个筹码，旅人。", ["过河三个筹码，旅人！"])
    assert not too_alike("步行的人要付三个筹码。", ["过河三个筹码，旅人！"])


@given(st.text(min_size=1), st.lists(st.text(), max_size=3))
def test_a_line_repeats_itself_if_it_says_anything(say: str, others: list[str]) -> None:
    if any(character.isalnum() for character in say):
        assert too_alike(say, [*others, say])
    assert not too_alike(say, [])
