"""GET /v1/players/{player}/saves: the saves and snapshots of a player."""

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.saves import SaveList

saves = bootstrap.saves()


@operation("server", "studio")
def handler(request: Request) -> SaveList:
    """All of them, by name."""
    return saves.all(request.title, request.path("player"))
