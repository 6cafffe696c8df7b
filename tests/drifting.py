"""NPCs whose figures are watched, on real adapters, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from npcops.adapters.dynamo_drifts import DynamoDrifts
from npcops.adapters.dynamo_evaluations import DynamoEvaluations
from npcops.adapters.dynamo_tunings import DynamoTunings
from npcops.drifts import drift_evaluation
from npcops.evaluations import LivePoint, Outcome, TrendPoint
from npcops.promotions import Promoted, Served, Shift
from npcops.tunings import Tuning
from npcops.watch_trend import WatchTrend
from tests.resources import Resources

NPC = "mira"
CASES = 40


class Models:
    """By which models players are answered, as turns know it."""

    def __init__(self, promoted: Promoted | None = None) -> None:
        self.value: Promoted | Exception = promoted or Promoted()

    def promoted(self, title: str) -> Promoted:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def shifting(*npcs: str) -> Promoted:
    """Half of the players hear a new model, of these NPCs."""
    return Promoted(
        shift=Shift(Served("new-model", "local", 2, npcs), 50, "s1", "2026-11-20T12:00:00+00:00"), revision=1
    )


class Heard:
    """A bus that keeps what is published, or is away."""

    def __init__(self) -> None:
        self.events = list[tuple[str, dict[str, Any]]]()
        self.failing: Exception | None = None

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        if self.failing:
            raise self.failing
        self.events.append((detail_type, detail))

    def told(self, detail_type: str) -> list[dict[str, Any]]:
        return [detail for kind, detail in self.events if kind == detail_type]


def day_of(week: int) -> str:
    """The Monday of a week of tests."""
    return (date(2026, 1, 5) + timedelta(weeks=week)).isoformat()


def golden(
    title: str,
    week: int,
    passed: int | Mapping[str, float],
    outcome: Outcome = "passed",
    npc: str = NPC,
    **figures: float,
) -> TrendPoint:
    """The point of a week in which so many of the cases passed; `figures` are the same in all cases."""
    shares = passed if isinstance(passed, Mapping) else {f"c{n:03d}": float(n < passed) for n in range(CASES)}
    by_case = {case: {"pass_rate": share, **figures} for case, share in shares.items()}
    evaluation = drift_evaluation(title, day_of(week))
    rate = sum(shares.values()) / len(shares)
    return TrendPoint(npc, f"{day_of(week)}T05:00:00Z", evaluation, outcome, len(shares), rate, {}, "subject", by_case)


def live(week: int, npc: str = NPC, **fields: Any) -> LivePoint:
    """What live turns showed in a week."""
    point = LivePoint(npc, day_of(week), day_of(week - 1), day_of(week), 100, 1, 40, 20, 0.8, 4.2)
    return msgspec.structs.replace(point, **fields)


class Watching:
    """A title whose NPCs are watched."""

    def __init__(self, resources: Resources, title: str) -> None:
        self.title, self.heard = title, Heard()
        self.evaluations = DynamoEvaluations(resources.dynamodb, resources.name("evaluations"))
        self.drifts = DynamoDrifts(resources.dynamodb, resources.name("models"))
        self.tunings = DynamoTunings(resources.dynamodb, resources.name("models"))
        self.watch = WatchTrend(self.evaluations, self.drifts, self.tunings, self.heard)

    def week(self, week: int, passed: int | Mapping[str, float], **given: Any) -> None:
        self.evaluations.add_points(self.title, [golden(self.title, week, passed, **given)])

    def weeks(self, passed: list[int], first: int = 0) -> None:
        for number, count in enumerate(passed, first):
            self.week(number, count)

    def look(self, npc: str = NPC) -> list[str]:
        """The metrics of which a fall is told."""
        return [drift.metric for drift in self.watch(self.title, [npc])]

    def proposals(self) -> list[Tuning]:
        return [one for one in self.tunings.newest(self.title, 99) if one.state == "proposed"]
