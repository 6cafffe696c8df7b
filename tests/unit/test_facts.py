"""Facts: merged when they say the same, capped by what they are worth, and ranked for a question."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.errors import ModelFailed, ModelUnavailable
from npcops.facts import MOST_BYTES, MOST_FACTS, gathered, noted, rank
from npcops.lore import OPEN, Gate
from npcops.memory import Fact, Note, RememberedTurn
from npcops.tokens import estimate
from npcops.turn_ids import moment
from npcops.vectors import pack
from tests.fakes import WordEmbeddings
from tests.remembering import identity, turn

KING = Gate(requires=frozenset({"met-king"}))
DAY = 24


def fact(text: str, number: int = 1, importance: int = 3, gate: Gate = OPEN, vector: bytes = b"") -> Fact:
    return Fact(text, importance, identity(number), gate, vector)


def meaning(*texts: str) -> list[bytes]:
    return [pack(vector) for vector in WordEmbeddings().embed_queries(texts)]


def unlike(number: int) -> bytes:
    """A meaning that no other number has."""
    return pack([float(place == number) for place in range(100)])


def texts(facts: tuple[Fact, ...]) -> list[str]:
    return [one.text for one in facts]


def test_a_note_becomes_a_fact_with_the_date_and_the_gate_of_its_turn() -> None:
    notes = (Note("Ann has a brother.", 4), Note("  "), Note("She is tall."))
    told = RememberedTurn(identity(5), "I have a brother.", "I see.", KING, notes)
    assert noted([told]) == [
        Fact("Ann has a brother.", 4, identity(5), KING),
        Fact("She is tall.", 3, identity(5), KING),
    ]


def test_what_another_npc_took_to_heart_is_not_one_s_own() -> None:
    assert noted([turn(1, "", OPEN, "Ann has a brother.", speaker="otto")]) == []


def test_facts_know_what_they_mean() -> None:
    (one,) = gathered((), [turn(1, "", OPEN, "Ann has a brother.")], WordEmbeddings())
    assert one.vector == meaning("Ann has a brother.")[0]


def test_the_newest_of_facts_that_say_the_same_stays_as_important_as_any() -> None:
    old = fact("Ann is from the old mill by the river", 1, 5, OPEN, *meaning("Ann is from the old mill by the river"))
    alike = "Ann is from the old mill by the river now"
    kept = gathered([old], [turn(2, "", OPEN, alike, "Ann is brave.")], WordEmbeddings())
    assert [(one.text, one.importance, one.turn_id) for one in kept] == [
        (alike, 5, identity(2)),
        ("Ann is brave.", 3, identity(2)),
    ]


def test_facts_of_other_gates_are_not_merged() -> None:
    told = [turn(1, "", OPEN, "The king bakes."), turn(2, "", KING, "The king bakes.")]
    assert [one.gate for one in gathered((), told, WordEmbeddings())] == [OPEN, KING]


@pytest.mark.parametrize("failure", [ModelFailed("No."), ModelUnavailable("Busy.")])
def test_a_fact_whose_meaning_cannot_be_had_waits_for_it(failure: Exception) -> None:
    embeddings = WordEmbeddings()
    embeddings.failures = [failure]
    told = [turn(1, "", OPEN, "Ann is tall."), turn(2, "", OPEN, "ann is TALL.")]
    first = gathered((), told, embeddings)
    assert [(one.text, one.vector) for one in first] == [("ann is TALL.", b"")]
    second = gathered(first, [turn(3)], embeddings)
    assert [one.vector for one in second] == meaning("ann is TALL.")
    embeddings.embedded.clear()
    assert gathered(second, [turn(4)], embeddings) == second
    assert embeddings.embedded == []


def test_of_too_many_facts_the_old_and_unimportant_go() -> None:
    many = [fact(f"{number}.", number, 1, OPEN, unlike(number)) for number in range(MOST_FACTS + 3)]
    many[0] = fact("0.", 0, 5, OPEN, unlike(0))
    kept = gathered(many, [], WordEmbeddings())
    assert texts(kept) == ["0.", *(one.text for one in many[4:])]


def test_facts_fit_an_item_of_the_table_whatever_their_gates() -> None:
    wide = Gate(requires=frozenset(f"{number:03}{'x' * 125}" for number in range(100)))
    many = [fact(f"{number}.", number, 3, wide, unlike(number)) for number in range(25)]
    kept = gathered(many, [], WordEmbeddings())
    assert MOST_BYTES * 0.9 < len(msgspec.json.encode(kept)) <= MOST_BYTES
    assert texts(kept) == texts(tuple(many))[-len(kept) :]


NOW = identity(30 * DAY)


def test_the_fact_that_was_asked_for_comes_first() -> None:
    known = [fact(text, 5, 3, OPEN, *meaning(text)) for text in ("Ann has a brother.", "The mill burned down.")]
    (vector,) = meaning("Who burned the mill?")
    assert texts(rank(known, vector, "Who burned the mill?", NOW, estimate(known[1].text))) == ["The mill burned down."]


@pytest.mark.parametrize("vectors", ["none", "other model"])
def test_without_a_vector_shared_words_tell(vectors: str) -> None:
    stored = b"" if vectors == "none" else pack([1.0, 0.0])
    known = [fact(text, 5, 3, OPEN, stored) for text in ("Anna hat einen Bruder.", "Die Mühle ist abgebrannt.")]
    vector = meaning("x")[0] if vectors == "other model" else b""
    ranked = rank(known, vector, "Wer hat die Mühlen abgebrannt?", NOW, estimate(known[1].text))
    assert texts(ranked) == ["Die Mühle ist abgebrannt."]


def test_of_facts_alike_relevant_the_important_and_then_the_newer_comes_first() -> None:
    known = [fact("Fact one.", 3, 1), fact("Fact two.", 2, 5), fact("Fact six.", 20 * DAY, 1)]
    size = estimate("Fact one.")
    assert texts(rank(known, b"", "", NOW, size)) == ["Fact two."]
    assert texts(rank(known, b"", "", NOW, 2 * size)) == ["Fact two.", "Fact six."]


def test_facts_are_told_oldest_first_and_once() -> None:
    known = [fact("Later.", 9), fact("Sooner.", 2, 1), fact("Later.", 8, 3, KING)]
    assert [(one.text, moment(one.turn_id)) for one in rank(known, b"", "", NOW, 99)] == [
        ("Sooner.", moment(identity(2))),
        ("Later.", moment(identity(9))),
    ]


def test_a_fact_too_large_makes_way_for_the_next() -> None:
    known = [fact("word " * 50, 3, 5), fact("Small.", 2, 1)]
    assert texts(rank(known, b"", "", NOW, 10)) == ["Small."]


facts = st.builds(
    fact, st.text(min_size=1, max_size=40), st.integers(0, 800), st.integers(1, 5), st.just(OPEN), st.just(b"")
)


@given(st.lists(facts, max_size=30), st.text(max_size=30), st.integers(0, 100))
def test_no_ranking_exceeds_its_budget_or_leaves_room_for_more(known: list[Fact], question: str, budget: int) -> None:
    chosen = rank(known, b"", question, NOW, budget)
    left = budget - sum(estimate(one.text) for one in chosen)
    assert left >= 0
    assert [one.turn_id for one in chosen] == sorted(one.turn_id for one in chosen)
    told = set(texts(chosen))
    assert all(one.text in told or estimate(one.text) > left for one in known)


def test_age_never_outweighs_what_matters_most() -> None:
    """A decisive fact of last year is told before small talk of today."""
    known = [fact("Ann saved the mill.", 1, 5), fact("Ann likes rain.", 365 * DAY, 1)]
    ranked = rank(known, b"", "", identity(365 * DAY), max(estimate(one.text) for one in known))
    assert texts(ranked) == ["Ann saved the mill."]
