"""The figures of both sides, case by case, and how far apart they are."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import msgspec

from npcops.evaluations import Comparison
from npcops.figures import FIGURES
from npcops.golden import CaseKind
from npcops.playings import CaseResult, Playing
from npcops.similarity import unlike_earlier
from npcops.statistics import interval, percentile

SLOW_SHARE = 0.95


class Played(msgspec.Struct, frozen=True):
    """One case with both sides' figures, each the mean of its playings.

    It `passed` if every playing did; `before` is the same of the baseline, None without one. `ms` are the candidate's
    single times.
    """

    key: str
    npc: str
    kind: CaseKind
    required: bool
    passed: bool
    before: bool | None
    candidate: dict[str, float]
    baseline: dict[str, float]
    ms: tuple[float, ...] = ()
    ms_before: tuple[float, ...] = ()


def played_of(results: Sequence[CaseResult]) -> dict[str, Played]:
    """The results by key, in the order of keys. A result without playings of the candidate is none."""
    ordered = sorted((result for result in results if result.candidate), key=lambda result: result.planned.key)
    unique = {side: _unique(ordered, side) for side in ("candidate", "baseline")}
    return {
        result.planned.key: Played(
            key=result.planned.key,
            npc=result.planned.case.npc,
            kind=result.planned.case.kind,
            required=result.planned.case.required,
            passed=all(playing.passed for playing in result.candidate),
            before=all(playing.passed for playing in result.baseline) if result.baseline else None,
            candidate=_means(result.candidate) | unique["candidate"].get(result.planned.key, {}),
            baseline=_means(result.baseline) | unique["baseline"].get(result.planned.key, {}),
            ms=_all(result.candidate, "ms"),
            ms_before=_all(result.baseline, "ms"),
        )
        for result in ordered
    }


def compared(played: Sequence[Played], seed: str) -> tuple[Comparison, ...]:
    """Every figure that some case has, over the cases in which both sides have it, in the order of FIGURES."""
    names = [name for name in FIGURES if any(name in case.candidate for case in played)]
    return tuple(_comparison(name, played, seed) for name in names) + _slow(played)


def means(played: Sequence[Played]) -> dict[str, float]:
    """The candidate's mean figures."""
    return {each.metric: each.candidate for each in compared([_alone(case) for case in played], "")}


def difference(name: str, played: Sequence[Played], seed: str) -> Comparison | None:
    """One figure of both sides, None if they have it together in no case."""
    paired = [case for case in played if name in case.candidate and name in case.baseline]
    return _comparison(name, paired, seed) if paired else None


def _comparison(name: str, played: Sequence[Played], seed: str) -> Comparison:
    higher = FIGURES[name].higher_is_better
    ours = [case for case in played if name in case.candidate]
    paired = [case for case in ours if name in case.baseline]
    if not paired:
        return Comparison(name, fmean(case.candidate[name] for case in ours), higher_is_better=higher)
    differences = [case.candidate[name] - case.baseline[name] for case in paired]
    low, high = interval(differences, f"{seed} {name}") or (None, None)
    return Comparison(
        metric=name,
        candidate=fmean(case.candidate[name] for case in paired),
        baseline=fmean(case.baseline[name] for case in paired),
        difference=fmean(differences),
        low=low,
        high=high,
        pairs=len(paired),
        higher_is_better=higher,
    )


def _slow(played: Sequence[Played]) -> tuple[Comparison, ...]:
    """The time of slow answers; a percentile of all cases has no difference case by case."""
    ours = percentile([ms for case in played for ms in case.ms], SLOW_SHARE)
    theirs = percentile([ms for case in played for ms in case.ms_before], SLOW_SHARE)
    if ours is None:
        return ()
    apart = None if theirs is None else ours - theirs
    return (Comparison("p95_ms", ours, theirs, apart, higher_is_better=False),)


def _means(playings: Sequence[Playing]) -> dict[str, float]:
    if not playings:
        return {}
    names = {name for playing in playings for name in playing.metrics if name in FIGURES}
    found = {
        name: fmean(playing.metrics[name] for playing in playings if name in playing.metrics) for name in sorted(names)
    }
    return {"pass_rate": fmean(playing.passed for playing in playings), **found}


def _all(playings: Sequence[Playing], name: str) -> tuple[float, ...]:
    return tuple(playing.metrics[name] for playing in playings if name in playing.metrics)


def _unique(ordered: Sequence[CaseResult], side: str) -> dict[str, dict[str, float]]:
    """For each case, whether the character's answer has other words than its answers to the cases before."""
    found: dict[str, dict[str, float]] = {}
    for npc in {result.planned.case.npc for result in ordered}:
        own = [(result.planned.key, getattr(result, side)) for result in ordered if result.planned.case.npc == npc]
        said = [(key, playings[0].turns[-1].say) for key, playings in own if playings and playings[0].turns]
        unlike = unlike_earlier([say for _, say in said])
        found |= {key: {"uniqueness": float(new)} for (key, _), new in zip(said, unlike, strict=True)}
    return found


def _alone(case: Played) -> Played:
    return msgspec.structs.replace(case, baseline={}, ms_before=())
