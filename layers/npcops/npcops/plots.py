"""The geometry of a report's plots; what is drawn there is in the templates (`html/`), as inline SVG.

Bars and intervals lie in a box that is 100 wide; histograms and lines in boxes of their own size (see each).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence

import msgspec

from npcops.evaluations import Comparison
from npcops.tunings import LossPoint

BINS = 16
WIDTH, HEIGHT = 340.0, 120.0
# What is left of a plot's box for the labels of its axes.
LEFT, BOTTOM = 4.0, 18.0


class Interval(msgspec.Struct, frozen=True):
    """A paired difference and its bounds, from 0 to 100 with no difference at 50 and better to the right."""

    x: float
    low: float | None
    high: float | None
    meaning: str


class Bar(msgspec.Struct, frozen=True):
    """One bin of both sides: the candidate's bar stands on the middle line, the baseline's hangs from it."""

    x: float
    width: float
    up: float
    down: float


class Histogram(msgspec.Struct, frozen=True):
    """Two distributions in one box of `WIDTH` by `HEIGHT`; `ticks` are (x, label)."""

    bars: tuple[Bar, ...]
    middle: float
    ticks: tuple[tuple[float, str], ...]
    told: str


class Dot(msgspec.Struct, frozen=True):
    """A point of a line, what it says, and how its evaluation ended."""

    x: float
    y: float
    told: str
    outcome: str


class Track(msgspec.Struct, frozen=True):
    """A figure over time in a box of `WIDTH` by `HEIGHT`: dots, the line through them, and its scale."""

    dots: tuple[Dot, ...]
    line: str
    low: str
    high: str
    told: str


class Curve(msgspec.Struct, frozen=True):
    """The loss by step in a box of `WIDTH` by `HEIGHT`: a line for training, a line and dots for validation, the scale,
    and the first and last step.
    """

    training: str
    validation: str
    dots: tuple[Dot, ...]
    low: str
    high: str
    first: int
    last: int
    told: str


def interval(comparison: Comparison) -> Interval | None:
    """Where a metric's difference lies, each on its own scale; None without a difference.

    A difference is clear if the whole interval is on one side.
    """
    if comparison.difference is None:
        return None
    low, high = comparison.low, comparison.high
    span = max(abs(value) for value in (comparison.difference, low or 0.0, high or 0.0)) or 1.0
    sign = 1 if comparison.higher_is_better else -1

    def place(value: float) -> float:
        return round(50 + 48 * sign * value / span, 2)

    if low is None or high is None:
        return Interval(place(comparison.difference), None, None, "unknown")
    ends = sorted((place(low), place(high)))
    meaning = "better" if ends[0] > 50 else "worse" if ends[1] < 50 else "unclear"
    return Interval(place(comparison.difference), ends[0], ends[1], meaning)


def histogram(
    candidate: Sequence[float], baseline: Sequence[float], show: Callable[[float | None], str]
) -> Histogram | None:
    """How often which value came, on both sides; None without values. `show` gives a value its unit."""
    values = [*candidate, *baseline]
    if not values:
        return None
    top = max(values) or 1.0
    ours, theirs = _counts(candidate, top), _counts(baseline, top)
    middle = (HEIGHT - BOTTOM) / 2 if baseline else HEIGHT - BOTTOM
    scale = (middle - 4) / max(*ours, *theirs, 1)
    width = (WIDTH - 2 * LEFT) / BINS
    bars = tuple(
        Bar(round(LEFT + number * width, 1), round(width - 1.5, 1), round(up * scale, 1), round(down * scale, 1))
        for number, (up, down) in enumerate(zip(ours, theirs, strict=True))
        if up or down
    )
    ticks = tuple((round(LEFT + share * (WIDTH - 2 * LEFT), 1), show(share * top)) for share in (0.0, 0.5, 1.0))
    return Histogram(bars, round(middle, 1), ticks, _told(candidate, baseline, show))


def _counts(values: Sequence[float], top: float) -> list[int]:
    counts = [0] * BINS
    for value in values:
        counts[min(int(value / top * BINS), BINS - 1)] += 1
    return counts


def _told(candidate: Sequence[float], baseline: Sequence[float], show: Callable[[float | None], str]) -> str:
    sides = [(name, side) for name, side in (("Candidate", candidate), ("Baseline", baseline)) if side]
    return " ".join(
        f"{name}: half of the answers at most {show(statistics.median(side))}, the highest {show(max(side))}."
        for name, side in sides
    )


def track(
    values: Sequence[float | None], outcomes: Sequence[str], days: Sequence[str], show: Callable[[float | None], str]
) -> Track | None:
    """A figure's way through evaluations, oldest first, at equal steps; None where no evaluation has it."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, high = _scale(min(known), max(known))
    dots = tuple(
        Dot(column(number, len(values)), _row(value, low, high), f"{day}: {show(value)}", outcome)
        for number, (value, outcome, day) in enumerate(zip(values, outcomes, days, strict=True))
        if value is not None
    )
    line = " ".join(f"{dot.x},{dot.y}" for dot in dots)
    told = f"From {show(known[0])} to {show(known[-1])}; lowest {show(min(known))}, highest {show(max(known))}."
    return Track(dots, line, show(low), show(high), told)


def curve(points: Sequence[LossPoint]) -> Curve | None:
    """How the loss went, by step; None where nothing was measured. What is measured twice at a step counts once."""
    training = sorted({point.step: point.training for point in points if point.training is not None}.items())
    validation = sorted({point.step: point.validation for point in points if point.validation is not None}.items())
    known = [*training, *validation]
    if not known:
        return None
    first, last = min(step for step, _ in known), max(step for step, _ in known)
    low, high = _scale(min(loss for _, loss in known), max(loss for _, loss in known))

    def place(step: int, loss: float) -> tuple[float, float]:
        return round(8 + (WIDTH - 16) * (step - first) / max(last - first, 1), 1), _row(loss, low, high)

    def line(side: list[tuple[int, float]]) -> str:
        return " ".join("{},{}".format(*place(*each)) for each in side)

    dots = tuple(Dot(*place(*each), f"step {each[0]}: {each[1]:.3f}", "validation") for each in validation)
    told = " ".join(_went(name, side) for name, side in (("Training", training), ("Validation", validation)) if side)
    return Curve(line(training), line(validation), dots, f"{low:.2f}", f"{high:.2f}", first, last, told)


def _went(name: str, side: list[tuple[int, float]]) -> str:
    losses = [loss for _, loss in side]
    if len(losses) == 1:
        return f"{name} loss: {losses[0]:.3f} at step {side[0][0]}."
    return f"{name} loss: from {losses[0]:.3f} to {losses[-1]:.3f}, lowest {min(losses):.3f}."


def column(number: float, many: int) -> float:
    """Where step `number` (from 0) of `many` stands; one between two steps may be asked for."""
    return round(8 + (WIDTH - 16) * (number + 0.5) / max(many, 1), 1)


def _row(value: float, low: float, high: float) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 10) * (value - low) / (high - low), 1)


def _scale(low: float, high: float) -> tuple[float, float]:
    """Bounds with room on both sides, which do not make much of next to nothing; shares stay shares."""
    room = max((high - low) * 0.1, abs(high) * 0.05, 1e-9)
    bottom = max(low - room, 0.0) if low >= 0 else low - room
    top = min(high + room, 1.0) if high <= 1 and math.isclose(high, 1.0) else high + room
    return bottom, max(top, bottom + 1e-9)
