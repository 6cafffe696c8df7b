"""The report of an evaluation: everything as data (`report.json`) and a page that a writer can read (`report.html`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from npcops.evaluations import Comparison, Evaluation, KindCount, SuiteVerdict, Verdict
from npcops.golden import Bars
from npcops.plans import Change, Plan, Subject
from npcops.playings import CaseResult

if TYPE_CHECKING:
    from npcops.verdicts import Conclusion

HTML = "text/html; charset=utf-8"


class Report(msgspec.Struct, frozen=True):
    """What `report.json` holds (its JSON Schema is `api/report.schema.json`). Times are ISO 8601, UTC.

    `cases` are in the order of their plan; `missing` are the keys of those without a result. `candidate` and `baseline`
    are the subjects by NPC, `bars` those of the suites by name.
    """

    title: str
    evaluation: str
    requested_by: str
    requested_at: str
    concluded_at: str
    note: str
    greedy: bool
    repeats: int
    candidate: dict[str, Subject]
    baseline: dict[str, Subject]
    judge_model: str
    verdict: Verdict
    comparisons: tuple[Comparison, ...]
    kinds: tuple[KindCount, ...]
    suites: tuple[SuiteVerdict, ...]
    bars: dict[str, Bars]
    changes: tuple[Change, ...]
    cases: tuple[CaseResult, ...]
    missing: tuple[str, ...]
    format: Literal["npcops-report/1"] = "npcops-report/1"


def render(
    evaluation: Evaluation, plan: Plan, results: Iterable[CaseResult], conclusion: Conclusion
) -> dict[str, tuple[bytes, str]]:
    """The report's files: by name, their bytes and content type. `results` may come in any order."""
    # The template engine and what fills it are only needed where a report is written.
    from npcops.report_page import report_page

    report = report_of(evaluation, plan, results, conclusion)
    return {
        "report.json": (msgspec.json.encode(report), "application/json"),
        "report.html": (report_page(report), HTML),
    }


def report_of(evaluation: Evaluation, plan: Plan, results: Iterable[CaseResult], conclusion: Conclusion) -> Report:
    """The report as data."""
    found = {result.planned.key: result for result in results if result.candidate}
    return Report(
        title=plan.title,
        evaluation=plan.id,
        requested_by=evaluation.requested_by,
        requested_at=evaluation.requested_at,
        concluded_at=evaluation.concluded_at,
        note=plan.request.note,
        greedy=plan.request.greedy,
        repeats=plan.request.repeats,
        candidate=plan.candidate,
        baseline=plan.baseline,
        judge_model=plan.judge_model,
        verdict=conclusion.verdict,
        comparisons=tuple(conclusion.comparisons),
        kinds=tuple(conclusion.kinds),
        suites=tuple(conclusion.suite_verdicts),
        bars=plan.bars,
        changes=plan.changes,
        cases=tuple(found[planned.key] for planned in plan.cases if planned.key in found),
        missing=tuple(planned.key for planned in plan.cases if planned.key not in found),
    )
