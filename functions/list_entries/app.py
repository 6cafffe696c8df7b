"""GET /v1/catalog/{kind}: the names of a kind, and where their labels point."""

from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation

catalog = bootstrap.catalog()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """Every name with its labels."""
    return {"entries": catalog.names(request.title, request.path("kind"))}
