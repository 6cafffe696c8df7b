"""Task LoadCases: what is evaluated, by which cases, and which of them have no result yet."""

from typing import Any

import msgspec

from npcops import bootstrap_studio
from npcops.telemetry import MetricUnit, logger, metrics, observed

load = bootstrap_studio.load_cases()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: title, evaluation and attempt."""
    logger.append_keys(title=event["title"], evaluation=event["evaluation"])
    loaded = load(event["title"], event["evaluation"], event["attempt"])
    logger.info("cases loaded", action=loaded.action, attempt=loaded.attempt)
    metrics.add_metric("EvaluationsRefused" if loaded.action == "refused" else "Evaluations", MetricUnit.Count, 1)
    return dict(msgspec.to_builtins(loaded))
