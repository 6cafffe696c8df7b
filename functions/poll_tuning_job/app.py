"""Task PollTuningJob: how a job stands."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of

poll = bootstrap_tuning.poll_tuning_job()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step, and the ARN of the `job`."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = poll(message, event["job"])
    logger.info("tuning job polled", status=found.status, wanted=found.wanted)
    metrics.add_metric("TuningJobPolls", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(found))
