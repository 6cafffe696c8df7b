"""Task ScoreCase: one golden case, played by the candidate and by what it is compared with, and judged."""

from typing import Any

from npcops import bootstrap_studio
from npcops.telemetry import MetricUnit, logger, metrics, observed

score = bootstrap_studio.score_case()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`event`: title, evaluation and the case's key. What it showed is in its file."""
    logger.append_keys(title=event["title"], evaluation=event["evaluation"], case=event["key"])
    result = score(event["title"], event["evaluation"], event["key"])
    sides = {"candidate": result.candidate, "baseline": result.baseline}
    passed = {side: all(playing.passed for playing in playings) for side, playings in sides.items() if playings}
    logger.info("case scored", **passed)
    metrics.add_metric("CasesScored", MetricUnit.Count, 1)
    return passed
