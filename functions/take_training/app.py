"""Training data was uploaded: start the pipeline for this version of it, once."""

from typing import Any

import msgspec

from npcops import bootstrap_tuning
from npcops.errors import InvalidRequest
from npcops.telemetry import MetricUnit, logger, metrics, observed
from npcops.training_events import uploaded_training

take = bootstrap_tuning.take_training()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: the bucket's event, by EventBridge or by S3's own notification."""
    metrics.add_metric("TrainingUploads", MetricUnit.Count, 1)
    try:
        upload = uploaded_training(event)
    except InvalidRequest as error:
        logger.warning("no training data", reason=str(error))
        return {"outcome": "skipped", "reason": str(error)}
    taken = take(upload)
    logger.append_keys(title=taken.title, tuning=taken.tuning)
    if taken.outcome in ("skipped", "refused"):
        # Consoles make empty objects for folders, and people upload to the wrong place: nobody has to be woken.
        logger.warning("no run was started by an upload", outcome=taken.outcome, reason=taken.reason)
        metrics.add_metric("TrainingRefused", MetricUnit.Count, 1)
    else:
        logger.info("training data taken", outcome=taken.outcome)
    return dict(msgspec.to_builtins(taken))
