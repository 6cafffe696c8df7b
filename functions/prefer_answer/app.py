"""POST /v1/evaluations/{evaluation}/pairs: which of two answers is better."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.people import NextPair, Preference

comparing = bootstrap_people.comparing()


@operation("studio")
def handler(request: Request) -> NextPair:
    """Keep it, in the place of an earlier choice of this rater; the answer is the next pair."""
    preference = request.body(Preference)
    return comparing.prefer(request.title, request.path("evaluation"), request.identity.subject, preference)
