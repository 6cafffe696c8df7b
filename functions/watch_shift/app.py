"""A look at a promotion under way: is the new model worse than what players have?"""

from typing import Any

import msgspec

from npcops import bootstrap_models
from npcops.promotions import PromotionPlan
from npcops.telemetry import MetricUnit, logger, metrics, observed

watch = bootstrap_models.watch_shift()


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    """`event`: the plan."""
    plan = msgspec.convert(event["plan"], PromotionPlan)
    watched = watch(plan)
    logger.info("shift watched", title=plan.title, version=plan.version, action=watched.action, turns=watched.turns)
    metrics.add_metric("ShiftsWatched", MetricUnit.Count, 1)
    return msgspec.to_builtins(watched)
