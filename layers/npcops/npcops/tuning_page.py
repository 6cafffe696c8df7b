"""The page of a tuning run: what came of it first, then how it learned, from what, and answers before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from npcops.evaluations import Evaluation
from npcops.figures import FIGURES, figure
from npcops.improvement import QUALITY, improvement
from npcops.pages import page
from npcops.plans import Side
from npcops.playings import CaseResult
from npcops.plots import curve
from npcops.report_cases import KINDS, exchanges
from npcops.report_page import metric_view
from npcops.tunings import DataReport, LossPoint, Tuning

SIDES: dict[Side, str] = {"baseline": "Before", "candidate": "After"}
# So many pairs of answers are shown, and of each group so many first; the evaluation's report has all.
MOST_PAIRS, FIRST = 12, 4
GROUPS = (
    ("regressed", "worse: passed before, fails after"),
    ("improved", "better: failed before, passes after"),
    ("held-out", "kept out of training"),
    ("other", "another case"),
)
PARTS = (("train", "learned"), ("validation", "watched while learning"), ("heldout", "kept for the evaluation"))


def tuning_page(
    tuning: Tuning,
    hyperparameters: Mapping[str, str],
    losses: Sequence[LossPoint],
    data: DataReport | None,
    evaluation: Evaluation | None,
    results: Sequence[CaseResult] = (),
) -> bytes:
    """An HTML page in UTF-8, complete without scripts and without anything fetched.

    `losses` are by step; `data`, `evaluation` and `results` (of that evaluation, in any order) are what there is of
    them yet. `hyperparameters` are those that the job was given.
    """
    word, headline = story(tuning, evaluation)
    compared = bool(evaluation and any(each.baseline is not None for each in evaluation.comparisons))
    return page(
        "tuning.html",
        tuning=tuning,
        outcome=_colour(tuning, evaluation),
        word=word,
        headline=headline,
        reasons=_reasons(evaluation),
        about=list(_about(tuning)),
        tiles=list(_tiles(tuning, evaluation, losses)),
        curve=curve(losses),
        parts=list(_parts(data)) if data else [],
        data=data,
        dropped=[(why, count) for why, count in data.dropped.items() if count] if data else [],
        hyperparameters=sorted(hyperparameters.items()),
        metrics=[metric_view(each) for each in evaluation.comparisons if each.metric in FIGURES] if evaluation else [],
        compared=compared,
        pairs=_pairs(evaluation, results) if compared else [],
        evaluation=evaluation.id if evaluation else "",
        glossary=[(known.label, known.told) for name, known in FIGURES.items() if name in _measured(evaluation)],
    )


def story(tuning: Tuning, evaluation: Evaluation | None) -> tuple[str, str]:
    """What came of a run: in a word or three, and in a sentence or two for a writer."""
    early = {
        "proposed": (
            "Proposed",
            "The figures of live turns are falling. Nothing is tuned before somebody uploads data.",
        ),
        "waiting": ("Waiting for data", "Nothing has been uploaded for this run yet."),
        "running": ("Under way", "This run has not come to its end. The page shows what is known so far."),
        "stopped": ("Stopped", "Somebody stopped this run. Nothing of it can reach players."),
    }
    if tuning.state in early:
        return early[tuning.state]
    if tuning.state == "registered":
        return _registered(tuning, evaluation)
    if tuning.outcome == "failed":
        return (
            "Not good enough",
            f"The tuned model failed its evaluation, so it cannot be approved. {_shown(evaluation)}",
        )
    if tuning.outcome == "incomplete":
        return "Not decided", "Some cases of the evaluation have no result, so the model was not registered."
    return "Failed", f"The run stopped before its end: {tuning.failure or 'no reason was given.'}"


def _registered(tuning: Tuning, evaluation: Evaluation | None) -> tuple[str, str]:
    waits = f"It is version {tuning.version} and waits for your approval."
    if evaluation is None:
        return "Registered", f"{waits} Its evaluation cannot be read any more."
    better = improvement(evaluation.comparisons)
    if better == "yes":
        return "Better", f"{_shown(evaluation)} {waits}"
    if better == "no":
        return "Passed, but worse in part", f"It passed its evaluation. {_shown(evaluation)} {waits}"
    return "Not shown to be better", f"It passed its evaluation. {_shown(evaluation)} {waits}"


def _shown(evaluation: Evaluation | None) -> str:
    """What changed by more than chance, in words."""
    if evaluation is None:
        return "Its evaluation cannot be read any more."
    known = [each for each in evaluation.comparisons if each.metric in QUALITY and each.difference is not None]
    if not known:
        return "There was nothing to compare it with."
    clear = {
        "better": [figure(each.metric).label.lower() for each in known if (each.low or 0) > 0],
        "worse": [figure(each.metric).label.lower() for each in known if (each.high or 0) < 0],
    }
    told = [f"{' and '.join(names)} became {word}" for word, names in clear.items() if names]
    if not told:
        return "No figure changed by more than chance would do with so few cases."
    return f"By more than chance, {', but '.join(told)}."


def _colour(tuning: Tuning, evaluation: Evaluation | None) -> str:
    if tuning.state == "registered" and evaluation and improvement(evaluation.comparisons) == "yes":
        return "passed"
    return "failed" if tuning.state == "failed" and tuning.outcome != "incomplete" else "incomplete"


def _reasons(evaluation: Evaluation | None) -> list[str]:
    return [reason.told for reason in evaluation.verdict.reasons] if evaluation and evaluation.verdict else []


def _about(tuning: Tuning) -> Iterator[tuple[str, str]]:
    yield "Data", tuning.request.dataset
    yield "Characters", ", ".join(tuning.request.npcs) or "all of the title"
    yield "Speakers", ", ".join(tuning.request.speakers)
    yield "Model that was tuned", tuning.request.base
    yield "Kind of tuning", tuning.request.type
    yield "Asked for by", tuning.requested_by
    yield "Asked for", _time(tuning.requested_at)
    yield "Ended", _time(tuning.ended_at)
    yield "Note", tuning.request.note
    yield "Evaluation", tuning.evaluation
    yield "Tuned model", tuning.model


def _time(at: str) -> str:
    return f"{at[:10]} {at[11:16]} UTC" if len(at) > 16 else at


def _tiles(tuning: Tuning, evaluation: Evaluation | None, losses: Sequence[LossPoint]) -> Iterator[dict[str, str]]:
    measured = [each for each in (evaluation.comparisons if evaluation else ()) if each.metric == "pass_rate"]
    for each in measured:
        seen = metric_view(each)
        before = f"before {seen['baseline']}" if each.baseline is not None else ""
        yield {"value": seen["candidate"], "label": "of the cases pass", "more": before}
    for label, side in (("loss on what it learned", "training"), ("loss on what it had not seen", "validation")):
        known = [value for point in losses if (value := getattr(point, side)) is not None]
        last = getattr(tuning, f"{side}_loss") if getattr(tuning, f"{side}_loss") is not None else (known or [None])[-1]
        if last is not None:
            yield {"value": f"{last:.2f}", "label": label, "more": f"at first {known[0]:.2f}" if known[1:] else ""}


def _parts(data: DataReport) -> Iterator[tuple[str, int, int]]:
    for name, told in PARTS:
        yield told, data.examples.get(name, 0), data.conversations.get(name, 0)


def _pairs(evaluation: Evaluation | None, results: Sequence[CaseResult]) -> list[dict[str, Any]]:
    """Some cases with both answers: what became worse and better first, then answers in other words, at most some."""
    verdict = evaluation.verdict if evaluation else None
    found: dict[str, list[CaseResult]] = {name: [] for name, _ in GROUPS}
    for result in sorted(results, key=lambda result: result.planned.key):
        if result.candidate and result.baseline and _words(result, "candidate") != _words(result, "baseline"):
            found[_group(result, verdict)].append(result)
    told = dict(GROUPS)
    first = [(name, result) for name, group in found.items() for result in group[:FIRST]]
    more = [(name, result) for name, group in found.items() for result in group[FIRST:]]
    return [_pair(result, told[name]) for name, result in [*first, *more][:MOST_PAIRS]]


def _group(result: CaseResult, verdict: Any) -> str:
    for name in ("regressed", "improved"):
        if verdict and result.planned.key in getattr(verdict, name):
            return name
    return "other" if result.planned.suite else "held-out"


def _pair(result: CaseResult, told: str) -> dict[str, Any]:
    case = result.planned.case
    return {
        "npc": case.npc,
        "id": case.id,
        "kind": KINDS[case.kind],
        "told": told,
        "reference": case.reference,
        "exchanges": exchanges(result, SIDES),
    }


def _words(result: CaseResult, side: Side) -> list[str]:
    return [turn.say for playing in getattr(result, side)[:1] for turn in playing.turns]


def _measured(evaluation: Evaluation | None) -> set[str]:
    return {each.metric for each in evaluation.comparisons} if evaluation else set()
