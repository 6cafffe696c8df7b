"""POST /v1/tryouts: hear how an NPC would speak by some configuration."""

from npcops import bootstrap_studio
from npcops.api import Request, operation
from npcops.telemetry import logger
from npcops.try_out import TriedOut, TryRequest

try_out = bootstrap_studio.try_out()
SECONDS_TO_ANSWER = 1.5


@operation("studio")
def handler(request: Request) -> TriedOut:
    """The turns; nothing of them is kept."""
    wanted = request.body(TryRequest)
    logger.append_keys(npc=wanted.npc)
    return try_out(request.title, wanted, request.seconds_left - SECONDS_TO_ANSWER)
