"""GET /v1/npcs/{npc}/trend: an NPC's figures, evaluation by evaluation."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.evaluation_state import Trend

show = bootstrap_studio.show_trend()


@operation("studio")
def handler(request: Request) -> Trend:
    """The newest figures, oldest first."""
    page = request.query("page") == "html"
    return show(request.title, request.path("npc"), request.query("limit"), page)
