"""GET /v1/catalog/{kind}: the names of a kind, and where their labels point."""

from typing import Any

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.catalogue import check_kind

catalog = bootstrap_studio.fresh_catalog()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """Every name with its labels."""
    return {"entries": catalog.names(request.title, check_kind(request.path("kind")))}
