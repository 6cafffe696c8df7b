"""GET /v1/catalog/{kind}/{name}/diff: what differs between two versions."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.catalogue import check_kind
from npcops.entry_diff import EntryDiff

diff_entry = bootstrap_studio.diff_entry()


@operation("studio")
def handler(request: Request) -> EntryDiff:
    """Field by field, `from` (default `production`) to `to` (default `latest`)."""
    before, after = request.query("from") or "production", request.query("to") or "latest"
    kind, name = check_kind(request.path("kind")), request.path("name")
    return diff_entry(request.title, kind, name, before, after)
