"""Task PollDeployment: whether a model can be called."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

poll = bootstrap_tuning.poll_deployment()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step, and the ARN of the `deployment`."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = poll(event["deployment"])
    logger.info("deployment polled", readiness=found.readiness)
    metrics.add_metric("DeploymentPolls", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(found))
