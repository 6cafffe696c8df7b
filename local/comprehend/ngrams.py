"""The pieces of a text that the classifier weighs: which runs of two to five characters it has, as numbers."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

LENGTHS = (2, 3, 4, 5)
BUCKETS = 1 << 19
# Repeated letters are how words are shouted and masked; three of them say as much as thirty.
_DRAWN_OUT = re.compile(r"(.)\1{3,}", re.S)
_BLANKS = re.compile(r"\s+")
_FACTOR, _SPREAD = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - BUCKETS.bit_length() + 1)


def pieces(text: str) -> NDArray[np.int32]:
    """The buckets (0 to BUCKETS - 1) of a text's runs of characters, each once, in order; never empty."""
    plain = _DRAWN_OUT.sub(r"\1\1\1", _BLANKS.sub(" ", text.lower()).strip())
    codes = np.frombuffer(f" {plain} ".encode(), np.uint8).astype(np.uint64)
    found = []
    for length in LENGTHS:
        if len(codes) < length:
            break
        runs = np.full(len(codes) - length + 1, length, np.uint64)
        for offset in range(length):
            runs = runs * _FACTOR + codes[offset : offset + len(runs)] + np.uint64(1)
        # The upper bits of this product depend on every bit of the run.
        found.append((runs * _SPREAD) >> _SHIFT)
    return np.unique(np.concatenate(found)).astype(np.int32)
