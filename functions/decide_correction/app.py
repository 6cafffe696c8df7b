"""POST /v1/corrections/{correction}: a person accepts or rejects a corrected answer."""

from npcops import bootstrap_people
from npcops.api import Request, operation
from npcops.people import Decided, Decision
from npcops.telemetry import logger

corrections = bootstrap_people.corrections()


@operation("studio")
def handler(request: Request) -> Decided:
    """An accepted one becomes a case of a suite, a training pair or both."""
    name, decision = request.path("correction"), request.body(Decision)
    decided = corrections.decide(request.title, name, decision, request.identity.subject)
    logger.info("correction decided", correction=name, accepted=decision.accept, suite_version=decided.suite_version)
    return decided
