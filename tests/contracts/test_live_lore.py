"""The contract of reading a title's live lore, and of copies of it: snapshots in spaces of their own."""

from __future__ import annotations

import random

import pytest

from npcops.errors import InvalidRequest
from npcops.lore import OPEN, Chunk, Gate, IndexedChunk, Viewer, space_of
from tests.contracts.lore_samples import ANYONE, Adapter, ids, indexed, pointing

SNAPSHOT = "0123456789abcdef"
DOCUMENTS = ("", "Z.md", "a.md", "b/c d.md", "z.md", "ä.md", "黒.md", "𐍈.md")


def positions(adapter: Adapter, title: str, after: str = "") -> list[tuple[str, int, str]]:
    """Where the live chunks are, as they come."""
    found = [item.chunk for item in adapter.store.live(title, after)]
    return [(chunk.document, chunk.position, chunk.text) for chunk in found]


def test_live_lore_is_read_whole_and_in_order(adapter: Adapter, title: str) -> None:
    names = [name or "0.md" for name in DOCUMENTS]
    documents = [
        [indexed(f"{name} {n}", pointing(n, place), name, n) for n in range(2)] for place, name in enumerate(names[:6])
    ] + [[indexed(name, document=name)] for name in names[6:]]
    shuffled = list(documents)
    random.Random(3).shuffle(shuffled)
    adapter.publish(title, *shuffled)
    adapter.store.stage(title, [indexed("A draft.", document="draft.md"), indexed("Another.", document="a.md")])
    adapter.settle()
    found = list(adapter.store.live(title))
    expected = [item for one in sorted(documents, key=lambda one: one[0].chunk.document.encode()) for item in one]
    assert [item.chunk for item in found] == [item.chunk for item in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.vector == pytest.approx(other.vector, abs=1e-6)
    assert list(adapter.store.live_ids(title)) == [(item.chunk.document, item.chunk.id) for item in expected]
    for number, name in enumerate(sorted(names, key=str.encode)):
        following = {place[0] for place in positions(adapter, title, after=name)}
        assert following == set(sorted(names, key=str.encode)[number + 1 :])


def test_live_lore_follows_its_commits(adapter: Adapter, title: str) -> None:
    one, two = indexed("One.", pointing(0)), indexed("Two.", pointing(10), position=1)
    adapter.publish(title, [one, two], [indexed("Other.", document="b.md")])
    adapter.store.commit(title, "a.md", ids([two, one]))
    adapter.store.commit(title, "b.md", [])
    adapter.settle()
    assert positions(adapter, title) == [("a.md", 0, "Two."), ("a.md", 1, "One.")]
    assert list(adapter.store.live_ids(title)) == [("a.md", two.chunk.id), ("a.md", one.chunk.id)]


def test_live_lore_of_many_pages_is_whole(adapter: Adapter, title: str) -> None:
    """More than a page of everything, in one document and across several."""
    large = [indexed(f"Line {n}", pointing(n / 10), "large.md", n) for n in range(1100)]
    small = [[indexed(f"Small {n}", pointing(n), f"small-{n:03}.md")] for n in range(150)]
    adapter.publish(title, large)
    adapter.store.publish(title, [item for one in small for item in one])
    adapter.settle()
    expected = [item.chunk.id for item in (*large, *(item for one in small for item in one))]
    assert [item.chunk.id for item in adapter.store.live(title)] == expected
    assert [identity for _, identity in adapter.store.live_ids(title)] == expected


def test_lore_that_changes_while_it_is_read_stops_nobody(adapter: Adapter, title: str) -> None:
    adapter.store.publish(title, [indexed(f"{n}", document=f"{n:04}.md") for n in range(600)])
    adapter.settle()
    reading = adapter.store.live(title)
    first = next(reading)
    adapter.store.commit(title, "0599.md", [])
    adapter.publish(title, [indexed("New.", document="0598.md")])
    later = [item.chunk.text for item in reading]
    assert first.chunk.text == "0"
    assert later == [*(f"{n}" for n in range(1, 598)), "New."]


def test_what_is_published_is_live_without_a_commit(adapter: Adapter, title: str) -> None:
    gate = Gate(frozenset({"war"}), frozenset({"peace"}), frozenset({"witch"}))
    chunks = [indexed("The mill burns.", pointing(0), position=3), indexed("A secret.", pointing(10), gate=gate)]
    adapter.store.publish(title, [*chunks, chunks[0]])
    adapter.settle()
    adapter.store.publish(title, [IndexedChunk(chunks[0].chunk, pointing(80))])
    adapter.settle()
    assert adapter.store.live_counts(title) == {"a.md": 2}
    (hit,) = adapter.store.search(title, "mill secret", pointing(0), ANYONE, 5)
    assert hit.chunk == chunks[0].chunk
    assert hit.similarity == pytest.approx(1.0, abs=1e-4)
    told = adapter.store.search(title, "mill secret", pointing(0), Viewer("witch", frozenset({"war"})), 5)
    assert {hit.chunk.text for hit in told} == {"The mill burns.", "A secret."}
    assert adapter.store.commit(title, "a.md", ids(chunks[1:])) == 1
    adapter.settle()
    assert positions(adapter, title) == [("a.md", 0, "A secret.")]


def test_nothing_is_published_with_vectors_of_another_length(adapter: Adapter, title: str) -> None:
    with pytest.raises(InvalidRequest, match="8 dimensions"):
        adapter.store.publish(title, [IndexedChunk(indexed("Short.").chunk, (1.0, 0.0))])
    adapter.store.publish(title, [])
    assert list(adapter.store.live(title)) == []


def test_a_title_without_lore_has_none_to_read(adapter: Adapter, title: str) -> None:
    assert list(adapter.store.live(title)) == []
    assert list(adapter.store.live_ids(title)) == []


def test_a_snapshot_is_a_space_of_its_own(adapter: Adapter, title: str) -> None:
    """Neither sees, changes nor drops the other; nor does a title whose name resembles the space's."""
    space, lookalike = space_of(title, SNAPSHOT), f"{title}-{SNAPSHOT}"
    spaces = {title: "live", space: "kept", lookalike: "foreign", space_of(lookalike, SNAPSHOT): "foreign and kept"}
    for name, text in spaces.items():
        adapter.publish(name, [indexed(f"{text} mill", pointing(0))])

    def found() -> dict[str, list[str]]:
        return {
            name: [hit.chunk.text for hit in adapter.store.search(name, "mill", pointing(0), ANYONE, 9)]
            for name in spaces
        }

    expected = {name: [f"{text} mill"] for name, text in spaces.items()}
    assert found() == expected
    for name in (title, lookalike, space):
        adapter.store.drop_title(name)
        adapter.settle()
        expected[name] = []
        assert found() == expected


def test_a_gate_that_is_dropped_later_still_holds_in_an_older_snapshot(adapter: Adapter, title: str) -> None:
    space = space_of(title, SNAPSHOT)
    gate = Gate(frozenset({"met-king"}), known_by=frozenset({"witch"}))
    adapter.publish(title, [indexed("The king is a baker.", pointing(0), gate=gate)])
    adapter.store.publish(space, list(adapter.store.live(title)))
    adapter.publish(title, [indexed("The king is a baker.", pointing(0), gate=OPEN)])
    adapter.settle()
    assert adapter.store.live_counts(space) == {"a.md": 1}

    def knows(where: str, viewer: Viewer) -> bool:
        by_word, by_meaning = (
            adapter.store.search(where, *question, viewer, 5) for question in (("baker", ()), ("", pointing(0)))
        )
        assert bool(by_word) == bool(by_meaning)
        return bool(by_word)

    assert knows(title, Viewer("miller"))
    assert not knows(space, Viewer("miller", frozenset({"met-king"})))
    assert not knows(space, Viewer("witch"))
    assert knows(space, Viewer("witch", frozenset({"met-king"})))


def test_a_copy_is_what_it_was_copied_from(adapter: Adapter, title: str) -> None:
    gated = Gate(frozenset({"war"}), frozenset({"place:mill, old"}), frozenset({"witch"}))
    texts = ('Secret\n\nand quoted "so".', "Nobody's.", "Rumour.")
    gates = (gated, Gate(known_by=frozenset()), OPEN)
    chunks = [
        indexed(text, pointing(n), "ä/b c+d.md", n, gate, "Über «Dinge»", ("One", "Two > 2"))
        for n, (text, gate) in enumerate(zip(texts, gates, strict=True))
    ]
    rumour = Chunk(
        **{name: getattr(chunks[2].chunk, name) for name in chunks[2].chunk.__struct_fields__} | {"canon": False}
    )
    adapter.publish(title, [*chunks[:2], IndexedChunk(rumour, chunks[2].vector)])
    space = space_of(title, SNAPSHOT)
    adapter.store.publish(space, list(adapter.store.live(title)))
    adapter.settle()
    assert [item.chunk for item in adapter.store.live(space)] == [item.chunk for item in adapter.store.live(title)]
    assert list(adapter.store.live_ids(space)) == list(adapter.store.live_ids(title))
