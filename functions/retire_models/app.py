"""Every hour: throughput that nobody needs any more is given back, and parameters tell what is decided."""

from typing import Any

import msgspec

from npcops import bootstrap_models
from npcops.telemetry import MetricUnit, logger, metrics, observed

retire = bootstrap_models.retire_models()


@observed
def handler(event: dict[str, Any], context: Any) -> Any:
    """What was freed is told with its name, for whoever misses it."""
    retired = retire()
    logger.info("throughput retired", freed=retired.freed, kept=retired.kept, mended=retired.mended)
    metrics.add_metric("DeploymentsFreed", MetricUnit.Count, len(retired.freed))
    return msgspec.to_builtins(retired)
