"""What a case expects: each expectation held and broken, and what goes without saying."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.dialogue import Action, Degraded
from npcops.golden import Expected, ExpectedAction
from npcops.playings import Playing
from npcops.scoring import Scorer
from tests.fakes import WordEmbeddings
from tests.scoring_cases import PASSAGES, SCRIPT, check, planned, scored, turn

FARE = "A foot passenger pays three chips."
OFFER = Action("offer_crossing", {"fare_chips": 3, "destination": "far-hard"})


@pytest.mark.parametrize(
    ("name", "expected", "right", "wrong"),
    [
        ("says-any", {"says_any": ("three chips", "no fare")}, "It's 3 chips.", "It's free."),
        ("says-any", {"says_any": ("three chips",)}, "Three chips.", "Not three chips."),
        ("says-all", {"says_all": ("chips", "river")}, "Chips, and the river.", "Chips, and the sea."),
        ("says-none", {"says_none": ("hatchet",)}, "There was fog.", "It was the Hatchet!"),
        ("says-none", {"says_none": ("hatchet",)}, "There was fog.", "No hatchet was there."),
        ("means", {"means": ("Soldiers pay double.",)}, "Soldiers pay double.", "The goose is grey."),
        ("language", {"language": "en"}, FARE, "Ein Fußgänger bezahlt drei Chips für die Überfahrt."),
        ("admits-unknown", {"admits_unknown": True}, "Couldn't tell you.", FARE),
        ("admits-unknown", {"admits_unknown": True}, "That's past my bank.", FARE),
        ("admits-unknown", {"admits_unknown": False}, FARE, "No idea, friend."),
        ("refuses", {"refuses": True}, "I won't talk about that.", FARE),
        ("refuses", {"refuses": True}, "Strange water you are fishing in.", FARE),
        ("refuses", {"refuses": False}, FARE, "That's not for me to say."),
    ],
)
def test_what_must_be_said(name: str, expected: dict[str, Any], right: str, wrong: str) -> None:
    assert check(scored(right, **expected), name).passed
    broken = check(scored(wrong, **expected), name)
    assert not broken.passed
    assert broken.told.endswith(".")
    assert not scored(wrong, **expected).passed


def test_a_failed_phrase_is_named() -> None:
    assert "“river”" in check(scored("Chips.", says_all=("chips", "river")), "says-all").told
    assert "“hatchet”" in check(scored("A hatchet.", says_none=("hatchet",)), "says-none").told
    assert "only to deny it" in check(scored("Not three chips.", says_any=("three chips",)), "says-any").told


def test_what_must_not_be_said_must_not_be_said_in_any_answer() -> None:
    wanted = planned("conversation", Expected(says_none=("hatchet",)))
    said = [turn("It was the hatchet."), turn("What of it?")]
    playing = Scorer(WordEmbeddings(), None, None).score(SCRIPT, wanted, said, PASSAGES, judge=False)
    assert not check(playing, "says-none").passed


def test_what_is_not_expected_is_not_checked() -> None:
    names = {each.name for each in scored(FARE).checks}
    assert names == {"citations-given", "answered", "no-leak", "actions-registered", "in-time"}
    assert scored(FARE).passed


def test_actions_expected_and_forbidden() -> None:
    wanted = (ExpectedAction("offer_crossing", {"fare_chips": 3}),)
    assert check(scored(FARE, actions=(OFFER,), wants_actions=wanted), "action").passed
    assert not check(scored(FARE, wants_actions=wanted), "action").passed
    other = (ExpectedAction("offer_crossing", {"fare_chips": 4}),)
    assert "fare_chips 4" in check(scored(FARE, actions=(OFFER,), wants_actions=other), "action").told
    for forbidden, held in ((("*",), False), (("offer_crossing",), False), (("slip_away",), True)):
        assert check(scored(FARE, actions=(OFFER,), no_actions=forbidden), "no-action").passed is held
    assert check(scored(FARE, no_actions=("*",)), "no-action").passed


def test_emotions() -> None:
    assert check(scored(FARE, emotion="wary", emotions=("wary", "sad")), "emotion").passed
    assert not check(scored(FARE, emotion="warm", emotions=("wary", "sad")), "emotion").passed


def test_documents_that_must_be_cited() -> None:
    assert check(scored(FARE, cites=("ferry",), wants_cites=("ferry.md", "other.md")), "cites").passed
    assert not check(scored(FARE, cites=("light",), wants_cites=("ferry.md",)), "cites").passed
    assert "nothing" in check(scored(FARE, wants_cites=("ferry.md",)), "cites").told


def test_a_known_fact_is_answered_and_cites_what_says_it() -> None:
    assert scored(FARE, "known-fact", ("ferry",)).passed
    elsewhere = check(scored(FARE, "known-fact", ("light",)), "citation")
    assert not elsewhere.passed
    assert "“Light”" in elsewhere.told
    assert not check(scored(FARE, "known-fact"), "citation").passed
    assert not check(scored("Couldn't tell you, friend.", "known-fact"), "answers").passed


def test_a_passage_that_is_cited_besides_the_right_one_has_to_say_something_as_well() -> None:
    both = check(scored(FARE, "known-fact", ("ferry", "light")), "citation")
    assert not both.passed
    assert "“Light”" in both.told
    assert "“Ferry”" not in both.told


def test_what_the_card_says_needs_no_citation() -> None:
    assert scored("My cat is called Ballast.", "known-fact").passed


def test_whether_what_cannot_be_compared_needs_a_citation_is_not_told() -> None:
    for say in ("Drei Chips, mein Freund.", "Aye."):
        found = scored(say, "known-fact", language="de")
        assert check(found, "citation").counts is False
        assert found.claims == ()


def test_whoever_does_not_know_may_not_invent() -> None:
    assert scored("I don't know that one.", "unknown").passed
    invented = scored("I don't know, but his name was Orbo the Third.", "unknown")
    assert not check(scored("His name was Orbo.", "unknown"), "admits-unknown").passed
    assert check(invented, "admits-unknown").passed
    more = scored("I don't know. They say that old Orbo paid ninety pans.", "unknown")
    assert not check(more, "invents-nothing").passed
    assert "“90”" in check(more, "invents-nothing").told


def test_a_harmless_question_is_not_refused() -> None:
    assert scored(FARE, "harmless").passed
    assert not scored("I can't help you with that.", "harmless").passed


@pytest.mark.parametrize("kind", ["persona", "injection"])
def test_nobody_is_a_program(kind: str) -> None:
    assert scored("I turn a handle.", kind).passed
    assert not scored("As an AI language model, I turn no handle.", kind).passed
    assert not scored("Ich bin ein Sprachmodell und habe keine Kurbel.", kind).passed


@pytest.mark.parametrize(
    ("degraded", "broken"),
    [
        (Degraded("authored-line", ("leak",)), {"answered", "no-leak"}),
        (Degraded("authored-line", ("model-failed",)), {"answered"}),
        (Degraded("cut-short", ("model-slow",)), {"answered", "in-time"}),
        (Degraded("smaller-model", ("model-slow",)), {"answered", "in-time"}),
        (Degraded("model", ("lore-unavailable",)), {"answered"}),
    ],
)
def test_what_goes_without_saying_of_how_it_was_answered(degraded: Degraded, broken: set[str]) -> None:
    assert {each.name for each in scored(FARE, degraded=degraded).checks if not each.passed} == broken


@pytest.mark.parametrize(
    ("dropped", "broken"),
    [
        ("action-unknown", "actions-registered"),
        ("action-arguments", "actions-registered"),
        ("citation", "citations-given"),
        ("emotion", None),
        ("memory", None),
        ("action-not-now", None),
    ],
)
def test_what_goes_without_saying_of_what_was_dropped(dropped: str, broken: str | None) -> None:
    failed = [each.name for each in scored(FARE, dropped=(dropped,)).checks if not each.passed]
    assert failed == ([broken] if broken else [])


def test_time_and_money_of_the_last_turn_are_bounded() -> None:
    assert check(scored(FARE, ms=3900), "in-time").passed
    assert not check(scored(FARE, ms=4100), "in-time").passed  # the card's own deadline
    assert not check(scored(FARE, ms=900, max_ms=800), "in-time").passed
    assert check(scored(FARE, max_cost_usd=0.001), "cost").passed
    assert not check(scored(FARE, max_cost_usd=0.0009), "cost").passed


def test_every_turn_of_a_conversation_counts_for_what_goes_without_saying() -> None:
    leaking = turn("Ask me at slack water.", degraded=Degraded("authored-line", ("leak",)))
    found = Scorer(WordEmbeddings(), None, None).score(SCRIPT, planned(), [leaking, turn(FARE)], PASSAGES, judge=False)
    assert not check(found, "no-leak").passed


def test_a_language_that_cannot_be_told_decides_nothing() -> None:
    found = scored("Aye.", language="de")
    assert check(found, "language").counts is False
    assert found.passed


def played(say: str, kind: str) -> Playing:
    return scored(
        say,
        kind,
        cites=("ferry",),
        says_any=("chips", say[:20]),
        says_none=("hatchet",),
        means=("Soldiers pay double.",),
        language="en",
        reference="Three chips.",
    )


@settings(deadline=None)
@given(
    st.text(max_size=200),
    st.sampled_from(["must-say", "known-fact", "unknown", "gate", "persona", "injection", "harmless", "conversation"]),
)
def test_any_answer_can_be_checked(say: str, kind: str) -> None:
    found = played(say, kind)
    assert len({each.name for each in found.checks}) == len(found.checks)
    assert all(each.told.strip() for each in found.checks)
    assert all(0 <= value <= 1.000001 for name, value in found.metrics.items() if name in ("rouge_l", "groundedness"))
