"""The page of an NPC's figures over time, with marks where something failed and where something went live."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

from npcops.catalogue import Move
from npcops.evaluations import LivePoint, TrendPoint
from npcops.figures import amount, figure
from npcops.pages import page
from npcops.plots import column, track

SHOWN = ("pass_rate", "groundedness", "ms", "cost_usd", "toxicity")
WORDS = {"passed": "✓ passed", "failed": "✗ failed", "incomplete": "… not decided"}


def trend_page(
    npc: str, points: Sequence[TrendPoint], moves: Sequence[Move] = (), live: Sequence[LivePoint] = ()
) -> bytes:
    """An HTML page in UTF-8. `points` are oldest first, as are those of `live` turns; `moves` are those of the label
    that players get, in any order.

    It is complete without scripts and fetches nothing.
    """
    days = [_day(point.at) for point in points]
    outcomes = [point.outcome for point in points]
    marks = _marks(points, moves)
    plots = []
    for name in SHOWN:

        def show(value: float | None, name: str = name) -> str:
            return amount(name, value)

        drawn = track([_value(point, name) for point in points], outcomes, days, show)
        if drawn:
            plots.append({"label": figure(name).label, "told": figure(name).told, "plot": drawn})
    return page(
        "trend.html",
        npc=npc,
        plots=plots,
        marks=marks,
        first=days[0] if days else "",
        last=days[-1] if days else "",
        labels=[figure(name).label for name in SHOWN],
        rows=[_row(point) for point in reversed(points)],
        live=[_live(point) for point in reversed(live)],
    )


def _value(point: TrendPoint, name: str) -> float | None:
    return point.pass_rate if name == "pass_rate" else point.figures.get(name)


def _day(at: str) -> str:
    return at[:10]


def _marks(points: Sequence[TrendPoint], moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Where among the evaluations labels were moved; those before the first evaluation shown are left out."""
    times = [point.at for point in points]
    marks: list[dict[str, Any]] = []
    for move in sorted(moves, key=lambda move: move.at):
        before = bisect.bisect_right(times, move.at)
        if before:
            marks.append(
                {
                    "number": len(marks) + 1,
                    "x": column(before - 0.5, len(points)),
                    "day": _day(move.at),
                    "version": move.version,
                    "by": move.by,
                    "gate": move.gate,
                    "why": move.why,
                }
            )
    return marks


def _live(point: LivePoint) -> dict[str, Any]:
    return {
        "days": f"{point.first} to {point.last}",
        "values": [
            ("Turns counted", f"{point.turns}"),
            ("Not by their model", amount("pass_rate", point.failed / point.turns) if point.turns else "–"),
            ("Measured", f"{point.measured}"),
            ("Groundedness", amount("groundedness", point.groundedness)),
            ("Rated", f"{point.rated}"),
            ("Rating", "–" if point.rating is None else f"{point.rating:.1f}"),
        ],
    }


def _row(point: TrendPoint) -> dict[str, Any]:
    return {
        "day": f"{point.at[:10]} {point.at[11:16]}",
        "evaluation": point.evaluation,
        "outcome": point.outcome,
        "word": WORDS[point.outcome],
        "cases": point.cases,
        "values": [(figure(name).label, amount(name, _value(point, name))) for name in SHOWN],
    }
