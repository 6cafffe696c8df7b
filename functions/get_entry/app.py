"""GET /v1/catalog/{kind}/{name}: one version of an entry."""

from typing import Any

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.catalogue import check_kind

catalog = bootstrap_studio.fresh_catalog()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """The content of `version`: an id, a label or `latest` (the default)."""
    kind, name, wanted = check_kind(request.path("kind")), request.path("name"), request.query("version") or "latest"
    content, version = catalog.get(request.title, kind, name, wanted)
    return {"kind": kind, "name": name, "version": version, "content": content}
