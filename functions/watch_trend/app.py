"""EvaluationConcluded.v1, LiveMeasured.v1: see whether figures of these NPCs fall."""

from typing import Any

from npcops import bootstrap_tuning
from npcops.drifts import MEASURED, is_drift
from npcops.telemetry import MetricUnit, logger, metrics, observed

watch = bootstrap_tuning.watch_trend()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Of evaluations those that are scheduled alone: others may be of something that no player hears."""
    told = event["detail"]
    watched = event["detail-type"] == MEASURED or is_drift(told["title"], told["evaluation"])
    drifts = watch(told["title"], told["npcs"]) if watched else []
    for drift in drifts:
        logger.warning(
            "drift detected",
            title=drift.title,
            npc=drift.npc,
            metric=drift.metric,
            before=drift.before,
            after=drift.after,
            chance=drift.chance,
            tuning=drift.tuning,
        )
    metrics.add_metric("DriftDetected", MetricUnit.Count, len(drifts))
    return {"drifts": len(drifts)}
