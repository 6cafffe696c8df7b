"""Likeness to a reference, to the question, and among a character's own answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.meanings import Meanings
from npcops.similarity import likeness, phrases, relevance, rouge_l, unlike_earlier
from npcops.wording import words
from tests.fakes import WordEmbeddings

TEXTS = st.text(max_size=60)


def knowing(*texts: str) -> Meanings:
    meanings = Meanings(WordEmbeddings())
    meanings.learn([part for text in texts for part in (text, *phrases(text))])
    return meanings


@pytest.mark.parametrize(
    ("answer", "reference", "expected"),
    [
        # Lin (2004): "police killed the gunman" against two candidates.
        ("police kill the gunman", "police killed the gunman", 3 / 4),
        ("the gunman kill police", "police killed the gunman", 2 / 4),
        ("three chips", "Three chips!", 1.0),
        ("3 chips", "three chips", 1.0),
        ("三枚だよ", "三枚です", 2 * 2 / 8),
        ("aye", "no", 0.0),
    ],
)
def test_rouge_l_is_as_published_and_reads_every_script(answer: str, reference: str, expected: float) -> None:
    assert rouge_l(answer, reference) == pytest.approx(expected)


@pytest.mark.parametrize(("answer", "reference"), [("", "word"), ("word", ""), ("…", "word")])
def test_without_words_there_is_no_figure(answer: str, reference: str) -> None:
    assert rouge_l(answer, reference) is None
    assert likeness(answer, reference, knowing(answer, reference)) is None


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_figures_are_shares_and_the_same_text_is_wholly_alike(one: str, other: str) -> None:
    meanings = knowing(one, other)
    for found in (rouge_l(one, other), likeness(one, other, meanings)):
        assert found is None or 0 <= found <= 1.0000001
    if words(one):
        assert rouge_l(one, one) == 1
    if words(one) and one.isascii():
        assert likeness(one, one, meanings) == pytest.approx(1, abs=1e-5)


@settings(deadline=None)
@given(TEXTS)
def test_phrases_lose_no_word(text: str) -> None:
    assert words(" ".join(phrases(text))) == words(text) or any(character.isnumeric() for character in text)


def test_likeness_finds_a_phrase_wherever_it_stands() -> None:
    one, other = (
        "The fare is three chips, and the river is in spate.",
        "The river is in spate, and the fare is three chips.",
    )
    assert (likeness(one, other, knowing(one, other)) or 0) > 0.8
    assert (rouge_l(one, other) or 1) < 0.7


def test_relevance_is_no_less_than_nothing() -> None:
    meanings = knowing("What does it cost?", "It does cost three chips.", "Grey goose")
    assert (relevance("What does it cost?", "It does cost three chips.", meanings) or 0) > 0.5
    assert (relevance("What does it cost?", "Grey goose", meanings) or 0) >= 0
    assert relevance("What does it cost?", " ", meanings) is None


def test_an_answer_is_new_unless_its_words_were_said_before() -> None:
    said = ["Three chips a head, traveller.", "The river is in spate.", "Three chips a head, traveller!"]
    assert unlike_earlier(said) == [True, True, False]
    assert unlike_earlier([]) == []


def test_vectors_are_learned_once_and_in_one_batch() -> None:
    embeddings = WordEmbeddings()
    meanings = Meanings(embeddings)
    meanings.learn(["one", "two", "one", " "])
    meanings.learn(["two", "three"])
    assert embeddings.embedded == ["one", "two", "three"]
