"""Concludes an evaluation: what got better and what broke, and whether the candidate may be promoted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from npcops.comparisons import Played, compared, means, played_of
from npcops.drift_cases import by_case
from npcops.drifts import is_drift
from npcops.evaluations import Comparison, KindCount, Outcome, Reason, SuiteVerdict, TrendPoint, Verdict
from npcops.golden import Bars
from npcops.plans import Plan, PlannedCase, SuiteRun
from npcops.playings import CaseResult
from npcops.suite_bars import bar_reasons, required_reasons, unmeasured_reasons, worse_reasons


class Conclusion(msgspec.Struct, frozen=True):
    """All that follows from the results of an evaluation."""

    verdict: Verdict
    comparisons: tuple[Comparison, ...]
    kinds: tuple[KindCount, ...]
    suite_verdicts: tuple[SuiteVerdict, ...]
    points: tuple[TrendPoint, ...]


def conclude(plan: Plan, results: Iterable[CaseResult], at: str | None = None) -> Conclusion:
    """The conclusion at a time (ISO 8601, UTC; now, if not given). The order of results does not matter.

    Cases without a result make a verdict incomplete, whatever the others show.
    """
    at = at or datetime.now(UTC).isoformat(timespec="milliseconds")
    planned = {one.key for one in plan.cases}
    found = {result.planned.key: result for result in results if result.planned.key in planned}
    played = played_of(list(found.values()))
    return Conclusion(
        verdict=_verdict(plan, plan.cases, played, plan.runs),
        comparisons=compared(list(played.values()), plan.id),
        kinds=_kinds(list(played.values())),
        suite_verdicts=tuple(_suite_verdict(plan, run, played, at) for run in plan.runs),
        points=tuple(
            _point(plan, npc, played, at) for npc in sorted({one.case.npc for one in plan.cases} & set(plan.candidate))
        ),
    )


def _suite_verdict(plan: Plan, run: SuiteRun, played: dict[str, Played], at: str) -> SuiteVerdict:
    verdict, before = _verdict(plan, _of_run(plan, run), played, (run,)), plan.baseline.get(run.npc)
    return SuiteVerdict(run, plan.candidate[run.npc], verdict, plan.id, at, before.digest if before else "")


def _of_run(plan: Plan, run: SuiteRun) -> list[PlannedCase]:
    wanted = set(run.cases)
    return [one for one in plan.cases if one.key in wanted]


def _verdict(plan: Plan, cases: Sequence[PlannedCase], played: dict[str, Played], runs: Sequence[SuiteRun]) -> Verdict:
    """The verdict on some cases, and on the suites, as NPCs play them, that these make up."""
    there = [played[one.key] for one in cases if one.key in played]
    missing = tuple(one.key for one in cases if one.key not in played)
    blocking = [*required_reasons(there), *worse_reasons(there, plan.id)]
    notes: list[Reason] = []
    for run in runs:
        own = [played[key] for key in run.cases if key in played]
        bars = plan.bars.get(run.suite, Bars())
        # The evaluation as a whole is worse if one suite is: what one NPC lost is not made up for by another.
        blocking += [] if own == there else worse_reasons(own, plan.id)
        blocking += bar_reasons(run.suite, run.npc, bars, own)
        notes += unmeasured_reasons(run.suite, run.npc, bars, own)
    regressed = tuple(case.key for case in there if case.before and not case.passed)
    if missing:
        notes.insert(0, Reason("missing", f"{_count(missing)} not been played. Resume the evaluation.", missing))
    if regressed:
        notes.append(Reason("regressed", f"{_count(regressed)} passed before and {_fails(regressed)} now.", regressed))
    outcome: Outcome = "incomplete" if missing else "failed" if blocking else "passed"
    return Verdict(
        outcome=outcome,
        reasons=tuple(dict.fromkeys((*blocking, *notes))),
        failing=tuple(case.key for case in there if not case.passed),
        regressed=regressed,
        improved=tuple(case.key for case in there if case.before is False and case.passed),
    )


def _kinds(played: Sequence[Played]) -> tuple[KindCount, ...]:
    """In the order in which kinds first come."""
    found: dict[str, list[Played]] = {}
    for case in played:
        found.setdefault(case.kind, []).append(case)
    return tuple(
        KindCount(
            kind=cases[0].kind,
            cases=len(cases),
            candidate=sum(case.passed for case in cases),
            baseline=sum(bool(case.before) for case in cases)
            if any(case.before is not None for case in cases)
            else None,
        )
        for _, cases in sorted(found.items())
    )


def _point(plan: Plan, npc: str, played: dict[str, Played], at: str) -> TrendPoint:
    cases = [one for one in plan.cases if one.case.npc == npc]
    own = [played[one.key] for one in cases if one.key in played]
    figures = means(own)
    return TrendPoint(
        npc=npc,
        at=at,
        evaluation=plan.id,
        outcome=_verdict(plan, cases, played, [run for run in plan.runs if run.npc == npc]).outcome,
        cases=len(own),
        pass_rate=figures.pop("pass_rate", 0.0),
        figures=figures,
        subject=plan.candidate[npc].digest,
        by_case=by_case(plan, cases, played) if is_drift(plan.title, plan.id) else {},
    )


def _count(keys: Sequence[str]) -> str:
    return "One case has" if len(keys) == 1 else f"{len(keys)} cases have"


def _fails(keys: Sequence[str]) -> str:
    return "fails" if len(keys) == 1 else "fail"
