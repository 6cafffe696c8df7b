"""GET /v1/lore/search: what a character would find for a question, for people and evaluations."""

from typing import Any

from npcops import bootstrap, bootstrap_studio
from npcops.api import Request, operation
from npcops.lore import space_of
from npcops.lore_state import SearchRequest, present
from npcops.snapshot_lore import check_lore

retriever, snapshots = bootstrap.retriever(), bootstrap_studio.snapshots()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """Passages, best first, with document, heading path, score and text."""
    q, npc, k, lore = map(request.query, ("q", "npc", "k", "lore"))
    wanted = SearchRequest.of(q, npc, request.queries("flags"), k, lore)
    check_lore(snapshots, request.title, wanted.lore)
    space = space_of(request.title, wanted.lore)
    found = retriever.find(space, wanted.question, wanted.viewer, wanted.budget_tokens)
    return {"passages": [present(passage) for passage in found.passages[: wanted.limit]]}
