"""How far people agree with each other (Krippendorff's alpha), and a judge with people (Cohen's kappa).

Written out, because the libraries that have them would bring numpy and more into functions that need nothing else of
it; the tests hold them to published figures.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import permutations
from typing import Literal, TypeVar

Value = TypeVar("Value", bound=Hashable)
Scale = Literal["nominal", "ordinal"]
# Of a normal distribution: what 95 % lie within.
_Z = 1.959963984540054


def alpha(units: Iterable[Mapping[str, Value]], scale: Scale = "nominal", order: Sequence[Value] = ()) -> float | None:
    """Krippendorff's alpha (1: they agree, 0: as chance would have it) of what raters (the keys) said of each unit.

    Units with fewer than two raters say nothing. `order` has all values of an ordinal scale. None where there are no
    two raters of a unit, or all values are the same: then there is nothing to agree about.
    """
    together: dict[tuple[Value, Value], float] = defaultdict(float)
    totals: dict[Value, float] = defaultdict(float)
    for unit in units:
        values = list(unit.values())
        for pair in permutations(values, 2):
            together[pair] += 1 / (len(values) - 1)
            totals[pair[0]] += 1 / (len(values) - 1)
    expected = sum(
        totals[one] * totals[other] * _apart(one, other, scale, order, totals) for one in totals for other in totals
    )
    if not expected:
        return None
    observed = sum(count * _apart(*pair, scale, order, totals) for pair, count in together.items())
    return 1 - (sum(totals.values()) - 1) * observed / expected


def _apart(one: Value, other: Value, scale: Scale, order: Sequence[Value], totals: Mapping[Value, float]) -> float:
    """The squared distance of two values: on an ordinal scale, how many values were given between them."""
    if one == other:
        return 0
    if scale == "nominal":
        return 1
    first, last = sorted((order.index(one), order.index(other)))
    between = sum(totals.get(value, 0) for value in order[first : last + 1])
    return float((between - (totals[one] + totals[other]) / 2) ** 2)


def kappa(pairs: Sequence[tuple[Value, Value]]) -> float | None:
    """Cohen's kappa (1: they agree, 0: as chance would have it) of two who judged the same.

    None if both say one thing throughout: then chance alone would have them agree.
    """
    if not pairs:
        return None
    same = sum(one == other for one, other in pairs) / len(pairs)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[value] * second[value] for value in first) / len(pairs) ** 2
    return None if math.isclose(chance, 1) else (same - chance) / (1 - chance)


def wilson(share: float, count: int) -> tuple[float, float] | None:
    """Wilson's interval at 95 % of a share of `count`; None of nothing."""
    if not count:
        return None
    squared = _Z * _Z / count
    middle = share + squared / 2
    width = _Z * math.sqrt(share * (1 - share) / count + squared / (4 * count))
    return max((middle - width) / (1 + squared), 0.0), min((middle + width) / (1 + squared), 1.0)
