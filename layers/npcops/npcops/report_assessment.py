"""Use case: tell the pipeline what the evaluation of a tuned model has shown."""

from __future__ import annotations

from collections.abc import Sequence

from npcops.evaluations import Comparison, Evaluation
from npcops.improvement import improvement
from npcops.plans import Side
from npcops.report_tuning import Reported, report_failure, shown
from npcops.studio_ports import EvaluationFiles, EvaluationStore
from npcops.tuning_callbacks import Callbacks, run_of
from npcops.tuning_failures import Failure
from npcops.tuning_ports import TuningStore
from npcops.tunings import CallbackMessage

REPORT = "report.json"


class ReportAssessment:
    """Reports, once for each message, whatever is retried. A model that did not pass is a result, and no failure."""

    def __init__(
        self, tunings: TuningStore, evaluations: EvaluationStore, files: EvaluationFiles, callbacks: Callbacks
    ) -> None:
        self._tunings, self._evaluations, self._files, self._callbacks = tunings, evaluations, files, callbacks

    def __call__(self, message: CallbackMessage, failure: Failure) -> Reported:
        """Raises NotFound and StoreUnavailable."""
        if failure.Error:
            return report_failure(self._tunings, self._callbacks, message, failure)
        title, tuning = run_of(message)
        evaluation = self._evaluations.find(title, self._tunings.find(title, tuning).evaluation)
        outputs = outputs_of(evaluation, self._files.report_uri(title, evaluation.id, REPORT))
        self._tunings.change(title, tuning, outcome=outputs["Outcome"])
        return Reported(self._callbacks.succeed(message, outputs))


def outputs_of(evaluation: Evaluation, uri: str) -> dict[str, str]:
    """What the pipeline keeps of a concluded evaluation, and registers with the model."""
    return {
        "Outcome": evaluation.verdict.outcome if evaluation.verdict else "incomplete",
        "Evaluation": evaluation.id,
        "EvaluationUri": uri,
        "PassRate": _figure(evaluation.comparisons, "pass_rate", "candidate"),
        "BaselinePassRate": _figure(evaluation.comparisons, "pass_rate", "baseline"),
        "Similarity": _figure(evaluation.comparisons, "similarity", "candidate"),
        "BaselineSimilarity": _figure(evaluation.comparisons, "similarity", "baseline"),
        "Groundedness": _figure(evaluation.comparisons, "groundedness", "candidate"),
        "Better": improvement(evaluation.comparisons),
    }


def _figure(comparisons: Sequence[Comparison], metric: str, side: Side) -> str:
    return shown(next((getattr(each, side) for each in comparisons if each.metric == metric), None))
