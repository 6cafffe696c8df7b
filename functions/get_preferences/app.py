"""GET /v1/evaluations/{evaluation}/preferences: which side people prefer, and how far they agree."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.people import Preferences

comparing = bootstrap_people.comparing()


@operation("studio")
def handler(request: Request) -> Preferences:
    """Over all raters and cases so far."""
    return comparing.preferences(request.title, request.path("evaluation"))
