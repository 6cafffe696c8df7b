"""Task CommitHydration: the document switches to its new chunks."""

from typing import Any

import msgspec

from npcops import bootstrap
from npcops.hydration import Plan
from npcops.telemetry import MetricUnit, logger, metrics, observed

commit = bootstrap.commit_hydration()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the plan that PlanHydration made."""
    plan = msgspec.convert(event, Plan)
    logger.append_keys(title=plan.title, document=plan.path)
    done = commit(plan)
    logger.info("hydration committed", status=done.status, chunks=done.chunks)
    metrics.add_metric("HydrationsCommitted", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(done))
