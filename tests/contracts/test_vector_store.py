"""The contract of `VectorStore`, which every adapter keeps on the real engine behind it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import ValidationError, convert

from npcops.errors import InvalidRequest, StoreUnavailable
from npcops.lore import OPEN, Gate, IndexedChunk, ScoredChunk, Viewer
from npcops.memory import WorldState
from tests.contracts.lore_samples import ANYONE, Adapter, ids, indexed, pointing

FLAGS = ("met-king", "met-queen", "war", "faction:reeds", "place:mill, old")
NPCS = ("ferryman", "miller", "witch")


def found(
    adapter: Adapter,
    title: str,
    text: str = "",
    vector: Sequence[float] = (),
    viewer: Viewer = ANYONE,
    limit: int = 10,
) -> dict[str, ScoredChunk]:
    """What a search finds, by text; fails if a chunk came twice."""
    hits = adapter.store.search(title, text, vector, viewer, limit)
    by_text = {hit.chunk.text: hit for hit in hits}
    assert len(by_text) == len(hits)
    return by_text


def test_staged_chunks_are_invisible_until_committed(adapter: Adapter, title: str) -> None:
    chunks = [indexed("The mill burns.", pointing(0))]
    adapter.store.stage(title, chunks)
    adapter.settle()
    assert found(adapter, title, "mill", pointing(0)) == {}
    assert adapter.store.live_counts(title) == {}
    assert adapter.store.present(title, "a.md") == set(ids(chunks))

    assert adapter.store.commit(title, "a.md", ids(chunks)) == 1
    adapter.settle()
    assert found(adapter, title, "mill", pointing(0)).keys() == {"The mill burns."}
    assert adapter.store.live_counts(title) == {"a.md": 1}


def test_a_commit_may_be_repeated(adapter: Adapter, title: str) -> None:
    chunks = [indexed("One.", pointing(0)), indexed("Two.", pointing(10), position=1)]
    adapter.publish(title, chunks)
    assert adapter.store.commit(title, "a.md", ids(chunks)) == 2
    adapter.settle()
    assert found(adapter, title, vector=pointing(0)).keys() == {"One.", "Two."}


def test_a_commit_drops_what_it_does_not_keep(adapter: Adapter, title: str) -> None:
    old = [indexed("The king rules.", pointing(0)), indexed("The mill stands.", pointing(10), position=1)]
    adapter.publish(title, old)
    new = indexed("The queen rules.", pointing(5))
    adapter.store.stage(title, [new, indexed("A draft that nobody wanted.", pointing(7))])
    adapter.settle()
    assert adapter.store.commit(title, "a.md", [new.chunk.id, old[1].chunk.id]) == 2
    adapter.settle()
    assert found(adapter, title, "rules mill draft", pointing(0)).keys() == {"The queen rules.", "The mill stands."}
    assert adapter.store.present(title, "a.md") == {new.chunk.id, old[1].chunk.id}
    assert adapter.store.vectors(title, ids(old)).keys() == {old[1].chunk.id}


def test_an_empty_commit_removes_the_document(adapter: Adapter, title: str) -> None:
    adapter.publish(title, [indexed("The mill burns.", pointing(0))], [indexed("Still here.", document="b.md")])
    assert adapter.store.commit(title, "a.md", []) == 0
    adapter.settle()
    assert found(adapter, title, "mill burns still", pointing(0)).keys() == {"Still here."}
    assert adapter.store.live_counts(title) == {"b.md": 1}


def test_a_removed_chunk_can_come_back(adapter: Adapter, title: str) -> None:
    chunks = [indexed("The mill burns.", pointing(0))]
    adapter.publish(title, chunks)
    adapter.store.commit(title, "a.md", [])
    adapter.settle()
    assert found(adapter, title, "mill", pointing(0)) == {}
    adapter.publish(title, chunks)
    assert found(adapter, title, "mill", pointing(0)).keys() == {"The mill burns."}


def test_a_commit_of_chunks_that_are_not_there_changes_nothing(adapter: Adapter, title: str) -> None:
    adapter.publish(title, [indexed("The mill burns.", pointing(0))])
    with pytest.raises(StoreUnavailable, match="1 of the 1 chunks"):
        adapter.store.commit(title, "a.md", ["0" * 24])
    assert found(adapter, title, "mill").keys() == {"The mill burns."}


def test_staging_again_changes_and_adds_nothing(adapter: Adapter, title: str) -> None:
    chunk = indexed("The mill burns.", pointing(0))
    adapter.publish(title, [chunk])
    again = IndexedChunk(chunk.chunk, pointing(80))
    adapter.store.stage(title, [again, again])
    adapter.settle()
    hit = found(adapter, title, "mill", pointing(0))["The mill burns."]
    assert hit.similarity == pytest.approx(1.0, abs=1e-4)
    assert adapter.store.live_counts(title) == {"a.md": 1}
    assert adapter.store.vectors(title, [chunk.chunk.id])[chunk.chunk.id] == pytest.approx(pointing(0), abs=1e-6)


def test_defect_01_a_second_upload_keeps_the_first(adapter: Adapter, title: str) -> None:
    first = [indexed(f"Alder {n}.", pointing(n), "a.md", n) for n in range(3)]
    second = [indexed(f"Birch {n}.", pointing(n), "b.md", n) for n in range(3)]
    adapter.publish(title, first, second)
    assert len(found(adapter, title, "alder birch")) == 6
    assert adapter.store.live_counts(title) == {"a.md": 3, "b.md": 3}


def test_defect_13_the_metric_is_the_cosine_and_all_hits_come_back(adapter: Adapter, title: str) -> None:
    cosines = {0.0: 1.0, 60.0: 0.5, 90.0: 0.0, 120.0: -0.5, 180.0: -1.0}
    adapter.publish(title, [indexed(f"At {d}.", pointing(d), position=n) for n, d in enumerate(cosines)])
    hits = found(adapter, title, vector=pointing(0))
    assert {text: hit.similarity for text, hit in hits.items()} == pytest.approx(
        {f"At {degrees}.": cosine for degrees, cosine in cosines.items()}, abs=1e-4
    )


def test_each_side_finds_what_the_other_cannot(adapter: Adapter, title: str) -> None:
    adapter.publish(title, [indexed("Grimble the ferryman.", pointing(90)), indexed("He rows people.", pointing(0))])
    hits = found(adapter, title, "Grimble", pointing(0), limit=1)
    assert hits.keys() == {"Grimble the ferryman.", "He rows people."}
    assert hits["Grimble the ferryman."].similarity == pytest.approx(0.0, abs=1e-4)
    assert hits["Grimble the ferryman."].bm25 is not None
    assert hits["He rows people."].bm25 is None
    assert hits["He rows people."].similarity == pytest.approx(1.0, abs=1e-4)


def test_titles_and_headings_are_searched_by_words(adapter: Adapter, title: str) -> None:
    chunk = indexed("It was closed.", title="The Salt Road", headings=("History", "Tolls"))
    adapter.publish(title, [chunk])
    for word in ("salt", "tolls", "closed"):
        assert found(adapter, title, word).keys() == {"It was closed."}


def test_a_chunk_comes_back_as_it_was(adapter: Adapter, title: str) -> None:
    gate = Gate(frozenset({"war"}), frozenset({"place:mill, old"}), frozenset({"witch", "miller"}))
    gated = indexed(
        'Secret\n\nand quoted "so".', pointing(0), "ä/b c+d.md", 0, gate, "Über «Dinge»", ("One", "Two > 2")
    )
    nobody = indexed("Nobody's.", pointing(0), "ä/b c+d.md", 1, Gate(known_by=frozenset()))
    adapter.publish(title, [gated, nobody])
    witch = Viewer("witch", frozenset({"war"}))
    assert found(adapter, title, vector=pointing(0), viewer=witch)[gated.chunk.text].chunk == gated.chunk
    assert found(adapter, title, vector=pointing(0)).keys() == {"Nobody's."}


def test_words_of_other_scripts_are_found(adapter: Adapter, title: str) -> None:
    texts = {
        "черной": "Тайна черной башни",
        "πύργου": "Το μυστικό του πύργου",
        "قلعة": "في قلعة الملك",
        "黒い塔": "彼は黒い塔の秘密を知っている。",
        "成都": "他住在成都旁边。",
        "마을": "옛마을에 방앗간이 있다.",
        "ecole": "Une École près du fleuve",
        "ÜBERFAHRT": "Die Überfahrt kostet zwei Münzen",
    }
    adapter.publish(title, [indexed(text, position=n) for n, text in enumerate(texts.values())])
    for word, text in texts.items():
        assert found(adapter, title, word).keys() == {text}


def test_english_words_are_found_in_their_other_forms(adapter: Adapter, title: str) -> None:
    adapter.publish(title, [indexed("The bridges were burning.")])
    assert found(adapter, title, "Who burned that bridge?").keys() == {"The bridges were burning."}


@pytest.mark.parametrize(
    "question",
    [
        '"',
        "mill*",
        "text:mill",
        "mill AND",
        "NOT mill",
        "(mill",
        "mill OR)",
        "^mill",
        "a\x00mill",
        "{mill}",
        "mill\\",
        "-mill",
        "NEAR(mill fire)",
        "'; drop table chunks; --",
        "+mill~2 /x/",
        "mill " * 3000,
        " ".join(f"w{n}" for n in range(3000)),
    ],
)
def test_questions_have_no_syntax(adapter: Adapter, question: str) -> None:
    title = "Questions without syntax"
    if not adapter.store.present(title, "a.md"):
        adapter.publish(title, [indexed("The mill burns.", pointing(0))])
    hits = found(adapter, title, question, pointing(0))
    assert hits.keys() == {"The mill burns."}
    asks_for_mill = "mill" in question
    assert (hits["The mill burns."].bm25 is not None) == asks_for_mill


@pytest.mark.parametrize("question", ["", "  \n", "?!… ()"])
def test_a_question_without_words_is_answered_by_vector(adapter: Adapter, title: str, question: str) -> None:
    adapter.publish(title, [indexed("The mill burns.", pointing(0))])
    assert found(adapter, title, question, pointing(0)).keys() == {"The mill burns."}
    assert found(adapter, title, question) == {}
    assert found(adapter, title, question, (0.0,) * 8) == {}


def test_titles_are_worlds_of_their_own(adapter: Adapter, title: str) -> None:
    other = title + "x"
    chunks = [indexed("The mill burns.", pointing(0))]
    adapter.publish(title, chunks)
    assert found(adapter, other, "mill", pointing(0)) == {}
    adapter.publish(other, chunks)
    adapter.store.commit(other, "a.md", [])
    adapter.settle()
    assert found(adapter, other, "mill", pointing(0)) == {}
    assert adapter.store.present(other, "a.md") == set()
    assert adapter.store.vectors(other, ids(chunks)) == {}
    assert adapter.store.live_counts(other) == {}
    adapter.store.drop_title(other)
    assert found(adapter, title, "mill", pointing(0)).keys() == {"The mill burns."}


@pytest.mark.parametrize(
    "name", ["../escape", "a/b", "Ünïcode ☃", "UPPER", "upper", "a b", "a-b", "*", "-x", "_all", "%2e"]
)
def test_any_title_has_an_index_of_its_own(adapter: Adapter, name: str) -> None:
    adapter.publish(name, [indexed(f"About {name}.", pointing(0))])
    assert found(adapter, name, vector=pointing(0)).keys() == {f"About {name}."}
    adapter.store.drop_title(name)


def test_a_dropped_title_is_gone_and_may_begin_again(adapter: Adapter, title: str) -> None:
    gated = indexed("Gated.", pointing(0), gate=Gate(frozenset({"war"})))
    adapter.publish(title, [gated, indexed("The mill burns.", pointing(5), position=1)])
    adapter.store.drop_title(title)
    adapter.settle()
    assert found(adapter, title, "mill", pointing(0)) == {}
    assert adapter.store.live_counts(title) == {}
    assert adapter.store.present(title, "a.md") == set()
    adapter.store.drop_title(title)
    open_now = indexed("Gated.", pointing(0))
    adapter.publish(title, [open_now])
    assert [hit.chunk.gate for hit in found(adapter, title, "gated", pointing(0)).values()] == [OPEN]


def test_the_best_chunks_are_not_starved_by_denied_ones(adapter: Adapter, title: str) -> None:
    secret = Gate(requires=frozenset({"war"}))
    noise = random.Random(7)
    denied = [indexed(f"mill mill {n}", pointing(noise.random()), position=n, gate=secret) for n in range(1000)]
    allowed = [indexed(f"A mill, {n}", pointing(40 + n), "b.md", n) for n in range(5)]
    adapter.publish(title, denied, allowed)
    expected = {item.chunk.text for item in allowed}
    by_both = found(adapter, title, "mill", pointing(0), limit=5)
    assert by_both.keys() == expected
    assert all(hit.similarity is not None and hit.bm25 is not None for hit in by_both.values())
    assert len(found(adapter, title, "mill", pointing(0), Viewer(None, frozenset({"war"})), limit=5)) >= 5


gates = st.builds(
    Gate,
    requires=st.frozensets(st.sampled_from(FLAGS), max_size=3),
    forbids=st.frozensets(st.sampled_from(FLAGS), max_size=2),
    known_by=st.none() | st.frozensets(st.sampled_from(NPCS), max_size=2),
)
viewers = st.builds(
    Viewer,
    npc=st.none() | st.sampled_from(NPCS),
    flags=st.frozensets(st.sampled_from((*FLAGS, "unheard-of")), max_size=5),
)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(made=st.lists(gates, min_size=4, max_size=24), asking=st.lists(viewers, min_size=4, max_size=12))
def test_both_searches_find_exactly_what_the_gates_admit(
    adapter: Adapter, made: list[Gate], asking: list[Viewer]
) -> None:
    title = "Gates"
    chunks = [indexed(f"mill {n}", pointing(n), position=n, gate=gate) for n, gate in enumerate(made)]
    adapter.publish(title, chunks)
    for viewer in asking:
        admitted = {item.chunk.text for item in chunks if item.chunk.gate.admits(viewer)}
        assert found(adapter, title, vector=pointing(0), viewer=viewer, limit=50).keys() == admitted
        assert found(adapter, title, "mill", viewer=viewer, limit=50).keys() == admitted


def test_a_commit_in_another_order_moves_the_chunks(adapter: Adapter, title: str) -> None:
    chunks = [indexed(text, pointing(n), position=n) for n, text in enumerate(("One.", "Two.", "Three."))]
    adapter.publish(title, chunks)
    new = indexed("Zero.", pointing(50), position=0)
    adapter.store.stage(title, [new])
    adapter.settle()
    assert adapter.store.commit(title, "a.md", ids([new, chunks[2], chunks[0]])) == 3
    adapter.settle()
    hits = found(adapter, title, vector=pointing(0))
    assert {text: hit.chunk.position for text, hit in hits.items()} == {"Zero.": 0, "Three.": 1, "One.": 2}


def test_an_id_that_is_kept_twice_is_one_chunk(adapter: Adapter, title: str) -> None:
    twin, other = indexed("Refrain.", pointing(0)), indexed("Verse.", pointing(10), position=1)
    adapter.store.stage(title, [twin, other, twin])
    adapter.settle()
    assert adapter.store.commit(title, "a.md", ids([twin, other, twin])) == 2
    adapter.settle()
    assert found(adapter, title, vector=pointing(0))["Refrain."].chunk.position == 0
    assert adapter.store.live_counts(title) == {"a.md": 2}


def test_large_documents_are_whole(adapter: Adapter, title: str) -> None:
    chunks = [indexed(f"Line {n} of many", pointing(n / 10), position=n) for n in range(1234)]
    adapter.publish(title, chunks)
    assert adapter.store.live_counts(title) == {"a.md": 1234}
    assert adapter.store.present(title, "a.md") == set(ids(chunks))
    assert len(adapter.store.vectors(title, [*ids(chunks), "0" * 24])) == 1234
    assert adapter.store.commit(title, "a.md", ids(chunks)[:1]) == 1
    adapter.settle()
    assert adapter.store.live_counts(title) == {"a.md": 1}


def test_vectors_of_another_length_are_refused(adapter: Adapter, title: str) -> None:
    with pytest.raises(InvalidRequest, match="8 dimensions"):
        adapter.store.stage(title, [IndexedChunk(indexed("Short.").chunk, (1.0, 0.0))])
    with pytest.raises(InvalidRequest, match="8 dimensions"):
        adapter.store.search(title, "short", (1.0, 0.0), ANYONE, 5)
    assert adapter.store.present(title, "a.md") == set()


def test_a_title_that_was_never_written_is_empty(adapter: Adapter, title: str) -> None:
    assert found(adapter, title, "mill", pointing(0)) == {}
    assert adapter.store.present(title, "a.md") == set()
    assert adapter.store.vectors(title, ["0" * 24]) == {}
    assert adapter.store.live_counts(title) == {}
    assert adapter.store.commit(title, "a.md", []) == 0
    adapter.store.drop_title(title)


def test_a_player_of_whom_as_much_is_true_as_the_world_state_holds_can_ask(adapter: Adapter, title: str) -> None:
    flags = [f"{number:0128}" for number in range(500)]
    state = convert({"flags": flags, "faction": "f" * 128, "place": "p" * 128}, WorldState)
    gates = {
        "Told.": Gate(requires=frozenset(flags[::50])),
        "Hidden.": Gate(forbids=frozenset(flags[-1:])),
        "Untold.": Gate(requires=frozenset({flags[0], "other"})),
    }
    adapter.publish(
        title, [indexed(text, pointing(0), position=n, gate=gate) for n, (text, gate) in enumerate(gates.items())]
    )
    viewer = Viewer("miller", state.as_flags())
    for text in ("", "told hidden untold"):
        assert found(adapter, title, text, pointing(0), viewer).keys() == {"Told."}
    with pytest.raises(ValidationError):
        convert({"flags": [*flags, "one more"]}, WorldState)
