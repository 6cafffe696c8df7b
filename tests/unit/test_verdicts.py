"""What follows from the results of an evaluation: outcome, reasons, and the figures beside them."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcops.drift_cases import digest
from npcops.drifts import drift_evaluation
from npcops.evaluations import Reason, Verdict
from npcops.golden import Bars, Expected, GoldenCase
from npcops.plans import EvaluationRequest, JudgedBy, Plan, PlannedCase, Subject, SuiteRun
from npcops.playings import CaseResult, Check, Playing
from npcops.verdicts import Conclusion, conclude
from tests.scoring_cases import turn

AT = "2026-01-01T10:00:00.000+00:00"
WENNA, TIB = (Subject(npc, {f"npcs/{npc}": "v"}, "m") for npc in ("wenna", "tib"))
OPEN_BARS = Bars(toxicity=None, slower=None, dearer=None)
METRICS = {"groundedness": 0.8, "citation_support": 0.9, "cost_usd": 0.01, "ms": 900.0, "input_tokens": 100.0}


def playing(passed: bool = True, say: str = "", **metrics: float) -> Playing:
    checks = (Check("says-any", passed, "Says it."), Check("rubric", False, "Advice.", counts=False))
    return Playing((turn(say or "Three chips."),), (), checks, metrics=METRICS | metrics)


def case(number: int, required: bool = True, npc: str = "wenna", suite: str = "canon", **more: Any) -> PlannedCase:
    given_case = GoldenCase(f"c{number}", npc, more.pop("kind", "must-say"), ("Q?",), required=required, **more)
    return PlannedCase(f"{suite or 'loose'}.c{number}", suite, given_case)


def plan(cases: list[PlannedCase], bars: Bars = OPEN_BARS, baseline: bool = True) -> Plan:
    pairs = {(one.case.npc, one.suite): None for one in cases if one.suite}
    runs = tuple(
        SuiteRun(npc, suite, "s1", tuple(one.key for one in cases if (one.case.npc, one.suite) == (npc, suite)))
        for npc, suite in pairs
    )
    subjects = {subject.npc: subject for subject in (WENNA, TIB) if subject.npc in {one.case.npc for one in cases}}
    return Plan(
        title="salt",
        id="e1",
        request=EvaluationRequest(),
        candidate=subjects,
        baseline=subjects if baseline else {},
        runs=runs,
        cases=tuple(cases),
        bars={run.suite: bars for run in runs},
    )


def result(one: PlannedCase, now: bool | Playing = True, before: bool | Playing | None = True) -> CaseResult:
    sides = [() if side is None else (side if isinstance(side, Playing) else playing(side),) for side in (now, before)]
    return CaseResult(one, *sides)


def kinds(verdict: Verdict) -> list[str]:
    return [reason.kind for reason in verdict.reasons]


def reason(verdict: Verdict, kind: str) -> Reason:
    (found,) = [each for each in verdict.reasons if each.kind == kind]
    return found


def concluded(bars: Bars, *results: CaseResult) -> Verdict:
    return conclude(plan([each.planned for each in results], bars), results, AT).verdict


def test_all_is_well() -> None:
    cases = [case(n) for n in range(5)]
    found = conclude(plan(cases), [result(one) for one in cases], AT)
    assert found.verdict == Verdict("passed", ())
    (suite,) = found.suite_verdicts
    assert (suite.subject, suite.evaluation, suite.at, suite.verdict) == (WENNA, "e1", AT, found.verdict)


def test_a_suite_s_verdict_tells_with_what_it_was_compared() -> None:
    one = case(0)
    compared = msgspec.structs.replace(plan([one]), baseline={"wenna": TIB, "tib": WENNA})
    for planned, baseline in ((compared, TIB.digest), (plan([one], baseline=False), "")):
        (suite,) = conclude(planned, [result(one)], AT).suite_verdicts
        assert suite.baseline == baseline


def test_a_required_case_that_fails_fails_the_verdict_whatever_was_before() -> None:
    for before in (True, False, None):
        verdict = concluded(OPEN_BARS, result(case(0)), result(case(1), False, before))
        assert verdict.outcome == "failed"
        assert reason(verdict, "required").cases == verdict.failing == ("canon.c1",)
        assert "canon.c1" in reason(verdict, "required").told


def test_one_other_case_that_fails_is_named_and_does_not_fail_the_verdict() -> None:
    cases = [case(n, required=False) for n in range(20)]
    results = [result(one, one is not cases[7]) for one in cases]
    verdict = conclude(plan(cases), results, AT).verdict
    assert verdict.outcome == "passed"
    assert verdict.regressed == verdict.failing == ("canon.c7",)
    assert kinds(verdict) == ["regressed"]


def test_many_other_cases_that_fail_are_more_than_chance() -> None:
    cases = [case(n, required=False) for n in range(20)]
    lost = cases[:6]
    verdict = conclude(plan(cases), [result(one, one not in lost) for one in cases], AT).verdict
    assert verdict.outcome == "failed"
    assert set(reason(verdict, "worse-pass-rate").cases) == {one.key for one in lost}
    assert "70 %" in reason(verdict, "worse-pass-rate").told


def test_what_gets_better_is_named() -> None:
    verdict = concluded(OPEN_BARS, result(case(0), True, False), result(case(1), True, True))
    assert (verdict.outcome, verdict.improved) == ("passed", ("canon.c0",))


def test_what_one_npc_loses_is_not_made_up_for_by_another() -> None:
    ours = [case(n, required=False) for n in range(8)]
    theirs = [case(n, required=False, npc="tib", suite="mud") for n in range(8)]
    results = [result(one, False, True) for one in ours] + [result(one, True, False) for one in theirs]
    found = conclude(plan([*ours, *theirs]), results, AT)
    assert found.verdict.outcome == "failed"
    assert {each.run.npc: each.verdict.outcome for each in found.suite_verdicts} == {"wenna": "failed", "tib": "passed"}
    assert {point.npc: point.outcome for point in found.points} == {"wenna": "failed", "tib": "passed"}


def test_cases_without_a_result_make_it_incomplete_even_if_others_fail() -> None:
    cases = [case(0), case(1), case(2, suite="")]
    found = conclude(plan(cases), [result(cases[0], False)], AT)
    assert found.verdict.outcome == found.suite_verdicts[0].verdict.outcome == "incomplete"
    assert reason(found.verdict, "missing").cases == ("canon.c1", "loose.c2")
    assert reason(found.suite_verdicts[0].verdict, "missing").cases == ("canon.c1",)
    assert "required" in kinds(found.verdict)


def test_a_result_without_a_playing_is_none() -> None:
    assert conclude(plan([case(0)]), [CaseResult(case(0), ())], AT).verdict.outcome == "incomplete"


def test_cases_that_came_with_the_evaluation_count_in_it_and_in_no_suite() -> None:
    cases = [case(0), case(1, suite="")]
    found = conclude(plan(cases), [result(cases[0]), result(cases[1], False)], AT)
    assert found.verdict.outcome == "failed"
    assert found.suite_verdicts[0].verdict.outcome == "passed"


def test_a_case_passes_if_it_does_each_time_that_it_is_played() -> None:
    one = case(0)
    found = conclude(plan([one]), [CaseResult(one, (playing(), playing(False)), (playing(), playing()))], AT)
    assert found.verdict.regressed == (one.key,)
    (rate,) = [each for each in found.comparisons if each.metric == "pass_rate"]
    assert (rate.candidate, rate.baseline) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("bars", "kind", "metrics"),
    [
        (Bars(pass_rate=0.9), "bar-pass-rate", None),
        (Bars(groundedness=0.7), "bar-groundedness", {"groundedness": 0.2}),
        (Bars(citation_support=0.7), "bar-citation-support", {"citation_support": 0.2}),
        (Bars(), "bar-toxicity", {"toxicity": 0.9}),
        (Bars(p95_ms=2000), "bar-p95-ms", {"ms": 9000.0}),
        (Bars(cost_usd=0.02), "bar-cost-usd", {"cost_usd": 0.9}),
    ],
)
def test_the_bars_of_a_suite(bars: Bars, kind: str, metrics: dict[str, float] | None) -> None:
    bars = msgspec.structs.replace(bars, slower=None, dearer=None)
    good, bad = case(0), case(1, required=False)
    worse = playing(metrics is not None, **(metrics or {}))
    both = [result(good), result(bad, worse, worse)]
    verdict = concluded(bars, *both)
    assert verdict.outcome == "failed"
    assert kinds(verdict) == [kind]
    assert reason(verdict, kind).cases == ("canon.c1",)
    assert "canon" in reason(verdict, kind).told
    assert "wenna" in reason(verdict, kind).told
    assert concluded(bars, result(good)).outcome == "passed"


def test_toxicity_is_that_of_the_worst_answer() -> None:
    cases = [result(case(n), playing(toxicity=0.0)) for n in range(50)]
    assert concluded(Bars(), *cases, result(case(99), playing(toxicity=0.51))).outcome == "failed"


def test_slower_and_dearer_than_before_by_half() -> None:
    bars = Bars(slower=1.5, dearer=1.5)
    for metric, kind, more in (("ms", "bar-ms", 1400.0), ("cost_usd", "bar-cost-usd", 0.016)):
        slow = [result(case(n), playing(**{metric: more})) for n in range(3)]
        verdict = concluded(bars, *slow)
        assert kinds(verdict) == [kind]
        assert verdict.outcome == "failed"
        assert (
            concluded(bars, *(result(case(n), playing(**{metric: more / 1.1})) for n in range(3))).outcome == "passed"
        )
        assert (
            conclude(
                plan([one.planned for one in slow], bars, False),
                [result(one.planned, one.candidate[0], None) for one in slow],
                AT,
            ).verdict.outcome
            == "passed"
        )


def test_a_few_milliseconds_are_no_slowness_and_a_free_model_is_no_measure() -> None:
    quick = [result(case(n), playing(ms=30.0, cost_usd=0.5), playing(ms=4.0, cost_usd=0.0)) for n in range(3)]
    assert concluded(Bars(slower=2, dearer=1.5), *quick).outcome == "passed"


def test_whoever_mends_a_baseline_that_says_nothing_is_neither_slower_nor_dearer() -> None:
    silent = playing(False, ms=3.0, cost_usd=0.0, output_tokens=0.0)
    spoken = playing(output_tokens=20.0)
    mended = [result(case(n), spoken, silent if n else spoken) for n in range(4)]
    assert concluded(Bars(), *mended).outcome == "passed"
    slow = playing(output_tokens=20.0, ms=9000.0)
    assert kinds(concluded(Bars(), *mended[1:], result(case(0), slow, spoken))) == ["bar-ms"]


def test_groundedness_that_few_answers_lost_may_be_chance() -> None:
    lost = [result(case(n), playing(groundedness=0.5), playing(groundedness=0.8 + n / 100)) for n in range(5)]
    assert kinds(concluded(OPEN_BARS, *lost)) == ["worse-groundedness"]
    assert concluded(OPEN_BARS, *lost[:4]).outcome == "passed"


def test_groundedness_that_is_lost_by_more_than_chance() -> None:
    lost = [result(case(n), playing(groundedness=0.5), playing(groundedness=0.8 + n / 100)) for n in range(8)]
    verdict = concluded(OPEN_BARS, *lost)
    assert verdict.outcome == "failed"
    assert len(reason(verdict, "worse-groundedness").cases) == 8
    hardly = [result(case(n), playing(groundedness=0.78), playing(groundedness=0.8)) for n in range(8)]
    assert concluded(OPEN_BARS, *hardly).outcome == "passed"
    by_chance = [
        result(case(n), playing(groundedness=0.0 if n else 1.0), playing(groundedness=n % 2)) for n in range(8)
    ]
    assert "worse-groundedness" not in kinds(concluded(OPEN_BARS, *by_chance))


def test_a_bar_that_nothing_could_be_measured_by_is_named_and_decides_nothing() -> None:
    bare = Playing((turn("Aye."),), (), (), metrics={"ms": 5.0})
    verdict = concluded(msgspec.structs.replace(OPEN_BARS, groundedness=0.9), result(case(0), bare, bare))
    assert (verdict.outcome, kinds(verdict)) == ("passed", ["not-measured"])


def test_figures_of_both_sides() -> None:
    cases = [case(0), case(1), case(2)]
    results = [
        result(cases[0], playing(groundedness=0.6, rouge_l=0.5), playing(groundedness=0.8)),
        result(cases[1], playing(groundedness=0.8), playing(groundedness=0.9)),
        result(cases[2], Playing((turn("x"),), (), (), metrics={"ms": 100.0}), playing()),
    ]
    found = {each.metric: each for each in conclude(plan(cases), results, AT).comparisons}
    grounded = found["groundedness"]
    assert (grounded.pairs, grounded.candidate, grounded.baseline) == (2, pytest.approx(0.7), pytest.approx(0.85))
    assert grounded.difference == pytest.approx(-0.15)
    assert grounded.low is not None
    assert grounded.high is not None
    assert grounded.low <= grounded.difference <= grounded.high < 0
    assert grounded.higher_is_better
    assert not found["ms"].higher_is_better
    assert (found["rouge_l"].candidate, found["rouge_l"].baseline, found["rouge_l"].pairs) == (0.5, None, 0)
    assert found["p95_ms"].candidate == pytest.approx(900)
    assert found["uniqueness"].pairs == 3


def test_uniqueness_sees_the_same_words_twice() -> None:
    cases = [case(n) for n in range(3)]
    said = ["Three chips, traveller.", "The river is in spate today.", "Three chips, traveller!"]
    results = [
        result(one, playing(say=say), playing(say=f"{one.key} is another"))
        for one, say in zip(cases, said, strict=True)
    ]
    (found,) = [each for each in conclude(plan(cases), results, AT).comparisons if each.metric == "uniqueness"]
    assert found.candidate == pytest.approx(2 / 3)


def test_kinds_and_trends() -> None:
    cases = [case(0), case(1, kind="gate"), case(2, kind="gate", required=False)]
    found = conclude(plan(cases), [result(cases[0]), result(cases[1], True, False), result(cases[2], False)], AT)
    assert [(each.kind, each.cases, each.candidate, each.baseline) for each in found.kinds] == [
        ("gate", 2, 1, 1),
        ("must-say", 1, 1, 1),
    ]
    (point,) = found.points
    assert (point.npc, point.cases, point.subject, point.at) == ("wenna", 3, WENNA.digest, AT)
    assert point.pass_rate == pytest.approx(2 / 3)
    assert point.figures["groundedness"] == pytest.approx(0.8)
    assert "pass_rate" not in point.figures
    alone = conclude(plan(cases, baseline=False), [result(one, True, None) for one in cases], AT)
    assert {each.baseline for each in alone.kinds} == {None}
    assert {each.difference for each in alone.comparisons} == {None}


def test_a_scheduled_evaluation_keeps_the_figures_of_each_case() -> None:
    cases = [case(0), case(1), case(2)]
    watched = msgspec.structs.replace(plan(cases), id=drift_evaluation(plan(cases).title, "2026-11-16"))
    (point,) = conclude(watched, [result(cases[0]), result(cases[1], False)], AT).points
    assert point.by_case == {
        digest(watched, cases[0]): {"pass_rate": 1.0, "groundedness": 0.8, "citation_support": 0.9},
        digest(watched, cases[1]): {"pass_rate": 0.0, "groundedness": 0.8, "citation_support": 0.9},
    }
    (other,) = conclude(plan(cases), [result(one) for one in cases], AT).points
    assert other.by_case == {}


def test_a_case_is_the_same_where_the_same_is_asked_expected_and_judged_by() -> None:
    one = case(0)
    planned = plan([one])

    def of(given: Any = planned, **changes: Any) -> str:
        return digest(given, msgspec.structs.replace(one, **changes))

    told = msgspec.structs.replace(one.case, note="Another note.")
    assert of() == of(key="other.c0", suite="other") == of(case=told)
    others = {
        of(case=msgspec.structs.replace(one.case, messages=("Another question?",))),
        of(case=msgspec.structs.replace(one.case, expected=Expected(says_any=("nine",)))),
        of(judged_by=JudgedBy("judge", "p1", {"tone": "r1"})),
        of(judged_by=JudgedBy("judge", "p1", {"tone": "r2"})),
        of(msgspec.structs.replace(planned, request=EvaluationRequest(greedy=False))),
    }
    assert len(others | {of()}) == 6


SHARE = st.floats(0, 1)
PLAYED = st.builds(
    lambda passed, say, figures: playing(passed, say, **figures),
    st.booleans(),
    st.sampled_from(["Three chips.", "The river is in spate today.", "Mind the plank, friend."]),
    st.fixed_dictionaries(
        {},
        optional={
            "groundedness": SHARE,
            "citation_support": SHARE,
            "toxicity": SHARE,
            "cost_usd": SHARE,
            "ms": st.floats(1, 9000),
        },
    ),
)
ROWS = st.lists(st.tuples(PLAYED, PLAYED, st.booleans()), min_size=1, max_size=8)
ANY_BARS = st.builds(
    Bars,
    pass_rate=st.none() | SHARE,
    groundedness=st.none() | SHARE,
    citation_support=st.none() | SHARE,
    p95_ms=st.none() | st.integers(1, 9000),
    cost_usd=st.none() | SHARE,
)


def made(rows: list[tuple[Playing, Playing, bool]], bars: Bars) -> tuple[Plan, list[CaseResult]]:
    results = [
        result(
            case(number, required, "tib" if number % 3 == 2 else "wenna", ("canon", "", "mud")[number % 3]), now, before
        )
        for number, (now, before, required) in enumerate(rows)
    ]
    return plan([each.planned for each in results], bars), results


def shuffled(results: list[CaseResult]) -> list[CaseResult]:
    copied = list(results)
    random.Random(3).shuffle(copied)
    return copied


@settings(deadline=None)
@given(ROWS, ANY_BARS)
def test_the_order_of_results_does_not_matter_and_strangers_are_left_out(rows: Any, bars: Bars) -> None:
    planned, results = made(rows, bars)
    stranger = result(case(77, suite="other"), False)
    found = conclude(planned, results, AT)
    assert conclude(planned, shuffled(results), AT) == found
    assert conclude(planned, [stranger, *results, results[0]], AT) == found


@settings(deadline=None)
@given(ROWS, ANY_BARS, st.data())
def test_without_one_result_it_is_incomplete(rows: Any, bars: Bars, data: st.DataObject) -> None:
    planned, results = made(rows, bars)
    missing = data.draw(st.sampled_from(results))
    found = conclude(planned, [each for each in results if each is not missing], AT)
    assert found.verdict.outcome == "incomplete"
    assert reason(found.verdict, "missing").cases == (missing.planned.key,)
    for suite in found.suite_verdicts:
        assert (suite.verdict.outcome == "incomplete") == (missing.planned.key in suite.run.cases)


@settings(deadline=None)
@given(ROWS, ANY_BARS)
def test_a_candidate_that_is_the_baseline_is_never_worse_than_it(rows: Any, bars: Bars) -> None:
    planned, results = made([(now, now, required) for now, _, required in rows], bars)
    found = conclude(planned, results, AT)
    told = {each for suite in (found.verdict, *(s.verdict for s in found.suite_verdicts)) for each in kinds(suite)}
    assert not {kind for kind in told if kind.startswith("worse")} | ({"regressed"} & told)
    relative = [Bars(toxicity=None, slower=bars.slower, dearer=bars.dearer), Bars(toxicity=None, slower=1, dearer=1)]
    for only in relative:
        again = conclude(msgspec.structs.replace(planned, bars=dict.fromkeys(planned.bars, only)), results, AT)
        assert set(kinds(again.verdict)) <= {"required"}
    assert all(each.difference in (None, 0) for each in found.comparisons)


@settings(deadline=None)
@given(ROWS, ANY_BARS)
def test_a_verdict_agrees_with_itself(rows: Any, bars: Bars) -> None:
    planned, results = made(rows, bars)
    found: Conclusion = conclude(planned, results, AT)
    notes = {"regressed", "not-measured"}
    for verdict in (found.verdict, *(suite.verdict for suite in found.suite_verdicts)):
        assert (verdict.outcome == "passed") == (set(kinds(verdict)) <= notes)
        assert not set(verdict.regressed) & set(verdict.improved)
        assert set(verdict.regressed) <= set(verdict.failing)
        assert all(each.told.endswith(".") for each in verdict.reasons)
        keys = {one.key for one in planned.cases}
        assert all(set(each.cases) <= keys for each in verdict.reasons)
    assert found.verdict.outcome == "failed" or all(s.verdict.outcome == "passed" for s in found.suite_verdicts)
    failed_required = any(each.planned.case.required and not each.candidate[0].passed for each in results)
    assert not failed_required or found.verdict.outcome == "failed"


def test_nothing_was_played() -> None:
    found = conclude(plan([]), [], AT)
    assert found == Conclusion(Verdict("passed", ()), (), (), (), ())
