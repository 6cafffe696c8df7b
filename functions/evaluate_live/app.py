"""Every period: all titles are evaluated as players have them, and what live turns showed is kept."""

from datetime import UTC, datetime
from typing import Any

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed

evaluate = bootstrap_tuning.evaluate_live()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """`event`: `at`, the time for which it was scheduled (ISO 8601; now, if it has none), and which `titles` (all)."""
    at = datetime.fromisoformat(event["at"]) if event.get("at") else datetime.now(UTC)
    done = evaluate(at, event.get("titles", ()))
    logger.info("titles evaluated", titles=done.titles, evaluations=done.evaluations, points=done.points)
    metrics.add_metric("LivePoints", MetricUnit.Count, done.points)
    return {"titles": done.titles, "evaluations": done.evaluations, "points": done.points}
