"""Task StopTuningJob: no job runs for longer than it may, or for nobody."""

from typing import Any

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

stop = bootstrap_tuning.stop_tuning_job()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step, and the ARN of the `job`."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    stop(event["job"])
    logger.warning("tuning job stopped", job=event["job"])
    metrics.add_metric("TuningJobsStopped", MetricUnit.Count, 1)
    return {"job": event["job"]}
