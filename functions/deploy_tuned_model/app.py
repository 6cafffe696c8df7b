"""Task DeployTunedModel: throughput for a custom model."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

deploy = bootstrap_tuning.deploy_tuned_model()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step, and the ARN of the `custom_model`."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = deploy(message, event["custom_model"])
    logger.info("throughput bought", deployment=found.deployment)
    metrics.add_metric("DeploymentsMade", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(found))
