"""Use case: is a model that is being promoted worse than what players have?

Alarms of the stage come first; then figures of both sides. Bars are relative to the model that it would replace, and
nothing is judged by few turns: see docs/decisions/0028-a-model-is-promoted-by-percent.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from npcops.promotions import PromotionPlan, SideFigures
from npcops.shift_sides import ShiftSides, Sides
from npcops.tuning_ports import DecidedPromotions, StageAlarms

# Fewer turns of either side are no figures, but for a model that plainly does not answer.
LEAST_TURNS = 30
LEAST_MEASURED = 10
BROKEN_TURNS, BROKEN_SHARE = 5, 0.5
# How much worse is worse: shares in points, means as factors.
FAILED_POINTS = 0.05
SLOW_POINTS = 0.10
SLOWER, DEARER = 1.5, 1.5
GROUNDEDNESS_POINTS = 0.10
# Where too little is known of the model of now: more than this failed is too much.
FAILED_ALONE = 0.10


class Watched(msgspec.Struct, frozen=True):
    """How a promotion goes on, and the reasons for a return, as sentences."""

    action: Literal["go-on", "return", "overtaken"]
    reasons: tuple[str, ...] = ()
    turns: int = 0


class WatchShift:
    """Watches promotions."""

    def __init__(
        self, promotions: DecidedPromotions, alarms: StageAlarms, sides: ShiftSides, names: Sequence[str]
    ) -> None:
        """`names` are those of the alarms."""
        self._promotions, self._alarms, self._sides, self._names = promotions, alarms, sides, tuple(names)

    def __call__(self, plan: PromotionPlan) -> Watched:
        """Raises StoreUnavailable."""
        known = self._promotions.get(plan.title)
        if known.shift is None or known.shift.id != plan.promotion:
            return Watched("overtaken")
        if self._promotions.candidate(plan.title, plan.version) is None:
            return Watched("return", (f"Version {plan.version} is not approved any more.",))
        if firing := self._alarms.firing(self._names):
            return Watched("return", tuple(f"Alarm {name} is ringing." for name in firing))
        sides = self._sides(plan.title, known)
        reasons = tuple(worse(sides)) if sides else ()
        return Watched("return" if reasons else "go-on", reasons, sides.to.turns if sides else 0)


def worse(sides: Sides) -> Iterator[str]:
    """In what the new model is worse, as sentences; nothing where too little is known."""
    to, current = sides.to, sides.current
    failed = _share(to.failed, to.turns)
    if to.turns >= BROKEN_TURNS and failed >= BROKEN_SHARE:
        yield f"It did not answer {to.failed} of {to.turns} turns."
        return
    if to.turns < LEAST_TURNS:
        return
    if current.turns < LEAST_TURNS:
        if failed > FAILED_ALONE:
            yield f"It did not answer {to.failed} of {to.turns} turns ({failed:.0%})."
        return
    before = _share(current.failed, current.turns)
    if failed > before + FAILED_POINTS:
        yield f"It did not answer {failed:.0%} of {to.turns} turns; the model of now {before:.0%} of {current.turns}."
    yield from _slower(to, current)
    yield from _dearer(to, current)
    yield from _less_grounded(to, current)


def _slower(to: SideFigures, current: SideFigures) -> Iterator[str]:
    slow, before = _share(to.slow, to.turns), _share(current.slow, current.turns)
    if slow > before + SLOW_POINTS:
        yield f"{slow:.0%} of its turns were slow; of those of the model of now {before:.0%}."
    mean, usual = _share(to.ms, to.turns), _share(current.ms, current.turns)
    if mean > SLOWER * usual > 0:
        yield f"Its turns took {mean:,.0f} ms on average; those of the model of now {usual:,.0f} ms."


def _dearer(to: SideFigures, current: SideFigures) -> Iterator[str]:
    cost, usual = _share(to.cost_usd, to.turns), _share(current.cost_usd, current.turns)
    if cost > DEARER * usual > 0:
        yield f"A turn of it cost ${cost:.5f}; one of the model of now ${usual:.5f}."


def _less_grounded(to: SideFigures, current: SideFigures) -> Iterator[str]:
    if min(to.measured, current.measured) < LEAST_MEASURED:
        return
    grounded, usual = _share(to.groundedness, to.measured), _share(current.groundedness, current.measured)
    if grounded < usual - GROUNDEDNESS_POINTS:
        yield f"Its groundedness was {grounded:.2f} in {to.measured} turns; that of the model of now {usual:.2f}."


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
