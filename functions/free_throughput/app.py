"""Task FreeThroughput: nothing that runs or is paid for is left of a step that failed."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

free = bootstrap_tuning.free_throughput()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = free(message)
    logger.info("throughput freed", deployments=found.deployments, handed_over=found.handed_over)
    metrics.add_metric("DeploymentsFreed", MetricUnit.Count, len(found.deployments))
    return dict(msgspec.to_builtins(found))
