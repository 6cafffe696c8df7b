"""Use case: every period, all titles are evaluated as players have them, and what live turns showed is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from npcops.drifts import DRIFT, MEASURED, drift_evaluation
from npcops.errors import InvalidRequest, NotFound, NpcopsError, StoreUnavailable
from npcops.evaluations import LivePoint
from npcops.plans import Configuration, EvaluationRequest
from npcops.ports import Catalog, EventPublisher
from npcops.promotions import SideFigures
from npcops.start_evaluation import StartEvaluation
from npcops.studio_ports import EvaluationStore
from npcops.tuning_ports import LiveFigures

log = logging.getLogger(__name__)
# What the first point of an NPC covers, and what any other does at most.
FIRST_DAYS, MOST_DAYS = 7, 31


class LiveEvaluated(msgspec.Struct, frozen=True):
    """How many titles were looked at, evaluations started (again), and NPCs of whom live turns were counted."""

    titles: int
    evaluations: int
    points: int


class EvaluateLive:
    """Evaluates titles. Doing it again on the same day starts nothing and keeps nothing twice."""

    def __init__(
        self,
        titles: Callable[[], Iterable[str]],
        catalog: Catalog,
        evaluations: EvaluationStore,
        live: LiveFigures,
        start: StartEvaluation,
        events: EventPublisher,
        label: str,
    ) -> None:
        """`titles` are those to look at; `label` is what players get."""
        self._titles, self._catalog, self._evaluations, self._live = titles, catalog, evaluations, live
        self._start, self._events, self._label = start, events, label

    def __call__(self, at: datetime, titles: Sequence[str] = ()) -> LiveEvaluated:
        """The period ends with the day before `at`. Of `titles` alone, if any are given.

        Raises StoreUnavailable if a title could not be finished; the others were.
        """
        day, unfinished = at.astimezone(UTC).date(), list[str]()
        done = LiveEvaluated(0, 0, 0)
        for title in sorted(set(titles or self._titles())):
            try:
                evaluations, points = self._title(title, day)
            except NpcopsError as error:
                log.warning("a title is not evaluated", extra={"title": title, "error": type(error).__name__})
                unfinished.append(title)
                continue
            done = LiveEvaluated(done.titles + 1, done.evaluations + evaluations, done.points + points)
        if unfinished:
            raise StoreUnavailable(f"{len(unfinished)} titles could not be evaluated, such as {unfinished[0]}.")
        return done

    def _title(self, title: str, day: date) -> tuple[int, int]:
        cards = dict(self._cards(title))
        points = [point for npc in cards if (point := self._point(title, npc, day))]
        self._evaluations.add_live_points(title, points)
        if points:
            # Whoever starts over tells it again: those who watch find nothing new.
            self._events.publish(
                MEASURED,
                {
                    "id": f"{title} {day}",
                    "title": title,
                    "npcs": [point.npc for point in points],
                    "period": day.isoformat(),
                },
            )
        if not any(cards.values()):
            return 0, len(points)
        # Nothing to compare with: by which model players are answered is found out when it is planned.
        request = EvaluationRequest(candidate=Configuration(self._label), baseline=None, note=DRIFT)
        self._start(title, DRIFT, request, drift_evaluation(title, day.isoformat()))
        return 1, len(points)

    def _cards(self, title: str) -> Iterator[tuple[str, bool]]:
        """Who speaks in production, and whether a suite guards them."""
        for found in self._catalog.names(title, "npcs"):
            try:
                yield found["name"], bool(self._catalog.npc(title, found["name"], self._label)[0].suites)
            except (InvalidRequest, NotFound):
                # Nobody can speak by a card that is not there, or not valid.
                continue

    def _point(self, title: str, npc: str, day: date) -> LivePoint | None:
        """What live turns showed since the last point; None where none was counted."""
        before = [point for point in self._evaluations.live_points(title, npc, 2) if point.period < day.isoformat()]
        last = day - timedelta(days=1)
        first = date.fromisoformat(before[-1].last) + timedelta(days=1) if before else day - timedelta(days=FIRST_DAYS)
        first = max(first, day - timedelta(days=MOST_DAYS))
        counted = self._live.days(title, npc, first.isoformat(), last.isoformat()) if first <= last else {}
        return live_point(npc, day, first, last, list(counted.values())) if counted else None


def live_point(npc: str, day: date, first: date, last: date, sums: Sequence[SideFigures]) -> LivePoint:
    """The figures of some days together."""
    measured, rated = (sum(getattr(one, name) for one in sums) for name in ("measured", "rated"))
    return LivePoint(
        npc=npc,
        period=day.isoformat(),
        first=first.isoformat(),
        last=last.isoformat(),
        turns=sum(one.turns for one in sums),
        failed=sum(one.failed for one in sums),
        measured=measured,
        rated=rated,
        groundedness=sum(one.groundedness for one in sums) / measured if measured else None,
        rating=sum(one.score for one in sums) / rated if rated else None,
    )
