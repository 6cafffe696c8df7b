"""DELETE /v1/lore/{document}: a lore document leaves the bucket; hydration takes it out of the index."""

from typing import Any

from npcops import bootstrap
from npcops.api import Request, operation

bucket = bootstrap.lore_bucket()


@operation("studio", status=202)
def handler(request: Request) -> dict[str, Any]:
    """Deleting what does not exist is no error."""
    document = request.path("document")
    bucket.delete(request.title, document)
    return {"document": document, "status": "deleting"}
