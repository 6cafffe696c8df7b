"""Whether a figure has fallen: a permutation test for what stays low, one of signs for what breaks at once.

How often they tell of a fall where there is none, and how soon they find one, is in docs/decisions/0031-drift.md.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import msgspec

# The newest of a series that are looked at: half a year of weeks.
WINDOW = 26
# So many of the newest points are compared with those before: few tell soon of what falls far, more of what falls less.
NEWEST = (3, 6)
# How likely points that only scatter may look like a fall, each time they are compared.
CHANCE = 0.001
# Which share of the cases must break at once to be told before it has lasted, and how many points must be known before.
BREAKS, KNOWN = 0.25, 3
# Figures are means of sums: what differs by less is equal.
TINY = 1e-9


class Point(msgspec.Struct, frozen=True):
    """A figure at one time: its value by case, None for a case that had none (who claims nothing has no groundedness).

    `name` is the evaluation or period that it is of. Live turns have no cases; they are one, called "".
    """

    name: str
    values: dict[str, float | None]


class Fall(msgspec.Struct, frozen=True):
    """That a figure fell from `before` to `after`, the mean of the `newest` points, in so many `points`.

    `since` names the first of them; `chance` is how likely points that only scatter would look so.
    """

    shape: Literal["lasting", "sudden"]
    before: float
    after: float
    newest: int
    points: int
    since: str
    chance: float


def lasting_fall(points: Sequence[Point], least_drop: float) -> Fall | None:
    """Whether the newest points (oldest first) lie lower than those before, by `least_drop` at least.

    Only cases that the points have in common are compared; points are left out, the oldest first, as long as that are
    less than half of the newest one's.
    """
    compared = _comparable(points[-WINDOW:])
    values = [value for _, value in compared]
    for newest in NEWEST:
        if len(values) <= newest:
            break
        before, after = _mean(values[:-newest]), _mean(values[-newest:])
        if before - after >= least_drop and (chance := chance_of_newest(values, newest, CHANCE)) <= CHANCE:
            return Fall("lasting", before, after, newest, len(values), compared[0][0], chance)
    return None


def sudden_fall(points: Sequence[Point]) -> Fall | None:
    """Whether the newest point lies far below all before, and more cases broke with it than chance breaks.

    The test takes cases to be independent, which a bad day of a model makes them not: hence the large drop. `before` is
    the lowest of the earlier points.
    """
    compared = _comparable(points[-WINDOW:])
    if len(compared) <= KNOWN:
        return None
    before, after = min(value for _, value in compared[:-1]), compared[-1][1]
    if before - after < BREAKS:
        return None
    earlier, newest = points[-2:]
    pairs = [
        (then, now)
        for case, then in earlier.values.items()
        if then is not None and (now := newest.values.get(case)) is not None
    ]
    chance = chance_of_broken(sum(now < then for then, now in pairs), sum(now > then for then, now in pairs))
    return Fall("sudden", before, after, 1, len(compared), compared[0][0], chance) if chance <= CHANCE else None


def chance_of_newest(values: Sequence[float], newest: int, most: float = 1.0) -> float:
    """How likely so many of the values, drawn at random, are as low as the last ones: an exact permutation test.

    It is 1 where it is more than `most`, which is known soon: the lowest are drawn first.
    """
    least, draws = math.fsum(values[-newest:]) + TINY, math.comb(len(values), newest)
    low = 0
    for drawn in map(math.fsum, itertools.combinations(sorted(values), newest)):
        low += drawn <= least
        if low > most * draws:
            return 1.0
    return low / draws


def chance_of_broken(broken: int, mended: int) -> float:
    """How likely so many or more of the cases that changed broke, if each were as likely mended: a sign test."""
    changed = broken + mended
    return sum(math.comb(changed, count) for count in range(broken, changed + 1)) / (1 << changed)


def _comparable(points: Sequence[Point]) -> list[tuple[str, float]]:
    """The newest points that have half of the newest one's cases in common, each with its mean over these."""
    common = set(points[-1].values) if points else set()
    kept, enough = list[Point](), len(common) / 2
    for point in reversed(points):
        shared = common & point.values.keys()
        if not shared or len(shared) < enough:
            break
        common = shared
        kept.append(point)
    found = [(point.name, [value for case in common if (value := point.values[case]) is not None]) for point in kept]
    return [(name, _mean(values)) for name, values in reversed(found) if values]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
