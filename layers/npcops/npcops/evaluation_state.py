"""Use cases of those who look at evaluations: a list, one with progress and report, and an NPC's figures over time."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from npcops.catalogue import Move
from npcops.errors import InvalidRequest, NotFound
from npcops.evaluations import Comparison, Evaluation, KindCount, LivePoint, Outcome, TrendPoint, Verdict
from npcops.plans import Change, EvaluationRequest
from npcops.ports import Catalog
from npcops.studio_ports import EvaluationFiles, EvaluationStarter, EvaluationStore

REPORTS = ("report.html", "report.json")
LINK_SECONDS = 3600
MOST = 100
USUAL = 20
COUNT = re.compile("[0-9]{1,3}")
INTERRUPTED = "It was interrupted. What was played is kept: resume it with `npc eval resume {}`."


class Listed(msgspec.Struct, frozen=True):
    """An evaluation in a list."""

    id: str
    state: str
    requested_by: str
    requested_at: str
    note: str
    total: int
    npcs: tuple[str, ...]
    outcome: Outcome | None
    regressed: int
    failing: int


class Described(msgspec.Struct, frozen=True):
    """One evaluation: how far it is, and what it said. `report` has an address for each file, for an hour."""

    id: str
    state: str
    requested_by: str
    requested_at: str
    concluded_at: str
    request: EvaluationRequest
    attempt: int
    total: int
    done: int
    npcs: tuple[str, ...]
    changes: tuple[Change, ...]
    verdict: Verdict | None
    comparisons: tuple[Comparison, ...]
    kinds: tuple[KindCount, ...]
    failure: str
    report: dict[str, str]


class Trend(msgspec.Struct, frozen=True):
    """An NPC's newest figures, oldest first: of evaluations, and of turns as players had them.

    `page` is HTML, if it was asked for.
    """

    points: list[TrendPoint]
    page: str = ""
    live: list[LivePoint] = []


class Evaluations:
    """Looks at the evaluations of a title."""

    def __init__(self, evaluations: EvaluationStore, files: EvaluationFiles, starter: EvaluationStarter) -> None:
        self._evaluations, self._files, self._starter = evaluations, files, starter

    def describe(self, title: str, evaluation: str) -> Described:
        """Raises NotFound and StoreUnavailable. One that nobody works at any more is told as failed."""
        known = self._evaluations.find(title, evaluation)
        if known.state == "running" and not self._starter.running(evaluation, known.attempt):
            # It may have come to its end in between.
            known = self._evaluations.find(title, evaluation)
            if known.state == "running":
                known = msgspec.structs.replace(known, state="failed", failure=INTERRUPTED.format(evaluation))
        done = len(self._files.done(title, evaluation)) if known.total else 0
        fields = [field.name for field in msgspec.structs.fields(Described) if hasattr(known, field.name)]
        shown = {name: getattr(known, name) for name in fields}
        return Described(**shown, done=done, report=self._links(known) if known.state == "concluded" else {})

    def _links(self, evaluation: Evaluation) -> dict[str, str]:
        """Reports expire before what the table says of them."""
        links = {}
        for name in REPORTS:
            try:
                links[name] = self._files.report_url(evaluation.title, evaluation.id, name, LINK_SECONDS)
            except NotFound:
                continue
        return links


def list_evaluations(store: EvaluationStore, title: str, limit: str | None, before: str | None) -> dict[str, Any]:
    """One page, newest first, and the `before` of the next one. Raises InvalidRequest."""
    wanted = _count(limit)
    found = store.newest(title, wanted + 1, before or "")
    page = found[:wanted]
    return {"evaluations": [_listed(one) for one in page], "next": page[-1].id if len(found) > wanted else None}


class ShowTrend:
    """Shows an NPC's figures over time."""

    def __init__(self, store: EvaluationStore, catalog: Catalog, label: str) -> None:
        """`label` is what players get; its moves are marked in the page."""
        self._store, self._catalog, self._label = store, catalog, label

    def __call__(self, title: str, npc: str, limit: str | None, page: bool = False) -> Trend:
        """With `page`, also as an HTML page. Raises InvalidRequest."""
        wanted = _count(limit)
        points, live = self._store.points(title, npc, wanted), self._store.live_points(title, npc, wanted)
        if not page:
            return Trend(points, live=live)
        # The template engine is needed by few of those who look.
        from npcops.trend_page import trend_page

        return Trend(points, trend_page(npc, points, self._moves(title, npc), live).decode(), live)

    def _moves(self, title: str, npc: str) -> list[Move]:
        return [move for move in self._catalog.moves(title, "npcs", npc) if move.label == self._label]


def _count(limit: str | None) -> int:
    if limit is None:
        return USUAL
    if not COUNT.fullmatch(limit) or not 1 <= int(limit) <= MOST:
        raise InvalidRequest(f"limit must be a number from 1 to {MOST}.")
    return int(limit)


def _listed(evaluation: Evaluation) -> Listed:
    verdict = evaluation.verdict if evaluation.state == "concluded" else None
    return Listed(
        id=evaluation.id,
        state=evaluation.state,
        requested_by=evaluation.requested_by,
        requested_at=evaluation.requested_at,
        note=evaluation.request.note,
        total=evaluation.total,
        npcs=evaluation.npcs,
        outcome=verdict.outcome if verdict else None,
        regressed=len(verdict.regressed) if verdict else 0,
        failing=len(verdict.failing) if verdict else 0,
    )
