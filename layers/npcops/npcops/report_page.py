"""The page of a report: what its template is filled with, the verdict first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from npcops.dialogue import ShownPassage
from npcops.evaluations import Comparison
from npcops.figures import FIGURES, amount, change, figure
from npcops.pages import page
from npcops.plans import Change, Subject
from npcops.playings import CaseResult
from npcops.plots import histogram, interval
from npcops.report_cases import KINDS, case_view
from npcops.text_changes import changed_lines

if TYPE_CHECKING:
    from npcops.report import Report

ICONS = {"passed": "✓", "failed": "✗", "incomplete": "…"}
WORDS = {"passed": "Passed", "failed": "Failed", "incomplete": "Not decided"}
# The groups of cases in the order of the page: status, heading, what is said of it, whether each is shown at length.
GROUPS = (
    ("regressed", "Worse than before", "These cases passed with the baseline and fail with the candidate.", True),
    ("failing", "Failing", "These cases fail with the candidate, and are not known to have passed before.", True),
    ("improved", "Better than before", "These cases failed with the baseline and pass with the candidate.", False),
    ("passing", "All other cases", "These pass.", False),
)
TOLD = {
    "regressed": "fails now, passed before",
    "failing": "fails",
    "improved": "passes now, failed before",
    "passing": "passes",
}


def report_page(report: Report) -> bytes:
    """The page, complete without scripts and without anything fetched."""
    anchors = {result.planned.key: f"case-{number}" for number, result in enumerate(report.cases, 1)}
    appendix = _appendix(report.cases)
    groups = list(_groups(report, anchors, appendix))
    return page(
        "report.html",
        outcome=report.verdict.outcome,
        icon=ICONS[report.verdict.outcome],
        word=WORDS[report.verdict.outcome],
        headline=headline(report),
        reasons=[_reason(reason, report, anchors) for reason in report.verdict.reasons],
        about=list(_about(report)),
        tiles=list(_tiles(report)),
        suites=_suites(report),
        changes=[_change(entry) for entry in report.changes],
        compared=bool(report.baseline),
        kinds=[_kind(count.kind, count.cases, count.candidate, count.baseline) for count in report.kinds],
        metrics=[metric_view(comparison) for comparison in report.comparisons],
        histograms=list(_histograms(report.cases)),
        groups=groups,
        missing=report.missing,
        appendix=[(anchor, passage) for passage, anchor in appendix.items()],
        glossary=_glossary(report),
        subjects=list(_subjects(report)),
        evaluation=report.evaluation,
        title=report.title,
    )


def headline(report: Report) -> str:
    """The verdict in one sentence."""
    verdict, total = report.verdict, len(report.cases) + len(report.missing)
    if verdict.outcome == "incomplete":
        return f"{_cases(len(report.missing), total)} no result, so there is no verdict yet. Resume the evaluation."
    if verdict.outcome == "passed":
        if verdict.regressed:
            return f"The candidate may go to players, although {_cases(len(verdict.regressed), total)} become worse."
        return "The candidate may go to players: it does everything that its suites ask for."
    if verdict.regressed:
        return f"The candidate should not go to players: {_cases(len(verdict.regressed), total)} become worse."
    if verdict.failing:
        return f"The candidate should not go to players: {len(verdict.failing)} of {_many(total)} fail."
    return "The candidate should not go to players, although every case passes: see the reasons."


def _cases(number: int, total: int) -> str:
    return f"{number} of {_many(total)} {'has' if number == 1 else 'have'}"


def _many(number: int) -> str:
    return f"{number} case{'' if number == 1 else 's'}"


def _reason(reason: Any, report: Report, anchors: dict[str, str]) -> dict[str, Any]:
    ids = {result.planned.key: result.planned.case.id for result in report.cases}
    return {
        "told": reason.told,
        "cases": [(ids.get(key, key), anchors.get(key, "missing")) for key in reason.cases],
    }


def _about(report: Report) -> Iterator[tuple[str, str]]:
    npcs = sorted({result.planned.case.npc for result in report.cases} | report.candidate.keys())
    yield "Characters", ", ".join(npcs)
    yield "Asked for by", report.requested_by
    yield "Asked for", _time(report.requested_at)
    yield "Concluded", _time(report.concluded_at)
    yield "Note", report.note
    for label, subjects in (("Candidate's model", report.candidate), ("Baseline's model", report.baseline)):
        yield label, ", ".join(sorted({subject.model for subject in subjects.values()}))
    yield "Judge's model", report.judge_model if any(case.planned.judged_by for case in report.cases) else ""
    yield "Words chosen", "always the likeliest" if report.greedy else "as for players, with chance"
    yield "Each case played", f"{report.repeats} times" if report.repeats > 1 and not report.greedy else ""


def _time(at: str) -> str:
    """`2026-05-01 09:30 UTC` of an ISO 8601 time."""
    return f"{at[:10]} {at[11:16]} UTC" if len(at) > 16 else at


def _tiles(report: Report) -> Iterator[dict[str, str]]:
    """The figures that a reader looks for first."""
    cases = sum(count.cases for count in report.kinds)
    ours = sum(count.candidate for count in report.kinds)
    theirs = [count.baseline for count in report.kinds if count.baseline is not None]
    before = f"baseline {sum(theirs)}" if theirs else ""
    yield {"value": f"{ours} of {cases}", "label": "cases pass", "more": before}
    if report.baseline:
        yield {"value": str(len(report.verdict.regressed)), "label": "worse than before", "more": ""}
        yield {"value": str(len(report.verdict.improved)), "label": "better than before", "more": ""}
    yield {
        "value": amount("cost_usd", _spent(report.cases)),
        "label": "cost of this evaluation",
        "more": "answers and their judge",
    }


def _spent(cases: Sequence[CaseResult]) -> float:
    """US dollars of all that was played and judged. Who is compared with itself was played once."""
    both = [(case.candidate, () if case.baseline == case.candidate else case.baseline) for case in cases]
    playings = [playing for sides in both for side in sides for playing in side]
    said = sum(turn.usage.cost_usd for playing in playings for turn in playing.turns)
    return said + sum(playing.judging.cost_usd for playing in playings)


def _suites(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "npc": suite.run.npc,
            "suite": suite.run.suite,
            "version": suite.run.suite_version,
            "cases": len(suite.run.cases),
            "failing": len(suite.verdict.failing),
            "outcome": suite.verdict.outcome,
            "icon": ICONS[suite.verdict.outcome],
            "word": WORDS[suite.verdict.outcome],
        }
        for suite in report.suites
    ]


def _change(entry: Change) -> dict[str, Any]:
    """A short value stands before and after; a long one is shown by its changed lines."""
    long = max(len(entry.before), len(entry.after)) > 80 or "\n" in entry.before + entry.after
    lines = changed_lines(entry.before, entry.after) if long else []
    return {
        "entry": entry.entry,
        "field": entry.field,
        "before": entry.before,
        "after": entry.after,
        "lines": lines,
    }


def _kind(kind: str, cases: int, candidate: int, baseline: int | None) -> dict[str, Any]:
    def bar(passed: int) -> dict[str, Any]:
        return {"width": round(100 * passed / cases, 1) if cases else 0.0, "told": f"{passed} of {cases}"}

    worse = baseline is not None and candidate < baseline
    return {
        "label": KINDS[kind],
        "candidate": bar(candidate),
        "baseline": None if baseline is None else bar(baseline),
        "worse": worse,
    }


def metric_view(comparison: Comparison) -> dict[str, Any]:
    """A row of the table of figures (macro `figures`)."""
    name, known = comparison.metric, figure(comparison.metric)
    bounds = comparison.low is not None and comparison.high is not None
    return {
        "label": known.label,
        "candidate": amount(name, comparison.candidate),
        "baseline": amount(name, comparison.baseline),
        "difference": change(name, comparison.difference),
        "range": f"{change(name, comparison.low)} to {change(name, comparison.high)}" if bounds else "",
        "pairs": comparison.pairs,
        "interval": interval(comparison),
    }


def _histograms(cases: Sequence[CaseResult]) -> Iterator[dict[str, Any]]:
    for name in ("ms", "cost_usd"):
        sides = [
            [playing.metrics[name] for case in cases for playing in getattr(case, side) if name in playing.metrics]
            for side in ("candidate", "baseline")
        ]

        def show(value: float | None, name: str = name) -> str:
            return amount(name, value)

        drawn = histogram(sides[0], sides[1], show)
        if drawn:
            yield {"label": figure(name).label, "of": "an answer", "plot": drawn, "both": bool(sides[1])}


def _appendix(cases: Sequence[CaseResult]) -> dict[ShownPassage, str]:
    """Every passage once, with its anchor: most cases are given the same ones."""
    found: dict[ShownPassage, str] = {}
    for case in cases:
        for playing in (*case.candidate, *case.baseline):
            for passage in playing.passages:
                found.setdefault(passage, f"passage-{len(found) + 1}")
    return found


def _groups(report: Report, anchors: dict[str, str], appendix: dict[ShownPassage, str]) -> Iterator[dict[str, Any]]:
    verdict = report.verdict
    status = dict.fromkeys(verdict.failing, "failing")
    status |= dict.fromkeys(verdict.improved, "improved") | dict.fromkeys(verdict.regressed, "regressed")
    for name, heading, told, at_length in GROUPS:
        cases = [
            case_view(result, anchors[key], {"status": name, "told": TOLD[name]}, appendix)
            for result in report.cases
            if status.get(key := result.planned.key, "passing") == name
        ]
        if cases:
            yield {"name": name, "heading": heading, "told": told, "at_length": at_length, "cases": cases}


def _glossary(report: Report) -> list[tuple[str, str]]:
    present = {comparison.metric for comparison in report.comparisons}
    present |= {name for case in report.cases for playing in case.candidate for name in playing.metrics}
    return [(known.label, known.told) for name, known in FIGURES.items() if name in present]


def _subjects(report: Report) -> Iterator[tuple[str, Subject]]:
    for label, subjects in (("Candidate", report.candidate), ("Baseline", report.baseline)):
        yield from ((label, subjects[npc]) for npc in sorted(subjects))
