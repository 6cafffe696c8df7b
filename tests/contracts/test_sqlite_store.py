"""What the embedded store promises beyond the contract: several processes, fresh caches, files that stay in place."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from npcops.adapters import sqlite_title
from npcops.adapters.sqlite_store import SqliteVectorStore, file_name
from npcops.errors import Conflict, StoreUnavailable
from npcops.lore import Gate, IndexedChunk, ScoredChunk, Viewer
from tests.contracts.lore_samples import ANYONE, DIMENSIONS, ids, indexed, pointing

DOCUMENTS, CHUNKS = 12, 5


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteVectorStore]:
    store = SqliteVectorStore(tmp_path / "lore", DIMENSIONS)
    yield store
    store.close()


def write_documents(folder: Path, writer: str) -> None:
    """What each writing process does."""
    store = SqliteVectorStore(folder, DIMENSIONS)
    for n in range(DOCUMENTS):
        put(store, f"{writer}-{n}.md", *[f"{writer} {n} {m}" for m in range(CHUNKS)])


def put(store: SqliteVectorStore, document: str, *texts: str, gate: Gate | None = None) -> list[IndexedChunk]:
    chunks = [indexed(text, pointing(n), document, n, gate or Gate()) for n, text in enumerate(texts)]
    store.stage("t", chunks)
    store.commit("t", document, ids(chunks))
    return chunks


def search(store: SqliteVectorStore, text: str, viewer: Viewer = ANYONE) -> list[ScoredChunk]:
    return store.search("t", text, pointing(0), viewer, 100)


def test_several_processes_may_write_one_title_from_its_first_moment(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_documents, args=(tmp_path, name)) for name in ("ash", "birch", "cedar")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    store = SqliteVectorStore(tmp_path, DIMENSIONS)
    assert store.live_counts("t") == {
        f"{w}-{n}.md": CHUNKS for w in ("ash", "birch", "cedar") for n in range(DOCUMENTS)
    }
    assert len(search(store, "ash birch cedar")) > 0
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".sqlite"] == [file_name("t")]
    store.close()


def test_a_reader_sees_what_another_one_writes(store: SqliteVectorStore, tmp_path: Path) -> None:
    reader = SqliteVectorStore(tmp_path / "lore", DIMENSIONS)
    put(store, "a.md", "The mill burns.")
    assert {hit.chunk.text for hit in search(reader, "mill")} == {"The mill burns."}
    put(store, "a.md", "The mill stands.", "A king.")
    put(store, "b.md", "A secret.", gate=Gate(frozenset({"war"})))
    hits = search(reader, "mill")
    assert {hit.chunk.text for hit in hits} == {"The mill stands.", "A king."}
    assert {hit.chunk.text: hit.similarity for hit in hits} == pytest.approx(
        {"The mill stands.": 1.0, "A king.": 0.99985}, abs=1e-4
    )
    assert len(search(reader, "secret", Viewer(None, frozenset({"war"})))) == 3
    store.drop_title("t")
    assert search(reader, "mill") == []
    put(store, "a.md", "A king.")
    assert {hit.chunk.text for hit in search(reader, "mill")} == {"A king."}
    reader.close()


def test_a_reader_that_slept_through_many_changes_catches_up(
    store: SqliteVectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_title, "HISTORY", 3)
    reader = SqliteVectorStore(tmp_path / "lore", DIMENSIONS)
    put(store, "a.md", "The mill, version 0.", "It stays.")
    assert len(search(reader, "mill")) == 2
    for n in range(1, 20):
        put(store, "a.md", f"The mill, version {n}.", "It stays.")
    assert {hit.chunk.text for hit in search(reader, "mill")} == {"The mill, version 19.", "It stays."}
    put(store, "b.md", "Another.")
    assert len(search(reader, "mill")) == 3
    reader.close()


def test_threads_may_share_a_store(store: SqliteVectorStore) -> None:
    put(store, "a.md", "The mill burns.")

    def work(n: int) -> int:
        put(store, f"{n}.md", f"The mill {n}.")
        return len(search(store, "mill"))

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(16)))
    assert max(counts) == 17
    assert len(store.live_counts("t")) == 17


def test_a_folder_made_for_other_vectors_is_refused(store: SqliteVectorStore, tmp_path: Path) -> None:
    put(store, "a.md", "The mill burns.")
    with pytest.raises(Conflict, match="8 dimensions, not 4"):
        SqliteVectorStore(tmp_path / "lore", 4).present("t", "a.md")
    assert len(search(store, "mill")) == 1


def test_asking_leaves_no_files(store: SqliteVectorStore, tmp_path: Path) -> None:
    assert search(store, "mill") == []
    assert store.commit("t", "a.md", []) == 0
    store.drop_title("t")
    assert not (tmp_path / "lore").exists()


def test_a_writer_that_must_wait_too_long_says_so(
    store: SqliteVectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_title, "BUSY_SECONDS", 0.05)
    put(store, "a.md", "The mill burns.")
    other = sqlite3.connect(tmp_path / "lore" / file_name("t"), isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StoreUnavailable, match="SQLITE_BUSY"):
        put(store, "b.md", "Another.")
    assert len(search(store, "mill")) == 1
    other.execute("rollback")
    other.close()
    put(store, "b.md", "Another.")
    assert len(search(store, "mill")) == 2


def test_what_is_dropped_gives_its_room_back(store: SqliteVectorStore, tmp_path: Path) -> None:
    def room() -> int:
        return sum(path.stat().st_size for path in (tmp_path / "lore").iterdir() if "-shm" not in path.name)

    put(store, "a.md", *(f"The mill of year {n} {'burns ' * 200}" for n in range(600)))
    taken = room()
    reader = SqliteVectorStore(tmp_path / "lore", DIMENSIONS)
    assert len(search(reader, "mill")) >= 100
    store.drop_title("t")
    assert room() < taken / 5
    assert search(reader, "mill") == []
    put(store, "a.md", "The mill stands.")
    assert len(search(reader, "mill")) == 1
    reader.close()


def test_a_title_is_dropped_also_while_it_is_being_read(store: SqliteVectorStore, tmp_path: Path) -> None:
    put(store, "a.md", "The mill burns.")
    other = sqlite3.connect(tmp_path / "lore" / file_name("t"), isolation_level=None)
    other.execute("begin")
    assert other.execute("select count(*) from chunks").fetchone() == (1,)
    store.drop_title("t")
    assert search(store, "mill") == []
    other.execute("commit")
    other.close()


def test_a_damaged_file_is_no_empty_index(store: SqliteVectorStore, tmp_path: Path) -> None:
    (tmp_path / "lore").mkdir()
    (tmp_path / "lore" / file_name("t")).write_bytes(b"This is no database at all. " * 100)
    with pytest.raises(StoreUnavailable):
        search(store, "mill")


def test_common_words_do_not_hide_rare_ones_in_large_lore(store: SqliteVectorStore) -> None:
    texts = [f"The lamp of the ward, number {n}" for n in range(2100)]
    put(store, "a.md", *texts, "The witch of the ward")
    hits = store.search("t", "who is the witch of the ward", (), ANYONE, 5)
    assert [hit.chunk.text for hit in hits] == ["The witch of the ward"]
    assert len(store.search("t", "the of ward", (), ANYONE, 5)) == 5
