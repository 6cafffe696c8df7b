"""POST /v1/catalog/{kind}/{name}/labels/{label}: a label moves to a version, or back."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.labels import LabelMove, Stored
from npcops.studio_metrics import counted

move_label = bootstrap_studio.move_label()


@operation("studio")
def handler(request: Request) -> Stored:
    """Move it past the canon gate, which a person may override with a reason."""
    kind, name, label = request.path("kind"), request.path("name"), request.path("label")
    wanted, by = request.body(LabelMove), request.identity.subject
    return counted(lambda: move_label(request.title, kind, name, label, by, wanted))
