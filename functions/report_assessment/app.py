"""Task ReportAssessment: the pipeline is told what the evaluation has shown."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.tuning_callbacks import read_message, run_of
from npcops.tuning_failures import Failure

report = bootstrap_tuning.report_assessment()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the `message` of the step, and the `failure`, whose `Error` is empty for a success."""
    message = read_message(event["message"])
    title, tuning = run_of(message)
    logger.append_keys(title=title, tuning=tuning)
    found = report(message, msgspec.convert(event["failure"], Failure))
    logger.info("assessment reported", ended=found.ended, error=event["failure"]["Error"])
    metrics.add_metric("AssessmentFailures" if event["failure"]["Error"] else "AssessmentsDone", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(found))
