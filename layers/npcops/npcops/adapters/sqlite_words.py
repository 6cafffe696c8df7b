"""The words of one title's live chunks in an FTS5 table, which keeps no second copy of the text."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from npcops.adapters.search_words import question_words, with_pairs
from npcops.lore import Chunk

# The row id is the chunk's number, whose upper half is its gate. Porter stems English; words of other scripts pass
# unchanged, and other Latin ones lose the same endings on both sides.
WORDS_SCHEMA = """
create virtual table words using fts5 (text, content='',
    tokenize='porter unicode61 remove_diacritics 2');
"""
# BM25 gives little for a word that a fifth of all chunks have, and in large lore such words take most of the time.
COMMON_SHARE = 1 / 5
LARGE = 2000
# The size may change this much before what is common is asked again.
DRIFT = 0.2


class Words:
    """Full-text search with BM25 (k1 = 1.2, b = 0.75), over an open connection."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._counted_at = 0
        self._common: dict[str, bool] = {}

    def add(self, number: int, chunk: Chunk, delete: bool = False) -> None:
        """Indexes a chunk, or takes it out, for which an index without content has to be shown the same words."""
        query = "insert into words (rowid, text) values (?, ?)"
        if delete:
            query = "insert into words (words, rowid, text) values ('delete', ?, ?)"
        self._db.execute(query, (number, with_pairs(chunk.search_text)))

    def clear(self) -> None:
        """Takes everything out."""
        self._db.execute("insert into words (words) values ('delete-all')")

    def find(self, text: str, gates: Sequence[int], limit: int, size: int) -> dict[int, float]:
        """BM25 scores of the best `limit` chunks with any word of `text`, among those with one of `gates`.

        `size` is how many chunks are indexed.
        """
        words = question_words(with_pairs(text))
        if size >= LARGE:
            words = [word for word in words if not self._is_common(word, size)] or words
        if not words:
            return {}
        query = """select rowid, -bm25(words) as score from words
            where words match ? and rowid >> 32 in (select value from json_each(?)) order by score desc limit ?"""
        asked = " OR ".join(f'"{word}"' for word in words)
        return dict(self._db.execute(query, (asked, json.dumps(gates), limit)).fetchall())

    def _is_common(self, word: str, size: int) -> bool:
        if abs(size - self._counted_at) > DRIFT * size:
            self._counted_at, self._common = size, {}
        if word not in self._common:
            query = "select count(*) from words where words match ?"
            (count,) = self._db.execute(query, (f'"{word}"',)).fetchone()
            if len(self._common) > LARGE:
                self._common.clear()
            self._common[word] = count > COMMON_SHARE * size
        return self._common[word]
