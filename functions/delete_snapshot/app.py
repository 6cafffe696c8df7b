"""DELETE /v1/lore/snapshots/{snapshot}: a copy of the lore goes, if no NPC knows it."""

from npcops import bootstrap_studio
from npcops.api import Request, operation

delete_snapshot = bootstrap_studio.delete_snapshot()


@operation("studio")
def handler(request: Request) -> dict[str, str]:
    """What a label of the title's entry names, or would after a rollback, stays."""
    snapshot = request.path("snapshot")
    delete_snapshot(request.title, snapshot)
    return {"snapshot": snapshot, "status": "deleted"}
