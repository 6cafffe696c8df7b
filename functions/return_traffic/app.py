"""Players go back to what they had: a promotion is worse, has failed, or was broken off."""

import json
from typing import Any

import msgspec

from npcops import bootstrap_models
from npcops.promotions import PromotionPlan
from npcops.shift_traffic import reasons_of
from npcops.telemetry import MetricUnit, logger, metrics, observed

traffic = bootstrap_models.return_traffic()


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    """`event`: plan, reasons and error, of promote_model; or that an execution of it has ended without a return."""
    detail = event.get("detail")
    plan = msgspec.convert(json.loads(detail["input"]) if detail else event["plan"], PromotionPlan)
    reasons = reasons_of([], {"Error": detail["status"]}) if detail else reasons_of(event["reasons"], event["error"])
    stepped = traffic(plan, reasons)
    logger.warning("traffic returned", title=plan.title, version=plan.version, action=stepped.action, reasons=reasons)
    metrics.add_metric("ModelsReturned", MetricUnit.Count, int(stepped.action == "returned"))
    return msgspec.to_builtins(stepped)
