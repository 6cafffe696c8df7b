"""Results of evaluations as tests need them: one that passed, one that failed, one that was not finished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from npcops.dialogue import Action, Citation, Degraded, ShownPassage, Usage
from npcops.evaluations import Comparison, Evaluation, KindCount, Reason, SuiteVerdict, TrendPoint, Verdict
from npcops.golden import Bars, CaseKind, GoldenCase
from npcops.plans import Change, Configuration, EvaluationRequest, Plan, PlannedCase, Subject, SuiteRun
from npcops.playings import CaseResult, Check, Claim, Judgement, PlayedTurn, Playing
from npcops.verdicts import Conclusion

ROOT = Path(__file__).parents[1]
TITLE, ID, NPC, SUITE = "saltmarrow", "e-0001", "wenna-tull", "wenna-core"
AT = "2026-05-01T09:30:00.000Z"
PASSAGES = tuple(
    ShownPassage(
        f"{number:024x}", f"places/place-{number}.md", f"Place {number}", f"What is told of place {number}.\n" * 3
    )
    for number in range(1, 7)
)
FERRY = ShownPassage(
    "a" * 24, "trades/ferry.md", "The ferry", "A crossing costs three chips. The chain runs until dusk."
)
BEFORE = Subject(NPC, {"npcs/wenna-tull": "v1", "prompts/dialogue": "p1", "titles/saltmarrow": "t1"}, "small-model")
AFTER = msgspec.structs.replace(BEFORE, versions={**BEFORE.versions, "prompts/dialogue": "p2"})
CHANGES = (
    Change("prompts/dialogue", "temperature", "0.3", "0.5"),
    Change(
        "prompts/dialogue",
        "system",
        "You are Wenna Tull.\nAnswer in one or two sentences.\nSay only what the lore says.\nKeep the chain's secret.",
        "You are Wenna Tull.\nAnswer in three sentences.\nSay only what the lore says.",
    ),
)


def turn(say: str, message: str = "What does a crossing cost?", **given: Any) -> PlayedTurn:
    """An answer that took 1.2 s and $0.0004, unless told otherwise."""
    usage = Usage(900, 40, 0, 0.0004, 1200)
    plain = PlayedTurn(message, say, "neutral", (), (), None, (), "small-model", usage, 1200, 300)
    return msgspec.structs.replace(plain, **given)


def playing(say: str, passed: bool = True, message: str = "What does a crossing cost?", **given: Any) -> Playing:
    """A case played once, with one answer; `given` are fields of Playing."""
    told = "It says what it must." if passed else "It says none of: three chips."
    values: dict[str, Any] = {
        "turns": (turn(say, message),),
        "passages": (FERRY, *PASSAGES[:2]),
        "checks": (Check("says_any", passed, told),),
        "metrics": {"groundedness": 0.9, "relevance": 0.8, "cost_usd": 0.0004, "ms": 1200.0, "first_ms": 300.0},
        **given,
    }
    return Playing(**values)


def planned(name: str, kind: CaseKind = "must-say", suite: str = SUITE, **given: Any) -> PlannedCase:
    """A case of Wenna's; `given` are fields of GoldenCase."""
    values: dict[str, Any] = {"messages": ("What does a crossing cost?",), **given}
    return PlannedCase(f"{suite or 'own'}/{name}", suite, GoldenCase(name, NPC, kind, **values))


def regressed() -> CaseResult:
    """Passed before; now it invents a price, and a judge whose agreement is unknown objects too."""
    invents = "A crossing costs nine crowns. Fair winds, traveller."
    return CaseResult(
        planned("price", "known-fact", note="The price is on the board.", reference="Three chips.", flags=("day:1",)),
        (
            playing(
                invents,
                passed=False,
                claims=(Claim("A crossing costs nine crowns.", 0.12, "card", 0.05),),
                judgements=(Judgement("answers-the-question", False, "It names a price that nobody charges."),),
                checks=(
                    Check("says_any", False, "It says none of: three chips."),
                    Check("citation", False, "It cites nothing."),
                    Check("rubric:answers-the-question", False, "The judge says no.", counts=False),
                ),
            ),
        ),
        (
            playing(
                "Three chips, traveller.",
                turns=(turn("Three chips, traveller.", citations=(Citation(FERRY.id, FERRY.document, FERRY.title),)),),
                claims=(Claim("Three chips, traveller.", 0.95, FERRY.id, 0.95),),
            ),
        ),
    )


def improved() -> CaseResult:
    """Failed before and passes now, in a language written from right to left."""
    return CaseResult(
        planned("greets-in-hebrew", "persona", language="he", messages=("שלום, מי את?",)),
        (playing("אני ונה, בעלת המעבורת.", message="שלום, מי את?"),),
        (playing("I am Wenna.", passed=False, message="שלום, מי את?"),),
    )


def several_turns() -> CaseResult:
    """Fails on both sides: two messages, an action, an answer that a model did not give."""
    messages = ("Take me across.", "Now!")
    offers = turn("Step aboard.", messages[0], actions=(Action("offer_crossing", {"fare_chips": 3}),))
    late = Degraded("authored-line", ("model-slow",))
    busy = turn("Chain's running.", messages[1], degraded=late, dropped=("citation",))
    failed = Playing((offers, busy), (FERRY,), (Check("answered", False, "The model did not answer in time."),))
    return CaseResult(planned("twice", "conversation", messages=messages, required=False), (failed,), (failed,))


def steady(number: int, say: str = "", size: int = 40) -> CaseResult:
    """Passes on both sides; figures differ a little from case to case."""
    message, say = f"Question {number}?", say or f"Answer {number}, which is as it should be."
    metrics = {"groundedness": 0.7 + number % 7 / 25, "cost_usd": 0.0003 + number % 5 / 20_000, "first_ms": 280.0}
    sides = []
    for slower in (0.0, 90.0):
        figures = {**metrics, "ms": 900.0 + 37 * (number % 23) + slower}
        passages = tuple(
            ShownPassage(f"{index:024x}", f"places/{index}.md", f"Place {index}", f"Place {index}. " * size)
            for index in range(number % 40, number % 40 + 6)
        )
        sides.append(playing(say, message=message, metrics=figures, passages=passages))
    return CaseResult(planned(f"steady-{number}", "must-say", messages=(message,)), (sides[0],), (sides[1],))


def plan_of(cases: Sequence[PlannedCase], **given: Any) -> Plan:
    """A plan of a changed prompt against production."""
    tried = Configuration(versions={"prompts/dialogue": "p2"})
    values: dict[str, Any] = {
        "request": EvaluationRequest(candidate=tried, npcs=(NPC,), note="Longer answers"),
        "candidate": {NPC: AFTER},
        "baseline": {NPC: BEFORE},
        "runs": (SuiteRun(NPC, SUITE, "s1", tuple(case.key for case in cases)),),
        "cases": tuple(cases),
        "bars": {SUITE: Bars()},
        "judge_model": "judge-model",
        "changes": CHANGES,
        **given,
    }
    return Plan(TITLE, ID, **values)


def evaluation_of(plan: Plan, verdict: Verdict, **given: Any) -> Evaluation:
    """What the table holds of a concluded evaluation."""
    return Evaluation(
        TITLE,
        ID,
        "ada@studio.example",
        AT,
        plan.request,
        state="concluded",
        total=len(plan.cases),
        npcs=(NPC,),
        verdict=verdict,
        concluded_at="2026-05-01T09:52:10.000Z",
        changes=plan.changes,
        **given,
    )


def concluded(plan: Plan, verdict: Verdict, kinds: Sequence[KindCount]) -> Conclusion:
    """A conclusion with this verdict, and figures that show each of better, worse, unclear and not compared."""
    comparisons = (
        Comparison("pass_rate", 0.9, 0.95, -0.05, -0.11, -0.01, 60),
        Comparison("groundedness", 0.81, 0.84, -0.03, -0.08, 0.02, 58),
        Comparison("ms", 1240.0, 1330.0, -90.0, -120.0, -60.0, 60, higher_is_better=False),
        Comparison("cost_usd", 0.00042, 0.0004, 0.00002, 0.00001, 0.00003, 60, higher_is_better=False),
        Comparison("toxicity", 0.01),
    )
    points = (TrendPoint(NPC, AT, ID, verdict.outcome, len(plan.cases), 0.9, {"groundedness": 0.81}, AFTER.digest),)
    suites = tuple(SuiteVerdict(run, AFTER, verdict, ID, AT) for run in plan.runs)
    return Conclusion(verdict, comparisons, tuple(kinds), suites, points)


Evaluated = tuple[Evaluation, Plan, list[CaseResult], Conclusion]


def failed_evaluation(more: Sequence[CaseResult] = ()) -> Evaluated:
    """One case became worse, one better, one fails as before, the others pass."""
    results = [regressed(), improved(), several_turns(), *(steady(number) for number in range(6)), *more]
    plan = plan_of([result.planned for result in results])
    keys = [result.planned.key for result in results]
    verdict = Verdict(
        "failed",
        (
            Reason("required-case", "A case that must pass fails: price.", (keys[0],)),
            Reason("pass-rate", "Fewer cases pass than before.", (keys[0], keys[2])),
        ),
        failing=(keys[0], keys[2]),
        regressed=(keys[0],),
        improved=(keys[1],),
    )
    counts = (
        KindCount("known-fact", 1, 0, 1),
        KindCount("persona", 1, 1, 0),
        KindCount("conversation", 1, 0, 0),
        KindCount("must-say", len(results) - 3, len(results) - 3, len(results) - 3),
    )
    return evaluation_of(plan, verdict), plan, results, concluded(plan, verdict, counts)


def passed_evaluation() -> Evaluated:
    """Nothing to compare with; everything passes."""
    results = [msgspec.structs.replace(steady(number), baseline=()) for number in range(4)]
    plan = plan_of([result.planned for result in results], baseline={}, changes=())
    verdict = Verdict("passed", (Reason("bars", "Every bar is reached."),))
    conclusion = concluded(plan, verdict, (KindCount("must-say", 4, 4),))
    alone = tuple(Comparison(each.metric, each.candidate) for each in conclusion.comparisons)
    return evaluation_of(plan, verdict), plan, results, msgspec.structs.replace(conclusion, comparisons=alone)


def incomplete_evaluation() -> Evaluated:
    """Two of five cases have no result."""
    results = [steady(number) for number in range(5)]
    plan = plan_of([result.planned for result in results])
    missing = tuple(result.planned.key for result in results[3:])
    verdict = Verdict("incomplete", (Reason("incomplete", "Two cases have no result.", missing),))
    conclusion = concluded(plan, verdict, (KindCount("must-say", 3, 3, 3),))
    return evaluation_of(plan, verdict), plan, results[:3], conclusion
