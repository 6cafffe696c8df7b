"""GET /v1/lore: the state of every lore document."""

from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.lore_state import list_documents
from npcops.readers import READABLE

ledger = bootstrap.ledger()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """One page of documents by path; `next` is the `after` of the following page."""
    page = list_documents(ledger, request.title, request.query("after"), request.query("status"))
    return {**page, "readable": sorted(READABLE)}
