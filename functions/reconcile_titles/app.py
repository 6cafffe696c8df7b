"""Every night: bucket, ledger and index of all titles are compared and mended."""

from typing import Any

from npcops import bootstrap
from npcops.reconcile_lore import PATIENCE
from npcops.telemetry import MetricUnit, logger, metrics, observed

reconcile = bootstrap.reconcile_lore()


@observed
def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Whatever had to be mended is a silent loss and is counted as one."""
    found = reconcile.everything(PATIENCE)
    for title, result in found.items():
        for path, reason in result.restarted.items():
            logger.warning("lore restarted", title=title, document=path, reason=reason)
    restarted = sum(len(result.restarted) for result in found.values())
    metrics.add_metric("LoreRestarted", MetricUnit.Count, restarted)
    return {"titles": len(found), "restarted": restarted}
