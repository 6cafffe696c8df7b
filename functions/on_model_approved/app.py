"""A model version was decided on in the registry: check it, give its throughput back, or drop the candidate."""

from typing import Any

import msgspec

from npcops import bootstrap_models
from npcops.telemetry import MetricUnit, logger, metrics, observed

approve = bootstrap_models.approve_model()


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    """`event`: "SageMaker Model Package State Change" by EventBridge."""
    followed = approve(event["detail"]["ModelPackageArn"])
    logger.info("decision followed", title=followed.title, version=followed.version, outcome=followed.outcome)
    if followed.why:
        logger.warning("approval refused", title=followed.title, version=followed.version, why=followed.why)
    metrics.add_metric("ApprovalsRefused", MetricUnit.Count, int(followed.outcome == "refused"))
    return msgspec.to_builtins(followed)
