"""Use case: resolve what an evaluation asks for into a plan: which versions, which suites, which cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from npcops.characters import NpcCard
from npcops.configured import ConfiguredCatalog, exists, subject_of
from npcops.entry_diff import changes
from npcops.errors import InvalidRequest, NotFound
from npcops.evaluations import Evaluation
from npcops.golden import GoldenCase, GoldenSuite
from npcops.plans import Change, Configuration, JudgedBy, Plan, PlannedCase, Subject, SuiteRun
from npcops.ports import Catalog
from npcops.promotions import Promoted, Served
from npcops.scripts import JUDGE

MOST_CASES = 5000


class PlanEvaluation:
    """Plans evaluations.

    `label` is the stage's, at which suites are read and a card's former suites stand; `stage_model` speaks where a
    title names no model and `promoted` tells of no tuned one, and `judge_model` judges.
    """

    def __init__(
        self,
        catalog: Catalog,
        label: str,
        stage_model: str,
        judge_model: str,
        promoted: Callable[[str], Promoted] = lambda _: Promoted(),
    ) -> None:
        self._catalog, self._label, self._promoted = catalog, label, promoted
        self._stage_model, self._judge_model = stage_model, judge_model

    def __call__(self, evaluation: Evaluation, cases: Sequence[GoldenCase]) -> Plan:
        """`cases` are those that came with the request. Raises InvalidRequest, NotFound and StoreUnavailable."""
        look = _Look(self._catalog, self._label, self._judge_model, evaluation, cases)
        runs, planned = look.planned()
        if not planned:
            raise InvalidRequest(
                "There is nothing to play: name suites, or NPCs whose cards name suites, or give cases."
            )
        if len(planned) > MOST_CASES:
            raise InvalidRequest(f"These are {len(planned)} cases; one evaluation plays {MOST_CASES} at most.")
        npcs = list(dict.fromkeys(one.case.npc for one in planned))
        title, request = evaluation.title, evaluation.request
        if idle := [npc for npc in dict.fromkeys(request.npcs) if npc not in npcs]:
            raise InvalidRequest(f"There is no case to play of {', '.join(idle)}, who were to be evaluated.")
        tuned = self._promoted(title).current
        candidate = {npc: self._subject(request.candidate, title, npc, tuned) for npc in npcs}
        baseline: dict[str, Subject] = {}
        if (before := request.baseline) is not None:
            known = [npc for npc in npcs if exists(self._catalog, before, title, npc)]
            baseline = {npc: self._subject(before, title, npc, tuned) for npc in known}
        return Plan(
            title=title,
            id=evaluation.id,
            request=request,
            candidate=candidate,
            baseline=baseline,
            runs=runs,
            cases=planned,
            bars=look.bars(runs),
            judge_model=self._judge_model,
            changes=tuple(_changes(self._catalog, title, candidate, baseline)),
        )

    def _subject(self, configuration: Configuration, title: str, npc: str, tuned: Served | None) -> Subject:
        return subject_of(self._catalog, configuration, title, npc, self._stage_model, tuned)[0]


class _Look:
    """One look at cards and suites, each read once."""

    def __init__(
        self, catalog: Catalog, label: str, judge_model: str, evaluation: Evaluation, cases: Sequence[GoldenCase]
    ) -> None:
        self._catalog, self._label, self._title, self._judge_model = catalog, label, evaluation.title, judge_model
        self._request, self._cases = evaluation.request, cases
        self._candidate = ConfiguredCatalog(catalog, evaluation.request.candidate)
        self._suites: dict[str, tuple[GoldenSuite, str]] = {}
        self._judging: dict[tuple[str, str], str] = {}

    def planned(self) -> tuple[tuple[SuiteRun, ...], tuple[PlannedCase, ...]]:
        """The suites as each NPC plays them, and all cases."""
        runs, cases = list[SuiteRun](), list[PlannedCase]()
        for npc, name in self._guarded():
            suite, version = self._suite(name)
            own = [self._planned(f"{name}.{case.id}", name, case) for case in suite.cases if case.npc == npc]
            if own:
                runs.append(SuiteRun(npc, name, version, tuple(one.key for one in own)))
                cases += own
        cases += [self._planned(case.id, "", case) for case in self._cases]
        return tuple(runs), tuple(cases)

    def _planned(self, key: str, suite: str, case: GoldenCase) -> PlannedCase:
        wanted = case.expected.rubrics
        if not wanted or not self._request.judge:
            return PlannedCase(key, suite, case)
        found = {name: version for name in wanted if (version := self._judges("rubrics", name))}
        return PlannedCase(key, suite, case, JudgedBy(self._judge_model, self._judges("prompts", JUDGE), found))

    def _judges(self, kind: str, name: str) -> str:
        """The version of an entry by which the judge judges; empty if there is none."""
        if (kind, name) not in self._judging:
            try:
                self._judging[kind, name] = self._catalog.get(self._title, kind, name, self._label)[1]
            except NotFound:
                self._judging[kind, name] = ""
        return self._judging[kind, name]

    def bars(self, runs: Sequence[SuiteRun]) -> dict[str, Any]:
        """Those of the suites that are played."""
        return {run.suite: self._suite(run.suite)[0].bars for run in runs}

    def _guarded(self) -> Iterator[tuple[str, str]]:
        """Each NPC with each of the suites that it plays."""
        if self._cases and not self._request.npcs and not self._request.suites:
            return
        for npc in self._npcs():
            for suite in dict.fromkeys(self._request.suites) or self._suites_of(npc):
                yield npc, suite

    def _npcs(self) -> list[str]:
        if self._request.npcs:
            return list(dict.fromkeys(self._request.npcs))
        if self._request.suites:
            suites = [self._suite(name)[0] for name in self._request.suites]
            return list(dict.fromkeys(case.npc for suite in suites for case in suite.cases))
        return [found["name"] for found in self._catalog.names(self._title, "npcs")]

    def _suites_of(self, npc: str) -> tuple[str, ...]:
        """The suites of the candidate's card, and those of the card that it would take the place of."""
        named = [card.suites for card in (self._card(self._candidate, npc), self._card(self._catalog, npc)) if card]
        if not named and self._request.npcs:
            raise NotFound(f"There is no {npc} to evaluate.")
        return tuple(dict.fromkeys(suite for suites in named for suite in suites))

    def _card(self, source: ConfiguredCatalog | Catalog, npc: str) -> NpcCard | None:
        try:
            return source.npc(self._title, npc, self._label)[0]
        except NotFound:
            return None

    def _suite(self, name: str) -> tuple[GoldenSuite, str]:
        if name not in self._suites:
            content, version = self._catalog.get(self._title, "suites", name, self._label)
            self._suites[name] = msgspec.convert(content, GoldenSuite, strict=False), version
        return self._suites[name]


def _changes(
    catalog: Catalog, title: str, candidate: dict[str, Subject], baseline: dict[str, Subject]
) -> Iterator[Change]:
    """What differs between the two sides, each entry once; of entries that one side lacks, that it does."""
    for entry in sorted({entry for npc in baseline for entry in (candidate[npc].versions | baseline[npc].versions)}):
        kind, _, name = entry.partition("/")
        after, before = (_version(side, baseline, entry) for side in (candidate, baseline))
        if after and before and after != before:
            contents = [catalog.get(title, kind, name, version)[0] for version in (before, after)]
            yield from changes(contents[0], contents[1], entry)
        elif after != before:
            yield Change(entry, "version", before, after)
    for field in ("model", "lore"):
        pairs = {npc: (getattr(baseline[npc], field), getattr(candidate[npc], field)) for npc in baseline}
        for before, after in dict.fromkeys(pair for pair in pairs.values() if pair[0] != pair[1]):
            yield Change(field, "", before, after)


def _version(side: dict[str, Subject], npcs: dict[str, Subject], entry: str) -> str:
    return next((side[npc].versions[entry] for npc in npcs if entry in side[npc].versions), "")
