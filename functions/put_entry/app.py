"""PUT /v1/catalog/{kind}/{name}: a new version of an entry."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.catalog_entries import NewVersion
from npcops.labels import Stored
from npcops.studio_metrics import counted

put_entry = bootstrap_studio.put_entry()


@operation("studio")
def handler(request: Request) -> Stored:
    """Store the version and, if asked, move a label onto it."""
    entry = request.body(NewVersion)
    kind, name, author = request.path("kind"), request.path("name"), request.identity.subject
    return counted(lambda: put_entry(request.title, kind, name, author, entry))
