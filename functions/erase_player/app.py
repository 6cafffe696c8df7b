"""DELETE /v1/players/{player}: everything kept about a player is removed."""

from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.telemetry import logger

players, reviews = bootstrap.players(), bootstrap.reviews()


@operation("server", "studio")
def handler(request: Request) -> dict[str, Any]:
    """Say how many items of each kind were removed."""
    player = request.path("player")
    removed = players.erase(request.title, player)
    # After the turns: without its turn, none comes back into the queue.
    if reviewed := reviews.forget_player(request.title, player):
        removed = removed | {"reviews": reviewed}
    logger.info("player erased", removed=removed)
    return {"removed": removed}
