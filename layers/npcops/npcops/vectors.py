"""Vectors of meaning in little space, one signed byte a dimension, compared without numpy: few functions carry that."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Sequence
from operator import mul

_LARGEST = 127
_HEAD = struct.Struct("<f")

if sys.version_info >= (3, 12):
    _dot = math.sumprod
else:

    def _dot(one: Sequence[int], other: Sequence[int]) -> int:
        return sum(map(mul, one, other))


def pack(vector: Sequence[float]) -> bytes:
    """A vector as 4 bytes for the length of what follows, and one byte a dimension; b"" for a vector of zeros.

    A cosine of two packed vectors is off by less than .01 from that of the vectors.
    """
    largest = max(map(abs, vector), default=0.0)
    if not largest:
        return b""
    whole = [round(value / largest * _LARGEST) for value in vector]
    return _HEAD.pack(math.hypot(*whole)) + struct.pack(f"{len(whole)}b", *whole)


def cosine(one: bytes, other: bytes) -> float | None:
    """The cosine (-1 to 1) of two packed vectors; None where they cannot be compared, being empty or of two models."""
    if len(one) != len(other) or not one:
        return None
    lengths: list[float] = [_HEAD.unpack_from(packed)[0] for packed in (one, other)]
    return _dot(_whole(one), _whole(other)) / (lengths[0] * lengths[1])


def _whole(packed: bytes) -> list[int]:
    return memoryview(packed)[_HEAD.size :].cast("b").tolist()
