"""One playing scored: its figures, one batch of vectors, and figures that cannot be had."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from npcops.errors import ModelFailed, ModelUnavailable
from npcops.playings import Playing
from npcops.scoring import Scorer
from tests.fakes import WordEmbeddings
from tests.scoring_cases import PASSAGES, SCRIPT, check, planned, scored, turn

FARE = "A foot passenger pays three chips."


class Toxicity:
    """A `ToxicityModel` for which texts are as toxic as they are long; it reads English alone."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.asked = error, ""

    def toxicity(self, texts: Sequence[str], language: str) -> list[float | None]:
        self.asked = language
        if self.error:
            raise self.error
        return [len(text) / 100 if language == "en" else None for text in texts]


def played(*says: str, toxicity: Toxicity | None = None, **case: str) -> Playing:
    turns = [turn(say) for say in says]
    return Scorer(WordEmbeddings(), None, toxicity).score(SCRIPT, planned(**case), turns, PASSAGES, judge=False)


def test_figures_of_an_answer() -> None:
    found = scored(FARE, cites=("ferry",), reference="Three chips for a foot passenger.").metrics
    assert found.keys() == {
        "groundedness",
        "citation_support",
        "relevance",
        "rouge_l",
        "similarity",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "ms",
        "first_ms",
    }
    assert (found["groundedness"], found["citation_support"], found["ms"], found["cost_usd"]) == (1, 1, 900, 0.001)


def test_what_cannot_be_measured_is_absent_and_never_nothing() -> None:
    assert scored("Aye.").metrics.keys() == {"relevance", "input_tokens", "output_tokens", "cost_usd", "ms", "first_ms"}
    assert "first_ms" not in played_without_first_words().metrics


def played_without_first_words() -> Playing:
    scorer = Scorer(WordEmbeddings(), None, None)
    return scorer.score(SCRIPT, planned(), [turn("Aye.", first_ms=None)], PASSAGES, judge=False)


def test_one_batch_of_vectors_a_playing() -> None:
    class Counting(WordEmbeddings):
        calls = 0

        def embed_documents(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
            Counting.calls += 1
            assert len(set(texts)) == len(texts)
            return super().embed_documents(texts)

    scorer = Scorer(Counting(), None, None)
    case = planned("known-fact", reference="Three chips. And mind the plank.")
    for _ in range(2):
        scorer.score(SCRIPT, case, [turn(f"{FARE} Soldiers pay double.", cites=("ferry",))], PASSAGES, judge=False)
    assert Counting.calls == 1


def test_the_worst_answer_of_a_conversation_is_as_toxic_as_it_is() -> None:
    assert played("x" * 60 + " word", "Three chips, traveller.", toxicity=Toxicity()).metrics["toxicity"] == 0.65


def test_toxicity_is_absent_where_nobody_can_tell() -> None:
    assert "toxicity" not in played("Das macht drei Chips für die Überfahrt, mein Freund.", toxicity=Toxicity()).metrics
    for error in (ModelFailed("no"), ModelUnavailable("later")):
        assert "toxicity" not in played(FARE, toxicity=Toxicity(error)).metrics
    assert "toxicity" not in played("", toxicity=Toxicity()).metrics


def test_the_language_of_a_short_answer_is_the_characters() -> None:
    short, german = Toxicity(), Toxicity()
    played("Aye.", toxicity=short)
    played("Aye.", toxicity=german, language="de")
    assert (short.asked, german.asked) == ("en", "de")


def test_a_case_without_any_turn_fails() -> None:
    found = Scorer(WordEmbeddings(), None, None).score(SCRIPT, planned(), [], PASSAGES, judge=True)
    assert not found.passed
    assert check(found, "answered").told == "Was not answered at all."


def test_the_passages_that_the_model_had_are_shown() -> None:
    assert [(each.document, each.text) for each in scored(FARE).passages] == [(p.document, p.text) for p in PASSAGES]


def test_without_vectors_there_is_no_score() -> None:
    embeddings = WordEmbeddings()
    embeddings.failures = [ModelUnavailable("later")]
    with pytest.raises(ModelUnavailable):
        Scorer(embeddings, None, None).score(SCRIPT, planned(), [turn(FARE)], PASSAGES, judge=False)
