"""Task FailEvaluation: an evaluation could not be carried through; say so to whoever asked for it."""

from typing import Any

from npcops import bootstrap_studio
from npcops.telemetry import MetricUnit, logger, metrics, observed

fail = bootstrap_studio.fail_evaluation()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the execution's input as `event`, and the `error` that the state machine caught."""
    asked, error = event["event"], event["error"].get("Error", "")
    logger.append_keys(title=asked["title"], evaluation=asked["evaluation"])
    logger.error("evaluation failed", error=error)
    metrics.add_metric("EvaluationsFailed", MetricUnit.Count, 1)
    fail(asked["title"], asked["evaluation"], asked["attempt"], error)
    return {"evaluation": asked["evaluation"], "state": "failed"}
