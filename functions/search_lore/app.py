"""GET /v1/lore/search: what a character would find for a question, for people and evaluations."""

from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.lore_state import SearchRequest, present

retriever = bootstrap.retriever()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """Passages, best first, with document, heading path, score and text."""
    wanted = SearchRequest.of(request.query("q"), request.query("npc"), request.queries("flags"), request.query("k"))
    found = retriever.find(request.title, wanted.question, wanted.viewer, wanted.budget_tokens)
    return {"passages": [present(passage) for passage in found.passages[: wanted.limit]]}
