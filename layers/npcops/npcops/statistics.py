"""Whether a difference between two sides is more than chance. How far raters agree is in `npcops.agreement`."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

ROUNDS = 4000
CONFIDENCE = 0.95
# Numbers drawn at once: 8 MB of them.
_AT_ONCE = 1_000_000


def interval(differences: Sequence[float], seed: str) -> tuple[float, float] | None:
    """The bounds of the mean paired difference at 95 %, by percentile bootstrap over cases; None for fewer than 2.

    Equal differences and an equal seed give equal bounds, in whatever order they come.
    """
    values = np.sort(np.asarray(differences, float))
    count = len(values)
    if count < 2:
        return None
    if values[0] == values[-1]:
        return float(values[0]), float(values[0])
    generator = np.random.default_rng(zlib.crc32(seed.encode()))
    each = max(_AT_ONCE // count, 1)
    means = [
        values[generator.integers(0, count, (min(each, ROUNDS - done), count))].mean(axis=1)
        for done in range(0, ROUNDS, each)
    ]
    tail = (1 - CONFIDENCE) / 2
    # Sums are rounded: no mean may lie beyond all of its values for that.
    low, high = np.quantile(np.concatenate(means), (tail, 1 - tail)).clip(values[0], values[-1])
    return float(low), float(high)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that this share of them does not exceed (linear between neighbours); None without values."""
    return float(np.quantile(np.asarray(values, float), share)) if len(values) else None
