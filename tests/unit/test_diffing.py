"""Differences between what the index holds and what it should hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from npcops.diffing import Difference, diff
from npcops.lore import OPEN, Chunk, Gate, chunk_id

TEXTS = st.sampled_from(["one", "two", "three", "four"])
GATES = st.sampled_from([OPEN, Gate(known_by=frozenset()), Gate(requires=frozenset({"a"}))])


def make(text: str, gate: Gate = OPEN, occurrence: int = 0, position: int = 0) -> Chunk:
    identity = chunk_id("d.md", "T", ("H",), text, gate, True, occurrence)
    return Chunk(identity, "d.md", "T", ("H",), text, position, gate)


versions = st.lists(st.builds(make, TEXTS, GATES, st.integers(0, 2), st.integers(0, 9)), max_size=12)


def apply(held: set[str], difference: Difference) -> set[str]:
    return (held | {chunk.id for chunk in difference.add}) - difference.drop


@given(versions, versions)
def test_applying_a_difference_gives_the_new_set(old: list[Chunk], new: list[Chunk]) -> None:
    held, wanted = {chunk.id for chunk in old}, {chunk.id for chunk in new}
    difference = diff(held, new)
    added = [chunk.id for chunk in difference.add]
    assert apply(held, difference) == wanted
    assert not held & set(added)
    assert len(added) == len(set(added))
    assert set(difference.keep) == held & wanted
    assert list(difference.keep) == [one for one in dict.fromkeys(chunk.id for chunk in new) if one in held]


@given(versions, versions)
def test_vectors_are_reused_exactly_where_the_search_text_is_equal(old: list[Chunk], new: list[Chunk]) -> None:
    by_id = {chunk.id: chunk for chunk in old}
    difference = diff(by_id, new)
    for chunk in difference.add:
        if chunk.id in difference.reuse:
            assert by_id[difference.reuse[chunk.id]].search_text == chunk.search_text
        else:
            assert chunk in difference.embed
            assert chunk.search_text not in {other.search_text for other in old}
    assert set(difference.reuse) <= {chunk.id for chunk in difference.add}
    assert difference == diff(reversed(list(by_id)), new)


@given(versions, versions)
def test_a_difference_applied_again_changes_nothing(old: list[Chunk], new: list[Chunk]) -> None:
    held = apply({chunk.id for chunk in old}, diff({chunk.id for chunk in old}, new))
    again = diff(held, new)
    assert (again.add, again.reuse, again.drop) == ((), {}, frozenset())


@given(versions, versions)
def test_a_difference_interrupted_anywhere_converges(old: list[Chunk], new: list[Chunk]) -> None:
    held = {chunk.id for chunk in old}
    first = diff(held, new)
    for done in range(len(first.add) + 1):
        partly = held | {chunk.id for chunk in first.add[:done]}
        assert apply(partly, diff(partly, new)) == {chunk.id for chunk in new}


def test_a_new_gate_costs_no_embedding() -> None:
    open_chunks = [make("one"), make("two", position=1)]
    closed = [make(chunk.text, Gate(known_by=frozenset({"hobb"})), position=chunk.position) for chunk in open_chunks]
    difference = diff((chunk.id for chunk in open_chunks), closed)
    assert difference.embed == ()
    assert difference.reuse == {new.id: old.id for new, old in zip(closed, open_chunks, strict=True)}
    assert difference.drop == {chunk.id for chunk in open_chunks}


def test_a_second_copy_of_a_passage_costs_no_embedding() -> None:
    first, second = make("one"), make("one", occurrence=1, position=1)
    assert diff([first.id], [first, second]) == Difference((second,), {second.id: first.id}, frozenset(), (first.id,))
