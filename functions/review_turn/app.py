"""POST /v1/reviews/{turn}: what a reviewer thinks of a turn of the queue."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.people import Rating, Reviewed
from npcops.telemetry import logger

reviews = bootstrap_people.review_turns()


@operation("studio")
def handler(request: Request) -> Reviewed:
    """Keep it as a rating, and take the turn off the queue when enough reviewers have seen it."""
    rating, turn_id = request.body(Rating), request.path("turn")
    reviewed = reviews.review(request.title, request.identity, turn_id, rating)
    logger.info("turn reviewed", turn_id=turn_id, score=rating.score, reasons=rating.reasons, done=reviewed.done)
    return reviewed
