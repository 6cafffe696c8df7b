"""GET /v1/evaluations: the newest evaluations."""

from typing import Any

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.evaluation_state import list_evaluations

store = bootstrap_studio.evaluations()


@operation("studio")
def handler(request: Request) -> dict[str, Any]:
    """A page, newest first."""
    return list_evaluations(store, request.title, request.query("limit"), request.query("before"))
