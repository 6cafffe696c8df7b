"""Task ConcludeEvaluation: what an evaluation showed, as a verdict, a report and an event."""

from typing import Any

import msgspec

from npcops import bootstrap_studio
from npcops.telemetry import MetricUnit, logger, metrics, observed

conclude = bootstrap_studio.conclude_evaluation()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: title, evaluation and attempt."""
    logger.append_keys(title=event["title"], evaluation=event["evaluation"])
    concluded = conclude(event["title"], event["evaluation"], event["attempt"])
    logger.info("evaluation concluded", outcome=concluded.outcome, missing=concluded.missing)
    metrics.add_metric("CasesMissing", MetricUnit.Count, concluded.missing)
    return dict(msgspec.to_builtins(concluded))
