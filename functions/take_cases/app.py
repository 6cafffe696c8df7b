"""Cases were uploaded: start the evaluation that waits for them."""

from typing import Any

from npcops import bootstrap_studio
from npcops.start_evaluation import CasesUploaded
from npcops.telemetry import MetricUnit, logger, metrics, observed

start = bootstrap_studio.start_evaluation()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the bucket's event by EventBridge, whose keys are as they are, not encoded."""
    metrics.add_metric("UploadsOfCases", MetricUnit.Count, 1)
    found = event["detail"]["object"]
    started = start.uploaded(CasesUploaded(found["key"], event["time"], found.get("sequencer", "")))
    if started is None:
        # People upload to the wrong place, and again: nobody has to be woken.
        logger.warning("no evaluation was started by an upload")
        return {"started": False}
    logger.info("evaluation started", evaluation=started.evaluation, attempt=started.attempt)
    return {"started": True, "evaluation": started.evaluation}
