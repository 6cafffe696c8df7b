"""Use case: get an evaluation ready to be played, the first time or again: plan it once, list what lacks a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from npcops.errors import InvalidRequest, NotFound, TooLarge
from npcops.evaluations import Evaluation
from npcops.golden import GoldenCase
from npcops.plan_evaluation import PlanEvaluation
from npcops.plans import Plan
from npcops.studio_ports import EvaluationFiles, EvaluationStore

MOST_UPLOADED = 1000
UPLOAD_BYTES = 8 * 1024 * 1024
MOST_TOLD = 10


class Loaded(msgspec.Struct, frozen=True):
    """What the state machine does next. `items` is the key of the cases to be played, so many at once as `concurrency`.

    `refused` means that what was asked for cannot be evaluated, and that the evaluation says why.
    """

    action: Literal["score", "conclude", "refused", "skip"]
    title: str
    evaluation: str
    attempt: int
    bucket: str = ""
    items: str = ""
    concurrency: int = 1


class LoadCases:
    """Loads evaluations."""

    def __init__(
        self, evaluations: EvaluationStore, files: EvaluationFiles, plan: PlanEvaluation, concurrency: int
    ) -> None:
        self._evaluations, self._files, self._plan, self._concurrency = evaluations, files, plan, concurrency

    def __call__(self, title: str, evaluation: str, attempt: int) -> Loaded:
        """Raises StoreUnavailable, and NotFound if there is no such evaluation."""
        known = self._evaluations.find(title, evaluation)
        if known.attempt != attempt or known.state == "concluded":
            return Loaded("skip", title, evaluation, attempt)
        try:
            plan = self._planned(known)
        except (InvalidRequest, NotFound, TooLarge) as error:
            self._evaluations.replace(msgspec.structs.replace(known, state="failed", failure=str(error)))
            return Loaded("refused", title, evaluation, attempt)
        done = self._files.done(title, evaluation)
        left = [one.key for one in plan.cases if one.key not in done]
        self._evaluations.replace(
            msgspec.structs.replace(
                known,
                state="running",
                failure="",
                total=len(plan.cases),
                npcs=tuple(plan.candidate),
                changes=plan.changes,
            )
        )
        if not left:
            return Loaded("conclude", title, evaluation, attempt)
        bucket, items = self._files.put_items(title, evaluation, left)
        return Loaded("score", title, evaluation, attempt, bucket, items, self._concurrency)

    def _planned(self, evaluation: Evaluation) -> Plan:
        """The plan of the first attempt: labels may have moved since. Raises NotFound if it has expired."""
        try:
            return self._files.plan(evaluation.title, evaluation.id)
        except NotFound:
            if evaluation.total:
                raise
            self._files.put_plan(self._plan(evaluation, self._cases(evaluation)))
        return self._files.plan(evaluation.title, evaluation.id)

    def _cases(self, evaluation: Evaluation) -> tuple[GoldenCase, ...]:
        if not evaluation.upload:
            return self._files.cases(evaluation.title, evaluation.id)
        return read_cases(self._files.uploaded(evaluation.upload, UPLOAD_BYTES))


def read_cases(data: bytes) -> tuple[GoldenCase, ...]:
    """Uploaded cases, one in a line. Raises InvalidRequest that names the lines which are none, and why."""
    cases, faults = dict[int, GoldenCase](), dict[int, str]()
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            try:
                cases[number] = msgspec.json.decode(line, type=GoldenCase)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                faults[number] = str(error) or type(error).__name__
    if faults:
        told = [f"line {number}: {fault}" for number, fault in list(faults.items())[:MOST_TOLD]]
        more = [f"and {len(faults) - MOST_TOLD} more"] if len(faults) > MOST_TOLD else []
        raise InvalidRequest(f"The upload was refused as a whole: {'; '.join([*told, *more])}.")
    if not cases:
        raise InvalidRequest("The upload has no cases; each line is one, as JSON.")
    if len(cases) > MOST_UPLOADED:
        raise InvalidRequest(f"The upload has {len(cases)} cases; {MOST_UPLOADED} are allowed.")
    check_ids(list(cases.values()))
    return tuple(cases.values())


def check_ids(cases: Sequence[GoldenCase]) -> None:
    """Raises InvalidRequest if two cases have the same id: their results would be one."""
    if twice := [name for name, number in Counter(case.id for case in cases).items() if number > 1]:
        raise InvalidRequest(
            f"Every case needs an id of its own; more than one is called {', '.join(twice[:MOST_TOLD])}."
        )
