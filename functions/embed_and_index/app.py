"""Task EmbedAndIndex: one batch of new chunks is embedded and staged."""

from typing import Any

from npcops import bootstrap
from npcops.telemetry import MetricUnit, logger, metrics, observed

embed_and_index = bootstrap.embed_and_index()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """`event`: `{title, path, batch}`, where `batch` is the key of a work file."""
    logger.append_keys(title=event["title"], document=event["path"])
    embedded = embed_and_index(event["batch"])
    metrics.add_metric("ChunksEmbedded", MetricUnit.Count, embedded)
    return {"embedded": embedded}
