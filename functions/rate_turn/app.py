"""POST /v1/turns/{turn}/rating: what somebody thinks of a turn."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.people import Rated, Rating
from npcops.telemetry import MetricUnit, logger, metrics

rate = bootstrap_people.rate_turn()


@operation("player", "server", "studio")
def handler(request: Request) -> Rated:
    """Keep the rating; a rater's earlier one of the same turn is replaced."""
    rating = request.body(Rating)
    turn_id, player = request.path("turn"), request.player()
    rated = rate(request.title, player, turn_id, request.identity, rating)
    logger.info("turn rated", turn_id=turn_id, score=rating.score, reasons=rating.reasons, queued=rated.queued)
    metrics.add_metric("TurnsRated", MetricUnit.Count, 1)
    metrics.add_metric("TurnsReported", MetricUnit.Count, int(rating.report))
    return rated
