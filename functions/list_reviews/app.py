"""GET /v1/reviews: turns that wait for this reviewer, with what was said."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.people import ReviewList

reviews = bootstrap_people.review_turns()
PAGE = 20


@operation("studio")
def handler(request: Request) -> ReviewList:
    """The most urgent ones first."""
    return reviews.waiting(request.title, request.identity.subject, PAGE, request.query("npc") or "")
