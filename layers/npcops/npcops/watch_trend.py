"""Use case: see whether an NPC's figures fall, tell it once, and propose to tune a model for this NPC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from npcops.drifts import DETECTED, DRIFT, Drift, Metric, NpcDrift, drift_id
from npcops.errors import Conflict, NotFound, StoreUnavailable
from npcops.evaluations import LivePoint, TrendPoint
from npcops.ports import EventPublisher
from npcops.studio_ports import EvaluationStore
from npcops.training_events import CORRECTIONS
from npcops.trend import WINDOW, Fall, Point, lasting_fall, sudden_fall
from npcops.tuning_ports import DriftStore, TuningStore
from npcops.tunings import Tuning, TuningRequest
from npcops.turn_ids import new_turn_id, now_iso

# By how much a figure must have fallen to matter: shares of cases and claims, and ratings from 1 to 5.
GOLDEN: dict[Metric, float] = {"pass_rate": 0.05, "groundedness": 0.05, "citation_support": 0.05}
LIVE: dict[Metric, float] = {"live_groundedness": 0.05, "live_rating": 0.25}
# The mean over fewer turns tells nothing of a period.
LEAST_TURNS: dict[Metric, int] = {"live_groundedness": 20, "live_rating": 10}
WORDS: dict[Metric, str] = {
    "pass_rate": "the share of golden cases passed",
    "groundedness": "groundedness in golden cases",
    "citation_support": "citation support in golden cases",
    "live_groundedness": "groundedness as players had it",
    "live_rating": "players' ratings",
}
# Two who look at once: the one that comes late finds what the other has told.
ATTEMPTS = 5


class WatchTrend:
    """Looks at NPCs whose figures have a new point. What it finds depends on what is kept alone, not on who asks when:
    events that come twice, late or in another order lead to the same.
    """

    def __init__(
        self,
        evaluations: EvaluationStore,
        drifts: DriftStore,
        tunings: TuningStore,
        events: EventPublisher,
        now: Callable[[], str] = now_iso,
    ) -> None:
        self._evaluations, self._drifts, self._tunings = evaluations, drifts, tunings
        self._events, self._now = events, now

    def __call__(self, title: str, npcs: Sequence[str]) -> list[Drift]:
        """What was found and told. Raises StoreUnavailable; what was not told then is told when this is asked again,
        by an event of the same id.
        """
        return [drift for npc in npcs for drift in self._watched(title, npc)]

    def _watched(self, title: str, npc: str) -> list[Drift]:
        for _ in range(ATTEMPTS):
            try:
                return self._told(title, npc)
            except Conflict:
                continue
        raise StoreUnavailable("What is known of drift is contended.")

    def _told(self, title: str, npc: str) -> list[Drift]:
        known = self._drifts.find(title, npc)
        found = self._found(title, npc, known)
        if not found:
            return []
        known = self._proposed(title, npc, known, found)
        drifts = [msgspec.structs.replace(drift, tuning=known.proposal) for drift in found]
        for drift in drifts:
            self._events.publish(DETECTED, msgspec.to_builtins(drift))
        told = known.told | {drift.metric: drift.at for drift in drifts}
        self._drifts.put(title, npc, msgspec.structs.replace(known, told=told))
        return drifts

    def _found(self, title: str, npc: str, known: NpcDrift) -> list[Drift]:
        golden = self._evaluations.watched_points(title, npc, WINDOW)
        live = self._evaluations.live_points(title, npc, WINDOW)
        series = {metric: _golden(golden, metric) for metric in GOLDEN} | {
            metric: _live(live, metric) for metric in LIVE
        }
        found = []
        for metric, points in series.items():
            new = [point for point in points if point.name > known.told.get(metric, "")]
            fall = lasting_fall(new, (GOLDEN | LIVE)[metric])
            if not fall and metric == "pass_rate":
                fall = sudden_fall(new)
            if fall:
                found.append(_drift(title, npc, metric, fall, new[-1].name))
        return found

    def _proposed(self, title: str, npc: str, known: NpcDrift, found: Sequence[Drift]) -> NpcDrift:
        """With the one open proposal: that of before, if nobody has taken it up, or a new one."""
        try:
            if known.proposal and self._tunings.find(title, known.proposal).state == "proposed":
                return known
            proposal = new_turn_id()
        except NotFound:
            # It was announced, but then the work was broken off.
            proposal = known.proposal
        if proposal != known.proposal:
            known = self._drifts.put(title, npc, msgspec.structs.replace(known, proposal=proposal))
        request = TuningRequest(CORRECTIONS, npcs=(npc,), note=_note(npc, found))
        with suppress(Conflict):
            self._tunings.begin(Tuning(title, proposal, DRIFT, self._now(), request, state="proposed"))
        return known


def _golden(points: Sequence[TrendPoint], metric: Metric) -> list[Point]:
    """An evaluation that lacks results may lack just the cases that fail."""
    return [
        Point(point.evaluation, {case: figures.get(metric) for case, figures in point.by_case.items()})
        for point in points
        if point.outcome != "incomplete"
    ]


def _live(points: Sequence[LivePoint], metric: Metric) -> list[Point]:
    rating = metric == "live_rating"
    found = [
        (point.period, point.rated if rating else point.measured, point.rating if rating else point.groundedness)
        for point in points
    ]
    return [Point(period, {"": value}) for period, turns, value in found if turns >= LEAST_TURNS[metric]]


def _drift(title: str, npc: str, metric: Metric, fall: Fall, at: str) -> Drift:
    return Drift(
        id=drift_id(title, npc, metric, at),
        title=title,
        npc=npc,
        metric=metric,
        shape=fall.shape,
        before=round(fall.before, 4),
        after=round(fall.after, 4),
        newest=fall.newest,
        points=fall.points,
        since=fall.since,
        at=at,
        chance=fall.chance,
    )


def _note(npc: str, found: Sequence[Drift]) -> str:
    """Why it is proposed, for a person who has not seen the event."""
    told = [
        f"{WORDS[each.metric]} fell from {_shown(each.metric, each.before)} to {_shown(each.metric, each.after)}"
        for each in found
    ]
    return f"Proposed because of drift: {'; '.join(told)}. Start it with: npc tune corrections --npc {npc}"[:500]


def _shown(metric: Metric, value: float) -> str:
    return f"{value:.1f}" if metric == "live_rating" else f"{value:.0%}"
