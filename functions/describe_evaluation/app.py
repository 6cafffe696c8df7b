"""GET /v1/evaluations/{evaluation}: how far an evaluation is, and what it said."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.evaluation_state import Described

look = bootstrap_studio.evaluation_state()


@operation("studio")
def handler(request: Request) -> Described:
    """Its state, and links to its report."""
    return look.describe(request.title, request.path("evaluation"))
