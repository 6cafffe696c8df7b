"""The embedded vector store: one SQLite file a title, words by FTS5 and vectors by an exact scan in memory."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from npcops.adapters.sqlite_title import Place, TitleIndex, create_title
from npcops.errors import InvalidRequest, StoreUnavailable
from npcops.lore import IndexedChunk, ScoredChunk, Viewer

PAGE, PLACES = 500, 5000
# No document has a position like this one.
LAST = 1 << 60


def file_name(title: str) -> str:
    """A name that any file system takes and that no two titles share, readable as far as the title allows."""
    readable = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40]
    return f"{readable}-{hashlib.blake2b(title.encode(), digest_size=6).hexdigest()}.sqlite"


class SqliteVectorStore:
    """A `VectorStore` in the folder `path`, for one machine and lore of up to some 100,000 chunks a title.

    Memory is 4 bytes a dimension and live chunk, in every process that searches. Threads share one connection a title
    and take turns; processes may read and write at the same time. Every SQLite error is raised as StoreUnavailable, a
    folder made for vectors of another length as Conflict. The folder must be on a local disk, as SQLite's WAL needs it.
    """

    def __init__(self, path: Path | str, dimensions: int) -> None:
        self._folder = Path(path)
        self._dimensions = dimensions
        self._titles: dict[str, TitleIndex] = {}
        self._lock = threading.RLock()

    def close(self) -> None:
        """Closes all files; using the store again opens them anew."""
        with self._lock:
            while self._titles:
                self._titles.popitem()[1].close()

    def stage(self, title: str, chunks: Sequence[IndexedChunk]) -> None:
        """See VectorStore. Raises InvalidRequest, writing nothing, if a vector has not the store's length."""
        self._write(title, chunks, live=False)

    def publish(self, title: str, chunks: Sequence[IndexedChunk]) -> None:
        """See VectorStore. Raises InvalidRequest, writing nothing, if a vector has not the store's length."""
        self._write(title, chunks, live=True)

    def _write(self, title: str, chunks: Sequence[IndexedChunk], live: bool) -> None:
        if any(len(indexed.vector) != self._dimensions for indexed in chunks):
            raise InvalidRequest(f"The lore index takes vectors of {self._dimensions} dimensions only.")
        with self._index(title, create=True) as index:
            if index is not None and chunks:
                index.stage(chunks, live)

    def commit(self, title: str, document: str, keep: Sequence[str]) -> int:
        """See VectorStore. Raises ChunksMissing, changing nothing, if a chunk of `keep` is not there."""
        with self._index(title, create=bool(keep)) as index:
            return index.commit(document, keep) if index else 0

    def present(self, title: str, document: str) -> set[str]:
        """See VectorStore."""
        with self._index(title) as index:
            return index.present(document) if index else set()

    def vectors(self, title: str, ids: Sequence[str]) -> dict[str, tuple[float, ...]]:
        """See VectorStore."""
        with self._index(title) as index:
            return index.vectors(ids) if index else {}

    def search(self, title: str, text: str, vector: Sequence[float], viewer: Viewer, limit: int) -> list[ScoredChunk]:
        """See VectorStore. A zero or empty vector searches by words alone."""
        if len(vector) not in (0, self._dimensions):
            raise InvalidRequest(f"The lore index takes vectors of {self._dimensions} dimensions only.")
        with self._index(title) as index:
            return index.search(text, vector, viewer, limit) if index else []

    def live(self, title: str, after: str = "") -> Iterator[IndexedChunk]:
        """See VectorStore. Others may use the store between any two chunks."""
        place: Place = (after, LAST, "")
        while True:
            with self._index(title) as index:
                page = index.live_page(place, PAGE) if index else []
            if not page:
                return
            yield from (indexed for _, indexed in page)
            place = page[-1][0]

    def live_ids(self, title: str) -> Iterator[tuple[str, str]]:
        """See VectorStore."""
        page: list[Place] = [("", LAST, "")]
        while page:
            with self._index(title) as index:
                page = index.live_places(page[-1], PLACES) if index else []
            yield from ((document, identity) for document, _, identity in page)

    def live_counts(self, title: str) -> dict[str, int]:
        """See VectorStore."""
        with self._index(title) as index:
            return index.live_counts() if index else {}

    def drop_title(self, title: str) -> None:
        """See VectorStore."""
        with self._index(title) as index:
            if index:
                index.clear()

    @contextmanager
    def _index(self, title: str, create: bool = False) -> Iterator[TitleIndex | None]:
        """The title's index; None if it has none and is not to get one, so that asking leaves no files behind."""
        with self._lock:
            try:
                yield self._titles.get(title) or self._open(title, create)
            except (sqlite3.Error, OSError) as error:
                kind = getattr(error, "sqlite_errorname", None) or type(error).__name__
                raise StoreUnavailable(f"The lore index did not answer ({kind}).") from error

    def _open(self, title: str, create: bool) -> TitleIndex | None:
        path = self._folder / file_name(title)
        if not path.exists():
            if not create:
                return None
            self._folder.mkdir(parents=True, exist_ok=True)
            create_title(path, self._dimensions)
        self._titles[title] = TitleIndex(path, self._dimensions)
        return self._titles[title]
