"""What is dropped of training data: duplicates, personal data in the form of real ones, and toxic answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.errors import ModelUnavailable
from npcops.personal_data import Found, counts, patterns_in
from npcops.training_cleaning import clean_lessons
from npcops.training_duplicates import NEARLY, SAME, Duplicates
from npcops.training_records import Exchange, Lesson
from npcops.training_request import TrainedNpc, TrainingRequest
from npcops.training_safety import TOXIC, Safety
from npcops.tunings import TuningRequest


class Told:
    """Finds what a test wants found: a place of a text, of a kind; reads English alone."""

    def __init__(self, kind: str = "", words: str = "", score: float = 0.99) -> None:
        self._kind, self._words, self._score = kind, words, score
        self.away = False

    def find(self, texts: Sequence[str], language: str) -> list[list[Found]] | None:
        if self.away:
            raise ModelUnavailable("Comprehend did not answer.")
        if language != "en":
            return None
        return [[self._found(text)] if self._words and self._words in text else [] for text in texts]

    def _found(self, text: str) -> Found:
        begin = text.index(self._words)
        return Found(self._kind, begin, begin + len(self._words), self._score)

    def toxicity(self, texts: Sequence[str], language: str) -> list[float | None]:
        if self.away:
            raise ModelUnavailable("Comprehend did not answer.")
        return [(0.97 if "gutter" in text else 0.6) if language == "en" else None for text in texts]


def lesson(*turns: tuple[str, str]) -> Lesson:
    return Lesson("tib", "quay", tuple(Exchange(*turn, line) for line, turn in enumerate(turns, 1)))


def wanted(language: str = "en") -> TrainingRequest:
    return TrainingRequest("x", "t", TuningRequest(dataset="d"), (TrainedNpc("tib", "Tib", "", language),))


def why(told: Told, text: str, language: str = "en") -> str:
    return Safety(told, told).personal_data([text], language).why[0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to anna.berg@example.org, will you?", "EMAIL"),
        ("Call me on +49 170 123 4567.", "PHONE"),
        ("It is (212) 555-0187 or 212-555-0187.", "PHONE"),
        ("My card is 4111 1111 1111 1111.", "CREDIT_DEBIT_NUMBER"),
        ("Pay to DE89 3704 0044 0532 0130 00 please.", "INTERNATIONAL_BANK_ACCOUNT_NUMBER"),
        ("Her number is 078-05-1120.", "SSN"),
        ("The server is at 81.2.69.142.", "IP_ADDRESS"),
        ("AKIAIOSFODNN7EXAMPLE is the key.", "AWS_ACCESS_KEY"),
    ],
)
@pytest.mark.parametrize("language", ["en", "fi"])
def test_what_has_the_form_of_personal_data_is_found_in_every_language(text: str, kind: str, language: str) -> None:
    assert why(Told(), text, language) == f"personal data ({kind})"


@pytest.mark.parametrize(
    "text",
    [
        "Old Pinch, whose true name is Philippa Inchbald, pays 1 chip for 9 nails.",
        "In 186 the mayor went 4 miles out, and in 212 there were 206 stairs, 58 hulls and 3000 people.",
        "The password at the Stump is 'salt', and the year is 212 A.W.",
        "Meet Jory Slake at the third house on Cheap Steps, landing 41, at third bell.",
        "He counted 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 boots.",
        "Add 1111 2222 3333 4444 and you have salt.",
        "Chapter 1.2.3.4 of the register, line 10.0.0.1.",
        "The ship's number is XX12 ABCD EFGH IJKL MNOP.",
        "It was 12-13-14 paces and 100-200-300 chips.",
    ],
)
def test_the_text_of_games_survives(text: str) -> None:
    assert why(Told(), text) == ""


@pytest.mark.parametrize(
    ("kind", "words", "score", "drops"),
    [
        ("NAME", "Jory Slake", 0.99, False),
        ("AGE", "nine winters", 0.99, False),
        ("DATE_TIME", "third bell", 0.99, False),
        ("ADDRESS", "Cheap Steps", 0.99, False),
        ("ADDRESS", "12 Elm Road, Springfield", 0.99, True),
        ("ADDRESS", "12 Elm Road, Springfield", 0.4, False),
        ("PASSWORD", "salt", 0.99, False),
        ("PASSWORD", "hunter42x", 0.99, True),
        ("PHONE", "forty", 0.99, False),
        ("PASSPORT_NUMBER", "C01X00T47", 0.99, True),
        ("USERNAME", "duchess99", 0.99, False),
    ],
)
def test_what_a_service_finds_counts_only_in_the_form_of_real_data(
    kind: str, words: str, score: float, drops: bool
) -> None:
    assert bool(why(Told(kind, words, score), f"Listen: {words}, she said.")) is drops


def test_in_a_language_that_the_service_does_not_read_that_is_said() -> None:
    judged = Safety(Told(), Told()).personal_data(["Hei."], "fi")
    assert judged.why == [""]
    assert "language fi was looked for by its form alone" in judged.notes[0]
    assert Safety(Told(), Told()).personal_data(["Hi."], "en").notes == ()


def test_what_could_not_be_looked_through_is_not_learned() -> None:
    away = Told()
    away.away = True
    with pytest.raises(ModelUnavailable):
        clean_lessons([lesson(("Who?", "Tib."))], wanted(), Safety(away, Told()))


def test_without_a_judge_of_toxicity_nothing_is_dropped_and_that_is_said() -> None:
    away = Told()
    away.away = True
    found = clean_lessons([lesson(("Who?", "Out of the gutter!"))], wanted(), Safety(Told(), away))
    assert (found.dropped, len(found.lessons)) == ({}, 1)
    assert "Toxicity was not looked for" in found.notes[0]


def test_toxic_answers_are_dropped_and_answers_to_toxic_players_are_not() -> None:
    talk = lesson(("You gutter rat!", "Boots, mister."), ("Who?", "Out of the gutter, you!"), ("And now?", "Tib."))
    found = clean_lessons([talk], wanted(), Safety(Told(), Told()))
    assert [[turn.completion for turn in each.exchanges] for each in found.lessons] == [["Boots, mister."], ["Tib."]]
    assert found.dropped == {TOXIC: 1}
    assert found.notes == ("Line 2: a toxic answer.",)


def test_notes_and_reasons_never_repeat_what_was_dropped() -> None:
    found = clean_lessons([lesson(("Who?", "Mail anna.berg@example.org."))], wanted(), Safety(Told(), Told()))
    assert found.dropped == {"personal data (EMAIL)": 1}
    assert not any("anna" in note for note in found.notes)


def test_a_conversation_that_begins_as_another_one_stays_whole() -> None:
    hello = ("Hello.", "Well met.")
    talks = [lesson(hello, ("Who?", "Tib.")), lesson(hello, ("And that?", "Duchess.")), lesson(hello)]
    found = clean_lessons([*talks, talks[1]], wanted(), Safety(Told(), Told()))
    assert (found.lessons, found.dropped) == (tuple(talks[:2]), {SAME: 3})


def reasons(*turns: tuple[str, str]) -> list[str]:
    known = Duplicates()
    return [known.why(Exchange(*turn)) for turn in turns]


def test_the_same_words_are_a_duplicate_whatever_their_case_and_end() -> None:
    assert reasons(("Who are you?", "Tib."), ("who are  YOU", "tib!")) == ["", SAME]


def test_nearly_the_same_words_are_one_too() -> None:
    long = "I have larked out here for three winters, and I have counted every stair of Cheap Steps"
    assert reasons(
        ("How long have you been here?", f"{long}."), ("How long have you been here, then?", f"{long}, see.")
    ) == [
        "",
        NEARLY,
    ]


@pytest.mark.parametrize(
    "other",
    [
        ("What does a bed cost?", "Nine chips a night, with a blanket."),
        ("What does a bed cost?", "Eight chips a night, with a blanket."),
        ("Who goes there?", "It costs 8 chips a night, with a blanket."),
        ("What does a bed cost?", "It costs 9 chips a night, with a blanket."),
    ],
)
def test_other_questions_other_answers_and_other_numbers_are_none(other: tuple[str, str]) -> None:
    assert reasons(("What does a bed cost?", "It costs 8 chips a night, with a blanket."), other) == ["", ""]


@given(st.text(max_size=80))
def test_any_text_can_be_looked_through(text: str) -> None:
    for found in patterns_in(text):
        assert 0 <= found.begin < found.end <= len(text)
        assert counts(found, text)


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=12))
def test_of_equal_exchanges_one_stays(turns: list[tuple[str, str]]) -> None:
    told = reasons(*turns, *turns)
    assert all(told[len(turns) :])
