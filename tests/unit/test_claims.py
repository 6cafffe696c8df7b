"""What an answer claims, what supports it, and what it cites."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops import judging, report_cases
from npcops.claims import SUPPORTED, Grounds, claims_in, grounds, sources_of
from npcops.evidence import Source, names
from npcops.meanings import Meanings
from npcops.wording import split_sentences
from tests.fakes import WordEmbeddings
from tests.scoring_cases import PASSAGES, SCRIPT, passage, turn


def judged(say: str, cites: Sequence[str] = (), message: str = "What does it cost?", earlier: str = "") -> Grounds:
    turns = [turn(earlier, "Good day.")] if earlier else []
    sources = sources_of(SCRIPT, PASSAGES, [*turns, turn(say, message)])
    return grounds(say, sources, cites, knowing(say, sources))


def knowing(say: str, sources: Sequence[Source]) -> Meanings:
    meanings = Meanings(WordEmbeddings())
    meanings.learn([*split_sentences(say), *(sentence for each in sources for sentence in each.sentences)])
    return meanings


@pytest.mark.parametrize(
    "say",
    [
        "A foot passenger pays three chips.",
        "A foot passenger pays 3 chips, traveller.",
        "Soldiers pay double.",
        "The keeper is Dorrity Penn, a former schoolmistress.",
        "My cat is called Ballast.",
    ],
)
def test_what_the_character_was_given_or_is_supports_a_claim(say: str) -> None:
    found = judged(say)
    assert [claim.support >= SUPPORTED for claim in found.claims] == [True]
    assert found.groundedness == 1.0
    assert found.invented == ()


@pytest.mark.parametrize(
    ("say", "invented"),
    [
        ("A foot passenger pays five chips.", ("5",)),
        ("The keeper is Dorrity Finch, a former schoolmistress.", ("finch",)),
        ("The crossing takes twelve minutes, says Old Ambrose.", ("ambrose",)),
        ("The crossing takes 1,200 minutes.", ("1200",)),
    ],
)
def test_a_number_or_name_that_is_nowhere_is_invented(say: str, invented: tuple[str, ...]) -> None:
    found = judged(say)
    assert [claim.support < SUPPORTED for claim in found.claims] == [True]
    assert found.groundedness == 0.0
    assert set(invented) <= set(found.invented)


def test_a_number_of_something_else_supports_nothing() -> None:
    (claim,) = judged("The crossing takes three minutes.").claims
    assert claim.support < SUPPORTED


@pytest.mark.parametrize(
    "say",
    [
        "Good day, traveller.",
        "Who told you that the crossing takes twelve minutes?",
        "I couldn't tell you who keeps the lamp these days.",
        "I'm sorry for the long wait, truly.",
        "Das weiß ich leider nicht, mein Herr.",
        "知らないね。",
        "Aye.",
        "",
        "…",
    ],
)
def test_what_states_nothing_of_the_world_is_no_claim(say: str) -> None:
    found = judged(say)
    assert found.claims == ()
    assert found.groundedness is None


def test_each_sentence_is_a_claim_of_its_own() -> None:
    found = judged("Soldiers pay double. A foot passenger pays nine chips. Mind the plank!")
    assert [claim.text for claim in found.claims] == ["Soldiers pay double.", "A foot passenger pays nine chips."]
    assert found.groundedness == 0.5


def test_what_the_player_said_now_and_before_counts_as_known() -> None:
    found = judged("You are Corwin, and you sell grey geese.", message="I am Corwin, and I sell grey geese.")
    assert [claim.source for claim in found.claims] == ["player"]
    assert found.groundedness == 1.0
    assert judged("The barge carries nine red goats.", earlier="The barge carries nine red goats.").groundedness == 1.0


def test_support_within_what_is_cited() -> None:
    right, wrong = (judged("A foot passenger pays three chips.", [PASSAGES[number].id]) for number in (0, 1))
    assert right.citation_support == 1.0
    assert wrong.citation_support == 0.0
    assert right.groundedness == wrong.groundedness == 1.0
    assert judged("A foot passenger pays three chips.").citation_support is None


def test_what_the_character_knows_by_itself_needs_no_citation() -> None:
    found = judged("My cat is called Ballast. Soldiers pay double.", [PASSAGES[0].id])
    assert found.citation_support == 1.0


def test_an_answer_in_another_language_than_the_lore_is_not_measured() -> None:
    found = judged("Ein Fußgänger bezahlt für die Überfahrt drei Chips, mein Freund.", [PASSAGES[0].id])
    assert found == Grounds()


def test_names_are_told_from_first_words_and_from_plain_ones() -> None:
    assert names("The ferry is Wenna's, and Davy Tull worked it.", frozenset()) == ("wenna", "davy", "tull")
    assert names("Davy worked it.", frozenset()) == ()
    assert names("Davy worked it.", frozenset({"davy"})) == ("davy",)
    assert names("I think I can.", frozenset()) == ()
    assert names("Орин зажёг лампу на Хоббе.", frozenset()) == ("хоббе",)


@settings(deadline=None)
@given(st.text(max_size=120), st.text(max_size=120))
def test_any_answer_can_be_measured(say: str, lore: str) -> None:
    given_passages = (passage("lore", lore),)
    sources = sources_of(SCRIPT, given_passages, [turn(say)])
    found = grounds(say, sources, [given_passages[0].id], knowing(say, sources))
    assert [claim.text for claim in found.claims] == claims_in(say, sources) or found == Grounds()
    assert all(0 <= claim.support <= 1 for claim in found.claims)
    assert (found.groundedness is None) == (not found.claims)


@settings(deadline=None)
@given(st.sampled_from([s for each in PASSAGES for s in split_sentences(each.text)]), st.integers(300, 9999))
def test_a_number_that_nobody_told_is_never_supported(sentence: str, number: int) -> None:
    found = judged(f"{sentence.rstrip('.')} for {number} years.")
    assert found.claims
    assert all(claim.support < SUPPORTED for claim in found.claims)
    assert str(number) in found.invented


def test_reports_mark_what_counts_as_supported_and_agreed_here() -> None:
    assert report_cases.SUPPORTED == SUPPORTED
    assert report_cases.AGREED == judging.ENOUGH_KAPPA
