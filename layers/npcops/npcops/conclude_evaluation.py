"""Use cases: say what an evaluation showed and tell the world, or record that it failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from npcops.errors import Conflict, NotFound
from npcops.evaluations import Evaluation, Outcome, SuiteVerdict
from npcops.plans import Plan
from npcops.playings import CaseResult
from npcops.ports import EventPublisher
from npcops.studio_ports import EvaluationFiles, EvaluationStore

if TYPE_CHECKING:
    from npcops.verdicts import Conclusion

CONCLUDED = "EvaluationConcluded.v1"
Conclude = Callable[[Plan, Sequence[CaseResult]], "Conclusion"]
Render = Callable[[Evaluation, Plan, Sequence[CaseResult], "Conclusion"], dict[str, tuple[bytes, str]]]


class Concluded(msgspec.Struct, frozen=True):
    """How an evaluation ended, in figures: what the state machine and logs are told."""

    evaluation: str
    outcome: Outcome
    cases: int
    missing: int
    failing: int
    regressed: int
    improved: int


class ConcludeEvaluation:
    """Concludes evaluations. Doing it again gives the same."""

    def __init__(
        self,
        evaluations: EvaluationStore,
        files: EvaluationFiles,
        events: EventPublisher,
        conclude: Conclude,
        render: Render,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._evaluations, self._files, self._events = evaluations, files, events
        self._conclude, self._render, self._now = conclude, render, now

    def __call__(self, title: str, evaluation: str, attempt: int) -> Concluded:
        """Raises StoreUnavailable, NotFound if there is no such evaluation, and Conflict if it was resumed since."""
        known, plan = self._evaluations.find(title, evaluation), self._files.plan(title, evaluation)
        if known.attempt != attempt:
            # Its report and verdicts would take the place of those of the attempt that goes on.
            raise Conflict("A later attempt at this evaluation is under way.")
        keys = {planned.key for planned in plan.cases}
        results = [result for result in self._files.results(title, evaluation) if result.planned.key in keys]
        conclusion = self._conclude(plan, results)
        verdict = conclusion.verdict
        concluded = msgspec.structs.replace(
            known,
            state="concluded",
            failure="",
            verdict=verdict,
            comparisons=tuple(conclusion.comparisons),
            kinds=tuple(conclusion.kinds),
            concluded_at=self._now().isoformat(timespec="milliseconds"),
        )
        for name, (data, content_type) in self._render(concluded, plan, results, conclusion).items():
            self._files.put_report(title, evaluation, name, data, content_type)
        self._evaluations.put_verdicts(title, self._telling(plan, conclusion.suite_verdicts))
        self._evaluations.add_points(title, conclusion.points)
        told = Concluded(
            evaluation=evaluation,
            outcome=verdict.outcome,
            cases=len(plan.cases),
            missing=len(keys) - len(results),
            failing=len(verdict.failing),
            regressed=len(verdict.regressed),
            improved=len(verdict.improved),
        )
        self._events.publish(CONCLUDED, _detail(concluded, told))
        # Last, because whoever waits for it wants to read all the rest.
        self._evaluations.replace(concluded)
        return told

    def _telling(self, plan: Plan, verdicts: Sequence[SuiteVerdict]) -> list[SuiteVerdict]:
        """All but those that asked for less than a verdict which passed: they would hide it from the canon gate."""
        if plan.request.baseline and plan.request.judge:
            return list(verdicts)
        return [found for found in verdicts if found.verdict.outcome != "passed" or not self._passed(plan, found)]

    def _passed(self, plan: Plan, found: SuiteVerdict) -> bool:
        run = found.run
        known = self._evaluations.verdict(plan.title, run.npc, run.suite, run.suite_version, found.subject.digest)
        return known is not None and known.evaluation != plan.id and known.verdict.outcome == "passed"


class FailEvaluation:
    """Records why an evaluation failed, in words that tell its reader what to do."""

    REASONS: ClassVar[dict[str, str]] = {
        "ModelUnavailable": "A model did not answer.",
        "StoreUnavailable": "A data store did not answer.",
        "States.DataLimitExceeded": "There were more cases than one evaluation can hold.",
    }
    OTHERWISE = "It stopped unexpectedly."
    NEXT = "What was played is kept: resume it with `npc eval resume {}`."

    def __init__(self, evaluations: EvaluationStore) -> None:
        self._evaluations = evaluations

    def __call__(self, title: str, evaluation: str, attempt: int, error: str) -> None:
        """Raises StoreUnavailable."""
        try:
            known = self._evaluations.find(title, evaluation)
        except NotFound:
            return
        failure = f"{self.REASONS.get(error, self.OTHERWISE)} {self.NEXT.format(evaluation)}"
        self._evaluations.replace(msgspec.structs.replace(known, attempt=attempt, state="failed", failure=failure))


def _detail(evaluation: Evaluation, told: Concluded) -> dict[str, Any]:
    """Ids and figures, never text. A consumer knows by `id` what it has had already."""
    detail = {"id": f"{evaluation.id}-{evaluation.attempt}", "title": evaluation.title, "npcs": list(evaluation.npcs)}
    return detail | dict(msgspec.to_builtins(told))
