"""The live vectors of one title in memory, searched exactly."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

# A thread pool costs more than it gains at this size, and stalls when another process uses the cores. It has an effect
# only where NumPy has not been imported before.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

GATE_SHIFT = 32


class Matrix:
    """Rows of float32 vectors, each with a chunk number whose upper half is the number of its gate.

    Takes 4 bytes a dimension and row, up to twice that while it grows. Removed rows are overwritten by the last one.
    """

    def __init__(self, dimensions: int) -> None:
        self._vectors = np.empty((0, dimensions), np.float32)
        self._numbers = np.empty(0, np.int64)
        self._rows: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, rows: Sequence[tuple[int, bytes]]) -> None:
        """Takes in (chunk number, vector as float32 bytes) pairs; a number that is there already is left out."""
        fresh = [row for row in rows if row[0] not in self._rows]
        if not fresh:
            return
        start, end = len(self), len(self) + len(fresh)
        if end > len(self._numbers):
            self._grow(max(end, len(self._numbers) * 2))
        joined = np.frombuffer(b"".join(vector for _, vector in fresh), np.float32)
        self._vectors[start:end] = joined.reshape(len(fresh), -1)
        self._numbers[start:end] = [number for number, _ in fresh]
        self._rows.update((number, start + place) for place, (number, _) in enumerate(fresh))

    def remove(self, numbers: Iterable[int]) -> None:
        """Forgets these chunks; unknown ones do not matter."""
        for number in numbers:
            row = self._rows.pop(number, None)
            last = len(self._rows)
            if row is not None and row != last:
                moved = int(self._numbers[last])
                self._vectors[row], self._numbers[row] = self._vectors[last], moved
                self._rows[moved] = row

    def nearest(self, vector: Sequence[float], gates: Iterable[int], limit: int) -> dict[int, float]:
        """Cosines of the `limit` nearest rows among those whose gate is in `gates`, by chunk number."""
        count = len(self)
        numbers = self._numbers[:count]
        gate_of = numbers >> GATE_SHIFT
        admitted = np.zeros(int(gate_of.max(initial=0)) + 1, np.bool_)
        admitted[[gate for gate in gates if gate < len(admitted)]] = True
        rows = np.flatnonzero(admitted[gate_of])
        if not len(rows):
            return {}
        # Copying the admitted rows costs more than scoring all of them, unless they are few.
        candidates = self._vectors[rows] if len(rows) * 4 < count else self._vectors[:count]
        scores = candidates @ np.asarray(vector, np.float32)
        if len(scores) != len(rows):
            scores = scores[rows]
        best = np.argpartition(-scores, limit - 1)[:limit] if limit < len(rows) else np.arange(len(rows))
        return {int(number): float(score) for number, score in zip(numbers[rows[best]], scores[best], strict=True)}

    def cosines(self, vector: Sequence[float], numbers: Sequence[int]) -> dict[int, float]:
        """Cosines of these chunks, by chunk number."""
        rows = [self._rows[number] for number in numbers]
        scores = self._vectors[rows] @ np.asarray(vector, np.float32)
        return dict(zip(numbers, scores.tolist(), strict=True))

    def _grow(self, capacity: int) -> None:
        count = len(self)
        vectors = np.empty((capacity, self._vectors.shape[1]), np.float32)
        numbers = np.empty(capacity, np.int64)
        vectors[:count], numbers[:count] = self._vectors[:count], self._numbers[:count]
        self._vectors, self._numbers = vectors, numbers


def to_bytes(vector: Sequence[float]) -> bytes:
    """A vector as float32 bytes."""
    return np.asarray(vector, np.float32).tobytes()


def to_vector(data: bytes) -> tuple[float, ...]:
    """The vector in float32 bytes."""
    return tuple(np.frombuffer(data, np.float32).tolist())
