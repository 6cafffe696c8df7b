"""GET /v1/evaluations/{evaluation}/pairs/next: two answers to compare, without telling whose they are."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.people import NextPair

comparing = bootstrap_people.comparing()


@operation("studio")
def handler(request: Request) -> NextPair:
    """One that this rater has not compared yet."""
    return comparing.next_pair(request.title, request.path("evaluation"), request.identity.subject)
