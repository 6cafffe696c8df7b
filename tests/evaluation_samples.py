"""Evaluations, plans and results for tests of the evaluation flow, small unless a test asks for many."""

from __future__ import annotations

import secrets
from typing import Any

from npcops.dialogue import Usage
from npcops.evaluations import Evaluation, SuiteVerdict, TrendPoint, Verdict
from npcops.golden import Expected, GoldenCase
from npcops.plans import EvaluationRequest, Plan, PlannedCase, Subject, SuiteRun
from npcops.playings import CaseResult, Check, PlayedTurn, Playing
from npcops.turn_ids import new_turn_id

SUBJECT = Subject("mira", {"npcs/mira": "v1", "prompts/dialogue": "p1"}, "stage-model")
AT = "2026-01-01T10:00:00.000+00:00"


def case(name: str, npc: str = "mira", *messages: str, **given: Any) -> GoldenCase:
    """A golden case."""
    asked = messages or ("What does a crossing cost?",)
    return GoldenCase(name, npc, "must-say", asked, Expected(says_any=("chips",)), **given)


def an_evaluation(title: str, **given: Any) -> Evaluation:
    """An evaluation that somebody has just asked for."""
    asked: dict[str, Any] = {"requested_by": "writer", "requested_at": AT, "request": EvaluationRequest()}
    return Evaluation(title, given.pop("id", None) or new_turn_id(), **(asked | given))


def a_plan(title: str, evaluation: str, cases: int = 1, **given: Any) -> Plan:
    """A plan with so many cases of Mira."""
    planned = tuple(PlannedCase(f"basics.case-{n}", "basics", case(f"case-{n}")) for n in range(cases))
    run = SuiteRun("mira", "basics", "s1", tuple(one.key for one in planned))
    given = {"candidate": {"mira": SUBJECT}, "baseline": {"mira": SUBJECT}} | given
    return Plan(title, evaluation, given.pop("request", EvaluationRequest()), runs=(run,), cases=planned, **given)


def a_playing(say: str = "Two chips.", passed: bool = True) -> Playing:
    """A case as one side played it."""
    turn = PlayedTurn("What does it cost?", say, "neutral", (), (), None, (), "stage-model", Usage(100, 10), 5, 2)
    return Playing((turn,), (), (Check("says", passed, "It says what a crossing costs."),), metrics={"ms": 5.0})


def a_result(planned: PlannedCase, **given: Any) -> CaseResult:
    """A case's result, passed on both sides."""
    return CaseResult(planned, **({"candidate": (a_playing(),), "baseline": (a_playing(),)} | given))


def a_verdict(evaluation: str, at: str = AT, outcome: Any = "passed", subject: Subject = SUBJECT) -> SuiteVerdict:
    """What a suite said of Mira."""
    run = SuiteRun(subject.npc, "basics", "s1", ("basics.case-0",))
    return SuiteVerdict(run, subject, Verdict(outcome, ()), evaluation, at)


def a_point(evaluation: str, npc: str = "mira", rate: float = 1.0) -> TrendPoint:
    """An NPC's figures in an evaluation."""
    return TrendPoint(npc, AT, evaluation, "passed", 1, rate, {}, SUBJECT.digest)


def a_title() -> str:
    """A title that no other test uses."""
    return f"game-{secrets.token_hex(4)}"
