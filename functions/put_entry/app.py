"""PUT /v1/catalog/{kind}/{name}: a new version of a card, prompt or title."""

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.catalog_entries import NewVersion, Stored

put_entry = bootstrap.put_entry()


@operation("studio")
def handler(request: Request) -> Stored:
    """Store the version and, if asked, move a label onto it."""
    entry = request.body(NewVersion)
    return put_entry(request.title, request.path("kind"), request.path("name"), request.identity.subject, entry)
