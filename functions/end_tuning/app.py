"""An execution of the pipeline has ended: record how, and free what nobody will use."""

from typing import Any

from npcops import bootstrap_tuning
from npcops.end_tuning import ended_execution
from npcops.telemetry import MetricUnit, logger, metrics, observed

end = bootstrap_tuning.end_tuning()
METRICS = {"registered": "TuningsRegistered", "failed": "TuningsFailed", "stopped": "TuningsStopped"}


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: SageMaker's event of a changed execution, by EventBridge."""
    metrics.add_metric("PipelinesEnded", MetricUnit.Count, 1)
    execution = ended_execution(event)
    ended = end(execution)
    if ended is None:
        logger.warning("an execution that is no run's has ended", execution=execution.execution)
        return {"ended": False}
    run = ended.tuning
    logger.info("run ended", title=run.title, tuning=run.id, state=run.state, version=run.version)
    if ended.left:
        logger.warning("throughput could not be freed yet", title=run.title, tuning=run.id)
    metrics.add_metric(METRICS.get(run.state, "TuningsFailed"), MetricUnit.Count, 1)
    return {"ended": True, "state": run.state}
