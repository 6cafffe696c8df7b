"""Chunks: nothing lost, nothing torn, about the target size, and an edit moves no other chunk."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops import sentences
from npcops.chunking import MAX_CHUNKS, TARGET, chunk
from npcops.errors import TooLarge
from npcops.lore import SEARCH_TEXT_HASH, Document, Gate, Section, chunk_id

WORDS = [
    *("the", "tide", "king", "salt", "lantern", "water", "bell", "slow", "wall", "night", "warden", "keeper", "stone"),
    *("ferry", "oil", "marsh", "lamp", "gold", "raker", "of", "and", "with", "under", "over", "saw", "heard", "forgot"),
]


def document(*sections: Section | str, path: str = "a/b.md") -> Document:
    return Document(path, "Title", tuple(Section(("H",), one) if isinstance(one, str) else one for one in sections))


def paragraph(source: random.Random, length: int) -> str:
    said: list[str] = []
    while sum(map(len, said)) < length:
        words = [source.choice(WORDS) for _ in range(source.randrange(6, 20))]
        said.append(f" {' '.join(words).capitalize()}.")
    return "".join(said)[:length].strip().rstrip(".") + "."


def ink(text: str) -> str:
    return "".join(text.split())


pieces = st.sampled_from(
    [" ", "\n", "\n\n", ". ", "! ", "? ", "… ", "。", "！", ", ", "; ", " - ", '." ', "Mr. ", "1.5 "]
)
texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=30) | pieces, max_size=120).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, min_size=1, max_size=4), st.integers(8, 300))
def test_every_visible_character_is_in_exactly_one_chunk(parts: list[str], target: int) -> None:
    # Different parents keep short sections apart, whose joining adds their headings to the text.
    sections = [Section((f"parent {number}", "H"), text) for number, text in enumerate(parts)]
    chunks = chunk(document(*sections), target)
    for section in sections:
        own = [one.text for one in chunks if one.headings == section.headings]
        assert ink("".join(own)) == ink(section.text)
        assert all(text == text.strip() and text in section.text for text in own)
    assert [one.position for one in chunks] == list(range(len(chunks)))
    assert len({one.id for one in chunks}) == len(chunks)
    assert all(len(one.text) <= target * 3 // 2 for one in chunks)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(20, 1500), min_size=1, max_size=30))
def test_prose_makes_chunks_of_the_right_size_that_end_with_sentences(seed: int, lengths: list[int]) -> None:
    source = random.Random(seed)
    text = "\n\n".join(paragraph(source, length) for length in lengths)
    chunks = chunk(document(text))
    assert all(one.text.endswith(".") for one in chunks)
    assert all(len(one.text) <= TARGET * 3 // 2 for one in chunks)
    if len(text) > 6 * TARGET:
        assert 300 <= sum(len(one.text) for one in chunks) / len(chunks) <= 650


def corpus() -> list[list[str]]:
    """Documents whose paragraphs are short, middling, long or mixed, always the same ones."""
    source = random.Random(20)
    ranges = ((60, 600), (120, 300), (250, 450), (400, 760))
    return [
        [paragraph(source, source.randrange(*ranges[number % 4])) for _ in range(source.randrange(3, 25))]
        for number in range(120)
    ]


def ids(paragraphs: list[str]) -> set[str]:
    return {one.id for one in chunk(document("\n\n".join(paragraphs)))}


def changed_by(edit: str) -> Counter[int]:
    """How often an edit of one paragraph made how many chunks anew, over every document of the corpus."""
    source = random.Random(7)
    counts: Counter[int] = Counter()
    for paragraphs in corpus():
        before = ids(paragraphs)
        for place in random.Random(len(paragraphs)).sample(range(len(paragraphs)), 3):
            old = paragraphs[place]
            new = {
                "word": [old.replace(" ", " new ", 1) if len(old) < 60 else old[:-9] + " newly changed."],
                "replace": [paragraph(source, round(len(old) * source.uniform(0.9, 1.1)))],
                "insert": [old, paragraph(source, 300)],
                "delete": [],
            }[edit]
            counts[len(ids(paragraphs[:place] + new + paragraphs[place + 1 :]) - before)] += 1
    return counts


@pytest.mark.parametrize(("edit", "share"), [("word", 0.99), ("replace", 0.97), ("insert", 0.95), ("delete", 0.98)])
def test_an_edit_of_one_paragraph_makes_at_most_two_chunks_anew(edit: str, share: float) -> None:
    counts = changed_by(edit)
    assert sum(count for chunks, count in counts.items() if chunks <= 2) >= share * counts.total(), counts
    assert max(counts) <= 4, counts


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(420, 760), min_size=1, max_size=12), st.data())
def test_a_paragraph_of_chunk_size_is_a_chunk_of_its_own(seed: int, lengths: list[int], data: st.DataObject) -> None:
    source = random.Random(seed)
    paragraphs = [paragraph(source, length) for length in lengths]
    place = data.draw(st.integers(0, len(paragraphs) - 1))
    edited = [*paragraphs[:place], paragraph(source, lengths[place]), *paragraphs[place + 1 :]]
    assert len(ids(edited) - ids(paragraphs)) <= 1
    assert len(ids(paragraphs)) == len(paragraphs)


def test_a_row_of_a_long_table_changes_few_chunks() -> None:
    source = random.Random(3)
    rows = [f"good: {source.choice(WORDS)} {number}; price: {source.randrange(99)} chips." for number in range(400)]
    before = {one.id for one in chunk(document("\n".join(rows)))}
    rows[200] = "good: old lamp; price: 3 chips."
    assert len({one.id for one in chunk(document("\n".join(rows)))} - before) <= 2


def test_no_chunk_spans_sections() -> None:
    chunks = chunk(document(Section(("A",), "x" * 100), Section(("B",), "y" * 100)))
    assert [(one.headings, one.text[0]) for one in chunks] == [(("A",), "x"), (("B",), "y")]


def test_sections_too_short_to_be_found_are_joined_below_their_parent() -> None:
    glossary = [Section(("Money", name), f"{name} is a coin.") for name in ("Chip", "Pan", "Scale")]
    chunks = chunk(document(*glossary, Section(("Other", "Eel"), "Eel is no coin.")))
    assert [(one.headings, one.text) for one in chunks] == [
        (("Money",), "Chip: Chip is a coin.\nPan: Pan is a coin.\nScale: Scale is a coin."),
        (("Other", "Eel"), "Eel is no coin."),
    ]


def test_text_equal_to_other_text_keeps_an_id_of_its_own() -> None:
    chunks = chunk(document("Same words. " * 8, "Same words. " * 8))
    assert len(chunks) == len({one.id for one in chunks}) == 2
    assert len({one.id[:SEARCH_TEXT_HASH] for one in chunks}) == 1


def test_an_id_shows_whether_the_vector_can_be_reused() -> None:
    def make(path: str = "a", text: str = "t", gate: Gate = Gate(), canon: bool = True) -> str:  # noqa: B008
        return chunk_id(path, "Title", ("H",), text, gate, canon)

    same_text = [make(), make(path="b"), make(gate=Gate(known_by=frozenset())), make(canon=False)]
    assert len(set(same_text)) == 4
    assert len({one[:SEARCH_TEXT_HASH] for one in same_text}) == 1
    assert make()[:SEARCH_TEXT_HASH] != make(text="u")[:SEARCH_TEXT_HASH]
    assert all(len(one) == 24 and int(one, 16) >= 0 for one in same_text)


def test_scripts_of_short_words_get_shorter_chunks() -> None:
    chunks = chunk(document("北方的狼群在冬天来到村庄，老人们都还记得那一年。" * 60))
    assert max(len(one.text) for one in chunks) <= TARGET * 3 // 4
    assert all(one.text.endswith("。") for one in chunks)


def test_too_many_chunks_are_refused() -> None:
    sections = [Section((f"{number}", "H"), "x" * 90) for number in range(MAX_CHUNKS + 1)]
    assert len(chunk(document(*sections[:-1]))) == MAX_CHUNKS
    with pytest.raises(TooLarge, match="passages"):
        chunk(document(*sections))


def said(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences.sentences(text, (0, len(text)))]


@pytest.mark.parametrize(
    "expected",
    [
        ["Mr. Peake met Dr. Sallas at 3 p.m. in the inn.", "He paid."],
        ["“Why?” he asked.", "“Because!”", "She left."],
        ["Well... maybe.", "Wait…", "Then go."],
        ["See J. R. Vask, e.g. her lamps.", "They burn."],
        ["No.", "I will not.", "It is no. 9 now."],
        ["Маяк горел.", "Кто зажёг его в 173 г. до потопа?", "Никто!"],
        ["It cost 1.5 pans.", "(It was dear.)", "Yes."],
    ],
)
def test_sentences(expected: list[str]) -> None:
    assert said(" ".join(expected)) == expected


def test_sentences_without_spaces_between_them() -> None:
    assert said("灯台は古い。「誰が？」と彼は言った。海！") == ["灯台は古い。", "「誰が？」", "と彼は言った。", "海！"]


def test_a_word_longer_than_a_chunk_is_cut_between_letters_with_their_accents() -> None:
    text = "e\u0301" * 2_000
    chunks = chunk(document(text))
    assert "".join(one.text for one in chunks) == text
    assert all(one.text.startswith("e") for one in chunks)


def test_long_sentences_are_cut_at_clauses_before_words() -> None:
    clause = "the keeper who lit the lamp on the rock above the sea went down to the water once more, "
    chunks = chunk(document((clause * 12).strip()))
    assert len(chunks) > 1
    assert all(one.text.endswith(",") for one in chunks)
