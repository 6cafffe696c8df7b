"""GET /v1/lore/snapshots: the snapshots of a title's lore."""

from typing import Any

from npcops import bootstrap_studio
from npcops.api import Request, operation

list_snapshots = bootstrap_studio.list_snapshots()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """The newest first; with `unfinished=true` those as well that are not whole."""
    return {"snapshots": list_snapshots(request.title, request.query("unfinished") == "true")}
