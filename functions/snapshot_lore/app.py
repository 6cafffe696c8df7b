"""POST /v1/lore/snapshots: the live lore is copied, as it is, for NPCs to know exactly that."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.snapshots import NewSnapshot, Progress

snapshot_lore = bootstrap_studio.snapshot_lore()


@operation("studio")
def handler(request: Request) -> Progress:
    """Work on the snapshot while there is time; whoever is not told that it is done asks again."""
    wanted = request.body(NewSnapshot)
    return snapshot_lore(request.title, request.identity.subject, wanted, lambda: request.seconds_left)
