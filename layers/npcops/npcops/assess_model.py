"""Use cases: begin the evaluation of a tuned model against what players have, and look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from npcops.errors import Conflict, InvalidRequest, NotFound
from npcops.golden import GoldenCase, GoldenSuite
from npcops.plans import Configuration, EvaluationRequest
from npcops.ports import Catalog
from npcops.start_evaluation import StartEvaluation
from npcops.studio_ports import EvaluationStarter, EvaluationStore
from npcops.tuning_callbacks import Callbacks, run_of, token_digest
from npcops.tuning_ports import TrainingFiles, TuningStore
from npcops.tunings import CallbackMessage, Tuning
from npcops.turn_ids import first_id_at

HELD_OUT = "data/heldout.jsonl"
# What a request for an evaluation may have.
MOST_CASES, MOST_NPCS = 1000, 100


class StartedAssessment(msgspec.Struct, frozen=True):
    """The id of an evaluation."""

    evaluation: str


class PolledAssessment(msgspec.Struct, frozen=True):
    """How the evaluation stands, and whether the pipeline still wants it."""

    state: Literal["running", "concluded", "failed"]
    wanted: bool
    outcome: str = ""
    failure: str = ""


class StartAssessment:
    """Begins evaluations. `label` is what players get."""

    def __init__(
        self,
        tunings: TuningStore,
        files: TrainingFiles,
        catalog: Catalog,
        start: StartEvaluation,
        callbacks: Callbacks,
        label: str,
    ) -> None:
        self._tunings, self._files, self._catalog = tunings, files, catalog
        self._start, self._callbacks, self._label = start, callbacks, label

    def __call__(self, message: CallbackMessage, at: str) -> StartedAssessment:
        """Once for each message, at a time (ISO 8601) that a repetition tells again.

        Raises NotFound, InvalidRequest (there is nothing to play), Conflict if the pipeline does not wait any more, and
        StoreUnavailable.
        """
        title, tuning = run_of(message)
        known = self._tunings.find(title, tuning)
        if not self._callbacks.wanted(message):
            raise Conflict("The pipeline was stopped before the evaluation was begun.")
        evaluation = _evaluation(known, message, at)
        self._tunings.change(title, tuning, evaluation=evaluation)
        request = self._request(known, message.arguments["Model"])
        return StartedAssessment(self._start(title, known.requested_by, request, evaluation).evaluation)

    def _request(self, tuning: Tuning, model: str) -> EvaluationRequest:
        """The suites of those who are to speak by the model, and what of its data it has not seen."""
        cards = {npc: suites for npc in self._npcs(tuning) if (suites := self._suites(tuning.title, npc)) is not None}
        cases = [case for case in self._held_out(tuning) if case.npc in cards][:MOST_CASES]
        guarded = [npc for npc, suites in cards.items() if self._plays(tuning.title, npc, suites)][:MOST_NPCS]
        if not cases and not guarded:
            raise InvalidRequest(
                "There is nothing to compare the model by: no card of its NPCs names a suite, and no data was held out."
            )
        return EvaluationRequest(
            candidate=Configuration(self._label, model=model),
            baseline=Configuration(self._label),
            npcs=tuple(guarded),
            cases=tuple(cases),
            note=f"Tuning {tuning.id}",
        )

    def _npcs(self, tuning: Tuning) -> list[str]:
        if tuning.request.npcs:
            return list(dict.fromkeys(tuning.request.npcs))
        return [found["name"] for found in self._catalog.names(tuning.title, "npcs")]

    def _suites(self, title: str, npc: str) -> tuple[str, ...] | None:
        """The suites that a card names; None if there is no such NPC."""
        try:
            return self._catalog.npc(title, npc, self._label)[0].suites
        except NotFound:
            return None

    def _plays(self, title: str, npc: str, suites: tuple[str, ...]) -> bool:
        """Whether a suite has a case of this NPC: an evaluation refuses those who have none."""
        for name in suites:
            content = self._catalog.get(title, "suites", name, self._label)[0]
            if any(case.npc == npc for case in msgspec.convert(content, GoldenSuite, strict=False).cases):
                return True
        return False

    def _held_out(self, tuning: Tuning) -> Iterator[GoldenCase]:
        try:
            data = self._files.get(tuning.title, tuning.id, HELD_OUT)
        except NotFound:
            return
        for line in data.splitlines():
            if line.strip():
                yield msgspec.json.decode(line, type=GoldenCase)


class PollAssessment:
    """Looks at evaluations."""

    def __init__(
        self, tunings: TuningStore, evaluations: EvaluationStore, starter: EvaluationStarter, callbacks: Callbacks
    ) -> None:
        self._tunings, self._evaluations = tunings, evaluations
        self._starter, self._callbacks = starter, callbacks

    def __call__(self, message: CallbackMessage) -> PolledAssessment:
        """Raises NotFound and StoreUnavailable."""
        title, tuning = run_of(message)
        evaluation, wanted = self._tunings.find(title, tuning).evaluation, self._callbacks.wanted(message)
        known = self._evaluations.find(title, evaluation)
        if known.state in ("queued", "running") and not self._starter.running(evaluation, known.attempt):
            # It may have come to its end in between.
            known = self._evaluations.find(title, evaluation)
            if known.state in ("queued", "running"):
                return PolledAssessment("failed", wanted, failure=f"Evaluation {evaluation} was interrupted.")
        if known.state == "concluded":
            return PolledAssessment("concluded", wanted, known.verdict.outcome if known.verdict else "incomplete")
        if known.state == "failed":
            return PolledAssessment("failed", wanted, failure=known.failure)
        return PolledAssessment("running", wanted)


def _evaluation(tuning: Tuning, message: CallbackMessage, at: str) -> str:
    """The id of this callback's evaluation, which is the same whenever it is begun; it sorts by time, as all do."""
    own = token_digest(message)
    return tuning.evaluation if tuning.evaluation.endswith(own) else f"{first_id_at(at)}{own}"
