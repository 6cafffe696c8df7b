"""PUT /v1/players/{player}/world: the game's server says what is true for a player."""

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.memory import WorldState

players = bootstrap.players()


@operation("server")
def handler(request: Request) -> WorldState:
    """Replace the player's world state. Only servers may: a game client could open gates for its own player."""
    state = request.body(WorldState)
    players.set_world(request.title, request.path("player"), state)
    return state
