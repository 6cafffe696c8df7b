"""The last step of promote_model: the new model is the stage's."""

from typing import Any

import msgspec

from npcops import bootstrap_models
from npcops.promotions import PromotionPlan
from npcops.telemetry import MetricUnit, logger, metrics, observed

traffic = bootstrap_models.shift_traffic()


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    """`event`: the plan."""
    plan = msgspec.convert(event["plan"], PromotionPlan)
    stepped = traffic.settle(plan)
    logger.info("promotion ended", title=plan.title, version=plan.version, action=stepped.action)
    metrics.add_metric("ModelsPromoted", MetricUnit.Count, int(stepped.action == "settled"))
    return msgspec.to_builtins(stepped)
