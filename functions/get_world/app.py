"""GET /v1/players/{player}/world: what the game has said is true for a player."""

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.memory import WorldState

players = bootstrap.players()


@operation("server", "studio")
def handler(request: Request) -> WorldState:
    """The player's world state; an empty one if none was set."""
    return players.world(request.title, request.path("player"))
