"""DELETE /v1/players/{player}: everything kept about a player is removed."""

from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.telemetry import logger

players = bootstrap.players()


@operation("server", "studio")
def handler(request: Request) -> dict[str, Any]:
    """Say how many items of each kind were removed."""
    removed = players.erase(request.title, request.path("player"))
    logger.info("player erased", removed=removed)
    return {"removed": removed}
