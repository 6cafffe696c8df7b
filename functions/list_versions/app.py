"""GET /v1/catalog/{kind}/{name}/versions: the history of a name."""

from typing import Any

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.catalogue import check_kind

catalog = bootstrap_studio.fresh_catalog()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """Every version and every move of a label, newest first."""
    kind, name = check_kind(request.path("kind")), request.path("name")
    versions = catalog.versions(request.title, kind, name)
    return {"kind": kind, "name": name, "versions": versions, "moves": catalog.moves(request.title, kind, name)}
