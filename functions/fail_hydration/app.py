"""Task FailHydration: the ledger learns that a hydration failed, and why."""

from typing import Any

from npcops import bootstrap
from npcops.hydration_events import changed_document
from npcops.telemetry import MetricUnit, logger, metrics, observed

fail = bootstrap.fail_hydration()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: `{event, execution, error}`: the bucket's event, the execution's id, and what Step Functions caught."""
    change, error = changed_document(event["event"]), event["error"]["Error"]
    logger.error("hydration failed", title=change.title, document=change.path, error=error)
    metrics.add_metric("HydrationsFailed", MetricUnit.Count, 1)
    fail(change, event["execution"].rsplit(":", 1)[-1], error)
    return {"status": "failed"}
