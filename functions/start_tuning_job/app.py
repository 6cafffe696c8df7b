"""Task StartTuningJob: a customization job for a callback step."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

start = bootstrap_tuning.start_tuning_job()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = start(message)
    logger.info("tuning job started", job=found.job)
    metrics.add_metric("TuningJobs", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(found))
