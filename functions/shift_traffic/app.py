"""A step of promote_model: so many percent of the players are answered by the new model."""

from typing import Any

import msgspec

from npcops import bootstrap_models
from npcops.promotions import PromotionPlan
from npcops.telemetry import MetricUnit, logger, metrics, observed

traffic = bootstrap_models.shift_traffic()


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    """`event`: the plan, and the number of the percent in it."""
    plan = msgspec.convert(event["plan"], PromotionPlan)
    stepped = traffic.shift(plan, event["step"])
    logger.info("traffic shifted", title=plan.title, version=plan.version, to=stepped.action, percent=stepped.percent)
    metrics.add_metric("TrafficShifted", MetricUnit.Count, int(stepped.action == "watch"))
    return msgspec.to_builtins(stepped)
