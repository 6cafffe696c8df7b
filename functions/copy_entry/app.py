"""POST /v1/catalog/{kind}/{name}/copies: an entry of the library becomes the title's own."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.catalog_entries import Copy
from npcops.labels import Stored
from npcops.studio_metrics import counted

copy_entry = bootstrap_studio.copy_entry()


@operation("studio")
def handler(request: Request) -> Stored:
    """Store the library's version under the same name and, if asked, move a label onto it."""
    copy = request.body(Copy)
    kind, name, author = request.path("kind"), request.path("name"), request.identity.subject
    return counted(lambda: copy_entry(request.title, kind, name, author, copy))
