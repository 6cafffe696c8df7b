"""GET /v1/catalog/{kind}/{name}: one version of a card, prompt or title."""

from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation

catalog = bootstrap.catalog()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """The content of `version`: an id, a label or `latest` (the default)."""
    kind, name, wanted = request.path("kind"), request.path("name"), request.query("version") or "latest"
    content, version = catalog.get(request.title, kind, name, wanted)
    return {"kind": kind, "name": name, "version": version, "content": content}
