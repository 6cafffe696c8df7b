"""POST /v1/players/{player}/saves: a save is kept as a snapshot, put back to one, or forked."""

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.saves import SaveChange, SaveChanged

saves = bootstrap.saves()


@operation("server", "studio")
def handler(request: Request) -> SaveChanged:
    """Change one save. Only servers and people may: a game client could take back what its player has said."""
    change: SaveChange = request.body(SaveChange)  # type: ignore[arg-type] # a union is no class to mypy
    return saves.change(request.title, request.path("player"), change)
