"""GET /v1/tunings/{tuning}: how far a tuning run is, and what came of it."""

from npcops import bootstrap_tuning
from npcops.api import Request, operation
from npcops.tuning_state import DescribedTuning

show = bootstrap_tuning.show_tuning()


@operation("studio")
def handler(request: Request) -> DescribedTuning:
    """The run with its steps, losses and data report; with `page=html`, also as a page."""
    return show(request.title, request.path("tuning"), page=request.query("page") == "html")
