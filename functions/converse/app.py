"""POST /v1/npcs/{npc}/turns: an NPC answers a player."""

from typing import Any

import msgspec

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.dialogue import Turn, TurnRequest
from npcops.telemetry import logger
from npcops.turn_metrics import report

converse = bootstrap.converse()
VOICE_SECONDS = 6.0
SECONDS_TO_ANSWER = 1.0


def voice(request: Request, spoken: Any) -> Turn:
    """The turn with its voice, if one was asked for: audio is too large for the record of a call."""
    turn, wanted = msgspec.convert(spoken, Turn, from_attributes=True), request.body(TurnRequest).voice
    if wanted is None:
        return turn
    seconds = min(VOICE_SECONDS, request.seconds_left - SECONDS_TO_ANSWER)
    return bootstrap.read_aloud().voiced(request.title, turn, wanted, seconds)


@operation("player", "server", "studio", once_per="Idempotency-Key", finish=voice)
def handler(request: Request) -> Turn:
    """Speak one turn; the same `Idempotency-Key` within an hour gets the same turn."""
    npc = request.path("npc")
    logger.append_keys(npc=npc)
    told = converse(request.title, request.player(), npc, request.body(TurnRequest))
    report(told)
    return told.turn
