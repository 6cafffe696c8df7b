"""POST /v1/lore/reconcile and every night: bucket, ledger and index are compared and mended."""

import re
from datetime import timedelta
from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.errors import InvalidRequest
from npcops.telemetry import MetricUnit, logger, metrics, observed

reconcile = bootstrap.reconcile_lore()
PATIENCE = timedelta(minutes=15)
SECONDS = re.compile("[0-9]{1,7}")


@operation("studio", status=202)
def on_request(request: Request) -> dict[str, Any]:
    """Reconcile the caller's title. `stuck_seconds` says how long a hydration may have been under way."""
    asked = request.query("stuck_seconds")
    if asked and not SECONDS.fullmatch(asked):
        raise InvalidRequest("stuck_seconds must be a whole number of seconds.")
    patience = timedelta(seconds=int(asked)) if asked else PATIENCE
    found = reconcile(request.title, patience)
    return {"checked": found.checked, "restarted": found.restarted}


@observed
def on_schedule(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Reconcile every title; whatever had to be mended is a silent loss and is counted as one."""
    found = reconcile.everything(PATIENCE)
    for title, result in found.items():
        for path, reason in result.restarted.items():
            logger.warning("lore restarted", title=title, document=path, reason=reason)
    restarted = sum(len(result.restarted) for result in found.values())
    metrics.add_metric("LoreRestarted", MetricUnit.Count, restarted)
    return {"titles": len(found), "restarted": restarted}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """API calls carry a request context; the schedule does not."""
    return on_request(event, context) if "requestContext" in event else on_schedule(event, context)
