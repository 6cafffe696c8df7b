"""Task StartAssessment: a tuned model is evaluated against what players have."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

start = bootstrap_tuning.start_assessment()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step, and when (ISO 8601) its work began, as `at`."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = start(message, event["at"])
    logger.info("assessment started", evaluation=found.evaluation)
    metrics.add_metric("Assessments", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(found))
