"""GET /v1/lore/{document}: the state of one lore document."""

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.lore_state import DocumentState, describe_document

ledger = bootstrap.ledger()


@operation("studio")
def handler(request: Request) -> DocumentState:
    """Whether it is indexed, in how many chunks, and why not if it is not."""
    return describe_document(ledger, request.title, request.path("document"))
