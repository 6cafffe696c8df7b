"""Retrieval: from a player's question to passages, on the embedded store with a model that counts words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.adapters.sqlite_store import SqliteVectorStore
from npcops.errors import ModelUnavailable
from npcops.lore import OPEN, Chunk, Gate, IndexedChunk, Passage, Viewer, chunk_id
from npcops.retrieval import PER_DOCUMENT, Found, Retriever, select
from npcops.tokens import estimate

ANYONE = Viewer(None)
# The whole language of the model below: a vector counts these words.
LANGUAGE = ("mill", "king", "river", "sword", "ghost", "bread", "crown", "night")


class CountingModel:
    """Embeds a text as the counts of the words it knows, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.calls = 0

    def embed_queries(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        self.calls += 1
        self.asked.extend(texts)
        return self.embed_documents(texts)

    def embed_documents(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> tuple[float, ...]:
        counts = [float(text.lower().count(word)) for word in LANGUAGE]
        length = math.hypot(*counts) or 1.0
        return tuple(count / length for count in counts)


class Shelf:
    """A store with the documents of a test, and a retriever over it."""

    def __init__(self, folder: Path) -> None:
        self.store, self.model = SqliteVectorStore(folder, len(LANGUAGE)), CountingModel()
        self.retriever = Retriever(self.model, self.store)

    def put(self, document: str, *texts: str, gates: Sequence[Gate] = (), headings: Sequence[str] = ()) -> list[Chunk]:
        chunks = []
        for n, text in enumerate(texts):
            path = (headings[n],) if headings else ()
            gate = gates[n] if gates else OPEN
            identity = chunk_id(document, "Lore", path, text, gate, True)
            chunks.append(Chunk(identity, document, "Lore", path, text, n, gate))
        vectors = self.model.embed_documents([chunk.search_text for chunk in chunks])
        self.store.stage("t", [IndexedChunk(*pair) for pair in zip(chunks, vectors, strict=True)])
        self.store.commit("t", document, [chunk.id for chunk in chunks])
        return chunks

    def ask(
        self, question: str, viewer: Viewer = ANYONE, budget: int = 1000, history: Sequence[str] = ()
    ) -> list[Passage]:
        return list(self.retriever.find("t", question, viewer, budget, history=history).passages)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.store.close()


def test_the_best_passage_comes_first_with_where_it_stands(shelf: Shelf) -> None:
    shelf.put("bread.md", "Bread is baked at night.")
    (chunk,) = shelf.put("mill.md", "The mill grinds for the king.")
    first = shelf.ask("Who owns the mill of the king?")[0]
    assert first == Passage(chunk.id, "mill.md", "Lore", "Lore", chunk.text, first.score, OPEN, True, (chunk.id,))
    assert first.score == pytest.approx(1.0)


def test_neighbours_become_one_passage_in_their_order(shelf: Shelf) -> None:
    chunks = shelf.put("mill.md", "A king built it.", "Then the mill king drowned.", "Bread came later.")
    (passage,) = shelf.ask("the mill king")
    assert passage.text == "A king built it.\nThen the mill king drowned.\nBread came later."
    assert passage.id == chunks[1].id
    assert passage.chunks == tuple(chunk.id for chunk in chunks)


def test_chunks_below_different_headings_stay_apart(shelf: Shelf) -> None:
    shelf.put("mill.md", "The mill burned.", "The mill was rebuilt.", headings=["Fire", "After"])
    assert {passage.heading_path for passage in shelf.ask("mill")} == {"Lore > Fire", "Lore > After"}


def test_chunks_with_different_gates_stay_apart(shelf: Shelf) -> None:
    secret = Gate(requires=frozenset({"war"}))
    shelf.put("mill.md", "The mill burned.", "The king burned the mill.", gates=[OPEN, secret])
    passages = shelf.ask("mill", Viewer(None, frozenset({"war"})))
    assert {passage.text: passage.gate for passage in passages} == {
        "The mill burned.": OPEN,
        "The king burned the mill.": secret,
    }


def test_what_the_viewer_may_not_see_is_no_part_of_any_passage(shelf: Shelf) -> None:
    shelf.put(
        "mill.md",
        "The mill burned.",
        "The king did it.",
        "The mill stood.",
        gates=[OPEN, Gate(known_by=frozenset()), OPEN],
    )
    assert [passage.text for passage in shelf.ask("mill king", Viewer("miller"))] == [
        "The mill burned.",
        "The mill stood.",
    ]


def test_the_budget_is_filled_and_kept(shelf: Shelf) -> None:
    for n in range(12):
        shelf.put(f"{n}.md", f"The mill number {n} " + "stands by the water and turns all day long " * n)
    for budget in (0, 5, 30, 120, 400, 5000):
        passages = shelf.ask("mill", budget=budget)
        spent = sum(estimate(f"{passage.heading_path}\n{passage.text}") for passage in passages)
        assert spent <= budget
        assert (budget >= 5000) == (len(passages) == 12)
    assert len(shelf.ask("mill", budget=120)) > 2


def test_a_smaller_chunk_takes_the_room_that_a_larger_one_cannot(shelf: Shelf) -> None:
    shelf.put("long.md", "mill mill mill " * 100)
    shelf.put("short.md", "A mill and some bread.")
    assert [passage.document for passage in shelf.ask("mill", budget=50)] == ["short.md"]


def test_no_document_takes_all_the_room_while_others_have_something_to_say(shelf: Shelf) -> None:
    many = shelf.put("many.md", *[f"The mill, once more: {n}." for n in range(10)])
    (one,) = shelf.put("one.md", "A mill of bread and king and river.")
    room = PER_DOCUMENT * estimate(many[0].search_text) + estimate(one.search_text)
    few = {chunk for passage in shelf.ask("mill", budget=room) for chunk in passage.chunks}
    assert one.id in few
    assert len(few) == PER_DOCUMENT + 1
    assert sum(len(passage.chunks) for passage in shelf.ask("mill")) == len(many) + 1


@pytest.mark.parametrize("question", ["", "   ", "?!", "…"])
def test_a_question_without_letters_finds_nothing_and_costs_nothing(shelf: Shelf, question: str) -> None:
    shelf.put("mill.md", "The mill burned.")
    assert shelf.ask(question, history=["Tell me of the mill."]) == []
    assert shelf.model.asked == []


def test_a_title_without_lore_gives_no_passages(shelf: Shelf) -> None:
    assert shelf.ask("Who owns the mill?") == []


def test_a_short_question_is_understood_with_what_was_said_before(shelf: Shelf) -> None:
    shelf.put("mill.md", "The mill was built by Oda.")
    shelf.put("sword.md", "The sword was built by Ulf.")
    assert shelf.ask("And who built it?", history=["Hello!", "What is the mill?"])[0].document == "mill.md"
    assert shelf.ask("And who built it?", history=["Hello!", "What is the sword?"])[0].document == "sword.md"


def test_only_the_last_messages_count(shelf: Shelf) -> None:
    shelf.ask("Who built it?", history=["The ghost?", "The mill?", "The river?"])
    assert shelf.model.asked == ["Who built it?", "The mill? The river?"]


def test_a_follow_up_question_is_embedded_with_what_it_follows_at_once(shelf: Shelf) -> None:
    shelf.ask("Who built it?", history=["The mill?"])
    assert (len(shelf.model.asked), shelf.model.calls) == (2, 1)


def test_a_question_that_says_what_it_means_is_taken_by_itself(shelf: Shelf) -> None:
    shelf.ask("Could you please tell me everything about the sword that the old king lost?", history=["The mill?"])
    assert len(shelf.model.asked) == 1


def test_messages_without_letters_are_no_history(shelf: Shelf) -> None:
    shelf.ask("Who built it?", history=["...", "?"])
    assert len(shelf.model.asked) == 1


def test_a_model_that_does_not_answer_is_told_to_the_caller(shelf: Shelf) -> None:
    class Unavailable(CountingModel):
        def embed_queries(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
            raise ModelUnavailable("The embedding model did not answer.")

    with pytest.raises(ModelUnavailable):
        Retriever(Unavailable(), shelf.store).find("t", "mill", ANYONE, 100)


ranked_chunks = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 60), st.floats(0, 1)), max_size=25, unique_by=lambda item: item[2]
)


@given(made=ranked_chunks, budget=st.integers(0, 300))
def test_a_selection_is_of_what_was_ranked_and_within_the_budget(
    made: list[tuple[str, int, float]], budget: int
) -> None:
    ranked = [
        (Chunk(f"{n}", document, "T", (), "word " * size, n, OPEN), score)
        for n, (document, size, score) in enumerate(sorted(made, key=lambda item: -item[2]))
    ]
    chosen = select(ranked, budget)
    assert len({chunk.id for chunk, _ in chosen}) == len(chosen)
    assert set(chosen) <= set(ranked)
    assert sum(estimate(chunk.search_text) for chunk, _ in chosen) <= budget
    if ranked and estimate(ranked[0][0].search_text) <= budget:
        assert chosen[0] == ranked[0]


def test_the_vector_of_a_question_comes_with_its_passages(shelf: Shelf) -> None:
    (chunk,) = shelf.put("mill.md", "The mill burned.")
    found = shelf.retriever.find("t", "Who owns the mill?", ANYONE, 100)
    assert [passage.id for passage in found.passages] == [chunk.id]
    assert found.vector == shelf.model.embed_documents(["mill"])[0]
    assert shelf.model.calls == 1


def test_a_question_that_is_not_searched_has_no_vector(shelf: Shelf) -> None:
    assert shelf.retriever.find("t", "?!", ANYONE, 100) == Found()


def test_a_passage_changes_its_id_with_its_gate(shelf: Shelf) -> None:
    texts = ["The mill burned.", "The mill burned."]
    gates = [Gate(requires=frozenset({"war"})), Gate(requires=frozenset({"peace"}))]
    first, second = shelf.put("mill.md", *texts, gates=gates)
    assert first.id != second.id
