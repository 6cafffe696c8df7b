"""POST /v1/lore/reconcile: bucket, ledger and index of one title are compared and mended."""

import re
from datetime import timedelta
from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.errors import InvalidRequest
from npcops.reconcile_lore import PATIENCE

reconcile = bootstrap.reconcile_lore()
SECONDS = re.compile("[0-9]{1,7}")


@operation("studio", status=202)
def handler(request: Request) -> dict[str, Any]:
    """Reconcile the caller's title. `stuck_seconds` says how long a hydration may have been under way."""
    asked = request.query("stuck_seconds")
    if asked and not SECONDS.fullmatch(asked):
        raise InvalidRequest("stuck_seconds must be a whole number of seconds.")
    patience = timedelta(seconds=int(asked)) if asked else PATIENCE
    found = reconcile(request.title, patience)
    return {"checked": found.checked, "restarted": found.restarted}
