"""Task PlanHydration: what has to change in the index for one document."""

from typing import Any

import msgspec

from npcops import bootstrap
from npcops.errors import InvalidRequest
from npcops.hydration_events import changed_document
from npcops.telemetry import MetricUnit, logger, metrics, observed

plan = bootstrap.plan_hydration()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the bucket's event with `execution`, the id of the state machine's execution, added."""
    metrics.add_metric("Changes", MetricUnit.Count, 1)
    try:
        change = changed_document(event)
    except InvalidRequest as error:
        # Consoles make empty objects for folders, and people upload to the wrong place: nobody has to be woken.
        logger.warning("no document", reason=str(error))
        return {"action": "skip", "reason": str(error)}
    logger.append_keys(title=change.title, document=change.path)
    planned = plan(change, generation=event["execution"].rsplit(":", 1)[-1])
    logger.info("hydration planned", action=planned.action, batches=len(planned.batches), to_embed=planned.to_embed)
    if planned.action == "failed":
        logger.warning("document refused", reason=planned.reason)
        metrics.add_metric("DocumentsRefused", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(planned))
