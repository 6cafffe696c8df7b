"""Use case: play one golden case by the candidate and by what it is compared with, and keep what it showed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from typing import Protocol

from npcops.characters import Script
from npcops.errors import NotFound
from npcops.lore import Passage
from npcops.plans import Plan, PlannedCase, Side, Subject
from npcops.playings import CaseResult, PlayedTurn, Playing
from npcops.studio_ports import EvaluationFiles
from npcops.trial import Trial


class Scoring(Protocol):
    """Judges what was said (npcops.scoring)."""

    def score(
        self,
        script: Script,
        planned: PlannedCase,
        turns: Sequence[PlayedTurn],
        passages: Sequence[Passage],
        judge: bool,
    ) -> Playing:
        """Raises ModelUnavailable and StoreUnavailable."""


class ScoreCase:
    """Plays and scores one case."""

    def __init__(self, files: EvaluationFiles, trial: Trial, scorer: Scoring) -> None:
        self._files, self._trial, self._scorer = files, trial, scorer
        self._plan: Plan | None = None

    def __call__(self, title: str, evaluation: str, key: str) -> CaseResult:
        """The case's result, which takes the place of an earlier one.

        Raises NotFound, and ModelUnavailable or StoreUnavailable for what may pass.
        """
        plan = self._planned(title, evaluation)
        planned = next((one for one in plan.cases if one.key == key), None)
        if planned is None:
            raise NotFound(f"The plan of evaluation {evaluation} has no case {key}.")
        playings: dict[Side, list[Playing]] = {"candidate": [], "baseline": []}
        for number in range(1 if plan.request.greedy else plan.request.repeats):
            for side in _order(plan, planned, number):
                playings[side].append(self._play(plan, planned, side, number))
        if _same(plan, planned.case.npc):
            playings["baseline"] = playings["candidate"]
        result = CaseResult(planned, tuple(playings["candidate"]), tuple(playings["baseline"]))
        self._files.put_result(title, evaluation, result)
        return result

    def _play(self, plan: Plan, planned: PlannedCase, side: Side, number: int) -> Playing:
        # The same case may be played twice at once: by an invocation that was taken for lost, and by its retry.
        player = f"trial.{plan.id}.{planned.key}.{side}.{number}.{secrets.token_hex(4)}"
        subject = _subjects(plan, side)[planned.case.npc]
        tried = self._trial(plan.title, player, subject, planned.case, plan.request.greedy)
        return self._scorer.score(tried.script, planned, tried.turns, tried.passages, plan.request.judge)

    def _planned(self, title: str, evaluation: str) -> Plan:
        """A plan never changes, and a process plays many cases of it."""
        if self._plan is None or (self._plan.title, self._plan.id) != (title, evaluation):
            self._plan = self._files.plan(title, evaluation)
        return self._plan


def _subjects(plan: Plan, side: Side) -> dict[str, Subject]:
    return plan.candidate if side == "candidate" else plan.baseline


def _same(plan: Plan, npc: str) -> bool:
    """Whether an NPC is compared with itself: then it is played once."""
    return plan.candidate[npc] == plan.baseline.get(npc)


def _order(plan: Plan, planned: PlannedCase, number: int) -> tuple[Side, ...]:
    """Who plays first: half of the cases, and every other repetition, the candidate, so that order favours nobody."""
    if planned.case.npc not in plan.baseline or _same(plan, planned.case.npc):
        return ("candidate",)
    drawn = hashlib.blake2b(f"{plan.id} {planned.key}".encode(), digest_size=1).digest()[0] + number
    return ("candidate", "baseline") if drawn % 2 else ("baseline", "candidate")
