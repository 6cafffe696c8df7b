"""The lore index of one game title in one SQLite file: schema, transactions and the statements of each operation."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from npcops.adapters.sqlite_matrix import GATE_SHIFT, Matrix, to_bytes, to_vector
from npcops.adapters.sqlite_words import WORDS_SCHEMA, Words
from npcops.errors import ChunksMissing, Conflict
from npcops.lore import Chunk, Gate, IndexedChunk, ScoredChunk, Viewer

BUSY_SECONDS = 30
# How many versions of removed chunks are kept, for readers to follow without reading everything again.
HISTORY = 1000

# A chunk's number is `gate << 32 | serial`: both searches see the gate without reading the chunk.
Place = tuple[str, int, str]
"""Document, position and id of a chunk."""
CLEARING = ("delete from chunks", "delete from vectors", "delete from gates", "delete from removed")
SCHEMA = """
pragma page_size = 16384;
pragma journal_mode = wal;
create table state (version integer, floor integer, serial integer, dimensions integer);
create table gates (number integer primary key autoincrement, key text unique, body blob);
create table chunks (number integer primary key, id text unique, document text, position integer,
    live integer default 0, changed integer default 0, body blob);
create index chunks_by_document on chunks (document, position);
create index chunks_by_change on chunks (changed) where live;
create table vectors (number integer primary key, vector blob) without rowid;
create table removed (version integer, number integer, primary key (version, number)) without rowid;
"""


def create_title(path: Path, dimensions: int) -> None:
    """Makes an empty index at `path` unless there is one, whoever else does so at the same moment."""
    # Two processes that set up one file hinder each other, so each sets up its own and the first one puts it in place.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        draft = Path(folder) / path.name
        with closing(_connect(draft)) as db:
            db.executescript(SCHEMA + WORDS_SCHEMA)
            db.execute("insert into state values (0, 0, 0, ?)", (dimensions,))
        with suppress(FileExistsError):
            path.hardlink_to(draft)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    db.execute("pragma synchronous = normal")
    return db


class TitleIndex:
    """One title's file. Not safe for use by several threads at once; any number of processes may write."""

    def __init__(self, path: Path, dimensions: int) -> None:
        """Opens the file that `create_title` made. Raises Conflict if it holds vectors of another length."""
        self._dimensions = dimensions
        self._matrix = Matrix(dimensions)
        self._gates: dict[int, Gate] = {}
        self._version = -1
        self._db = _connect(path)
        self._words = Words(self._db)
        (found,) = self._db.execute("select dimensions from state").fetchone()
        if found != dimensions:
            self.close()
            raise Conflict(f"The lore index was made for vectors of {found} dimensions, not {dimensions}.")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @contextmanager
    def transaction(self, writing: bool = False) -> Iterator[None]:
        """One consistent view of the file, or one change of it that happens completely or not at all."""
        self._db.execute("begin immediate" if writing else "begin")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def stage(self, chunks: Sequence[IndexedChunk], live: bool = False) -> None:
        """Writes those chunks whose ids are not there yet."""
        with self.transaction(writing=True):
            serial, version = self._db.execute("select serial, version + ? from state", (live,)).fetchone()
            for chunk, vector in ((indexed.chunk, indexed.vector) for indexed in chunks):
                serial += 1
                number = self._gate_number(chunk.gate) << GATE_SHIFT | serial
                place = (number, chunk.id, chunk.document, chunk.position)
                row = (*place, live, version if live else 0, msgspec.msgpack.encode(chunk))
                added = self._db.execute("insert or ignore into chunks values (?, ?, ?, ?, ?, ?, ?)", row)
                if added.rowcount:
                    self._db.execute("insert into vectors values (?, ?)", (number, to_bytes(vector)))
                if added.rowcount and live:
                    self._words.add(number, chunk)
            self._db.execute("update state set serial = ?, version = ?", (serial, version))

    def _gate_number(self, gate: Gate) -> int:
        found = self._db.execute("select number from gates where key = ?", (gate.key,)).fetchone()
        if found:
            return int(found[0])
        row = (gate.key, msgspec.msgpack.encode(gate))
        return int(self._db.execute("insert into gates (key, body) values (?, ?)", row).lastrowid or 0)

    def commit(self, document: str, keep: Sequence[str]) -> int:
        """Makes `keep` the live chunks of `document`; raises ChunksMissing, changing nothing, if one is missing."""
        places: dict[str, int] = {}
        for index, chunk_id in enumerate(keep):
            places.setdefault(chunk_id, index)
        with self.transaction(writing=True):
            query = "select number, id, live, position, body from chunks where document = ?"
            rows = self._db.execute(query, (document,)).fetchall()
            if missing := len(places.keys() - {row[1] for row in rows}):
                raise ChunksMissing(f"{missing} of the {len(places)} chunks to make live are not in the index yet.")
            (version,) = self._db.execute("select version + 1 from state").fetchone()
            for number, chunk_id, live, position, body in rows:
                place: int | None = places.get(chunk_id)
                if place is None:
                    self._delete(number, body if live else None, version)
                elif not live:
                    self._words.add(number, _decode(body))
                    self._db.execute("update chunks set live = 1, changed = ? where number = ?", (version, number))
                if place is not None and place != position:
                    self._db.execute("update chunks set position = ? where number = ?", (place, number))
            self._db.execute("update state set version = ?", (version,))
            self._forget_history(version)
        return len(places)

    def _delete(self, number: int, live_body: bytes | None, version: int) -> None:
        if live_body is not None:
            self._words.add(number, _decode(live_body), delete=True)
            self._db.execute("insert into removed values (?, ?)", (version, number))
        self._db.execute("delete from chunks where number = ?", (number,))
        self._db.execute("delete from vectors where number = ?", (number,))

    def _forget_history(self, version: int) -> None:
        (floor,) = self._db.execute("select floor from state").fetchone()
        if version - floor > 2 * HISTORY:
            self._db.execute("delete from removed where version <= ?", (version - HISTORY,))
            self._db.execute("update state set floor = ?", (version - HISTORY,))

    def present(self, document: str) -> set[str]:
        """All chunk ids of a document."""
        return {row[0] for row in self._db.execute("select id from chunks where document = ?", (document,))}

    def vectors(self, ids: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """The vectors of those ids that exist."""
        query = "select id, vector from chunks join vectors using (number) where id in (select value from json_each(?))"
        return {chunk_id: to_vector(data) for chunk_id, data in self._select(query, ids)}

    def search(self, text: str, vector: Sequence[float], viewer: Viewer, limit: int) -> list[ScoredChunk]:
        """The best of both searches among the live chunks that `viewer` may see."""
        with self.transaction():
            self._refresh()
            gates = [number for number, gate in self._gates.items() if gate.admits(viewer)]
            near = self._matrix.nearest(vector, gates, limit) if any(vector) else {}
            worded = self._words.find(text, gates, limit, len(self._matrix))
            if any(vector):
                near |= self._matrix.cosines(vector, [number for number in worded if number not in near])
            query = "select number, position, body from chunks where number in (select value from json_each(?))"
            return [
                ScoredChunk(_chunk(position, body), near.get(number), worded.get(number))
                for number, position, body in self._select(query, list(near.keys() | worded.keys()))
            ]

    def _refresh(self) -> None:
        version, floor = self._db.execute("select version, floor from state").fetchone()
        if version == self._version:
            return
        if self._version < floor:
            self._matrix, self._version = Matrix(self._dimensions), -1
        gone = self._db.execute("select number from removed where version > ?", (self._version,))
        self._matrix.remove(number for (number,) in gone)
        query = "select number, vector from chunks join vectors using (number) where live and changed > ?"
        self._matrix.add(self._db.execute(query, (self._version,)).fetchall())
        self._gates = {
            number: msgspec.msgpack.decode(body, type=Gate)
            for number, body in self._db.execute("select number, body from gates")
        }
        self._version = version

    def live_page(self, after: Place, size: int) -> list[tuple[Place, IndexedChunk]]:
        """The first live chunks after a place, by document, position and id."""
        query = """select document, position, id, body, vector from chunks join vectors using (number)
            where live and (document, position, id) > (?, ?, ?) order by document, position, id limit ?"""
        return [
            ((document, position, chunk_id), IndexedChunk(_chunk(position, body), to_vector(vector)))
            for document, position, chunk_id, body, vector in self._db.execute(query, (*after, size))
        ]

    def live_places(self, after: Place, size: int) -> list[Place]:
        """Where those chunks are."""
        query = """select document, position, id from chunks
            where live and (document, position, id) > (?, ?, ?) order by document, position, id limit ?"""
        return self._db.execute(query, (*after, size)).fetchall()

    def live_counts(self) -> dict[str, int]:
        """Live chunks per document."""
        return dict(self._db.execute("select document, count(*) from chunks where live group by document").fetchall())

    def clear(self) -> None:
        """Deletes everything; the file stays for those who have it open, without its pages if nobody is reading."""
        with self.transaction(writing=True):
            for statement in CLEARING:
                self._db.execute(statement)
            self._words.clear()
            self._db.execute("update state set version = version + 1, floor = version + 1")
        self._give_room_back()

    def _give_room_back(self) -> None:
        self._db.execute("pragma busy_timeout = 500")
        with suppress(sqlite3.OperationalError):
            self._db.execute("vacuum")
            self._db.execute("pragma wal_checkpoint(truncate)")
        self._db.execute(f"pragma busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def _select(self, query: str, values: Sequence[str] | Sequence[int]) -> list[Any]:
        """The rows of a query whose one parameter is a list of any length."""
        return self._db.execute(query, (json.dumps(values),)).fetchall()


def _chunk(position: int, body: bytes) -> Chunk:
    """A stored chunk at the place that its document gives it now."""
    return msgspec.structs.replace(_decode(body), position=position)


def _decode(body: bytes) -> Chunk:
    return msgspec.msgpack.decode(body, type=Chunk)
