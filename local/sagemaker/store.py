"""Keeps records in a file, and with them what the cloud is to be told: a change is there whole or not at all."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from local.sagemaker.records import Delivery

Record = TypeVar("Record", bound=msgspec.Struct)
_TABLES = """
CREATE TABLE IF NOT EXISTS records (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key));
CREATE TABLE IF NOT EXISTS deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB);
"""


class Store:
    """Records by kind and key. Safe to use from many threads, of which one at a time changes something."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.executescript(_TABLES)
        self.to_deliver = threading.Event()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Everything that is put inside the block is kept when it ends, and nothing if it raises."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        self.to_deliver.set()

    def find(self, kind: type[Record], key: str) -> Record | None:
        """The record of that kind and key."""
        with self._lock:
            found = self._connection.execute(
                "SELECT body FROM records WHERE kind = ? AND key = ?", (kind.__name__, key)
            ).fetchone()
        return msgspec.json.decode(found[0], type=kind) if found else None

    def all(self, kind: type[Record]) -> list[Record]:
        """Every record of that kind, by key."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM records WHERE kind = ? ORDER BY key", (kind.__name__,)
            ).fetchall()
        return [msgspec.json.decode(body, type=kind) for (body,) in rows]

    def put(self, key: str, record: msgspec.Struct) -> None:
        """Keep it, in the place of an earlier one."""
        with self.change():
            self._connection.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
                (type(record).__name__, key, msgspec.json.encode(record)),
            )

    def remove(self, kind: type[msgspec.Struct], key: str) -> None:
        """Forget it."""
        with self.change():
            self._connection.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind.__name__, key))

    def deliver(self, delivery: Delivery) -> None:
        """Have the cloud told, after what was to be delivered before."""
        with self.change():
            self._connection.execute("INSERT INTO deliveries (body) VALUES (?)", (msgspec.json.encode(delivery),))

    def next_delivery(self) -> tuple[int, Delivery] | None:
        """What is to be delivered next, with its number."""
        with self._lock:
            row = self._connection.execute("SELECT id, body FROM deliveries ORDER BY id LIMIT 1").fetchone()
        return (row[0], msgspec.json.decode(row[1], type=Delivery)) if row else None

    def undelivered(self) -> int:
        """How much is still to be delivered."""
        with self._lock:
            return int(self._connection.execute("SELECT COUNT(*) FROM deliveries").fetchone()[0])

    def delivered(self, number: int) -> None:
        """Forget a delivery."""
        with self.change():
            self._connection.execute("DELETE FROM deliveries WHERE id = ?", (number,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
