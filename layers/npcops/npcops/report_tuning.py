"""Use case: tell the pipeline what came of its callback step Tune."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from npcops.errors import Conflict, NotFound
from npcops.tuning_callbacks import Callbacks, Ended, run_of
from npcops.tuning_failures import REFUSALS, Failure, why
from npcops.tuning_ports import TuningStore
from npcops.tunings import CallbackMessage

# The pipeline passes outputs on to the model registry, which takes no empty text.
UNKNOWN = "unknown"


class Reported(msgspec.Struct, frozen=True):
    """How the step has ended."""

    ended: Ended


class ReportTuningResult:
    """Reports, once for each message, whatever is retried."""

    def __init__(self, tunings: TuningStore, callbacks: Callbacks) -> None:
        self._tunings, self._callbacks = tunings, callbacks

    def __call__(self, message: CallbackMessage, failure: Failure) -> Reported:
        """Raises NotFound, StoreUnavailable, and Conflict if what was to be reported is there no more."""
        if failure.Error:
            return report_failure(self._tunings, self._callbacks, message, failure)
        known = self._tunings.find(*run_of(message))
        if not known.deployment:
            raise Conflict("The model's throughput was deleted before the pipeline was told of it.")
        outputs = {
            "JobArn": known.job,
            "CustomModelArn": known.custom_model,
            "DeploymentArn": known.deployment,
            "Model": known.model,
            "TrainingLoss": shown(known.training_loss),
            "ValidationLoss": shown(known.validation_loss),
        }
        return Reported(self._callbacks.succeed(message, outputs))


def report_failure(tunings: TuningStore, callbacks: Callbacks, message: CallbackMessage, failure: Failure) -> Reported:
    """Tell the pipeline, and whoever looks at the run, why the step failed."""
    reason = why(failure)
    callbacks.fail(message, reason)
    with suppress(NotFound):
        tunings.change(*run_of(message), failure=reason)
    return Reported("refused" if failure.Error in REFUSALS else "failed")


def shown(figure: float | None) -> str:
    """A figure as text."""
    return UNKNOWN if figure is None else f"{figure:.4f}"
