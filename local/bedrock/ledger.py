"""Keeps the control plane's records in SQLite: what was answered survives a kill at the next moment."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TypeVar

import msgspec

from local.bedrock.records import Record

R = TypeVar("R", bound=Record)


class Ledger:
    """Records by kind and id. Used by one thread at a time, in one process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS records (kind TEXT, id TEXT, body BLOB NOT NULL, PRIMARY KEY (kind, id))"
        )

    def put(self, record: Record) -> None:
        """Keep it, in the place of the one of its id."""
        row = (type(record).__name__, record.id, msgspec.json.encode(record))
        self._db.execute("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", row)

    def all(self, kind: type[R]) -> list[R]:
        """All of a kind, oldest first."""
        rows = self._db.execute("SELECT body FROM records WHERE kind = ?", (kind.__name__,))
        found = [msgspec.json.decode(body, type=kind) for (body,) in rows]
        return sorted(found, key=lambda record: (record.created, record.id))

    def find(self, kind: type[R], identifier: str) -> R | None:
        """The one of this ARN, or the newest of this name."""
        found = [record for record in self.all(kind) if identifier in (record.arn, record.name)]
        return found[-1] if found else None

    def delete(self, record: Record) -> None:
        """Forget it."""
        self._db.execute("DELETE FROM records WHERE kind = ? AND id = ?", (type(record).__name__, record.id))

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
