"""POST /v1/npcs/{npc}/turns: an NPC answers a player."""

import msgspec

from npcops import bootstrap
from npcops.api import Request, operation
from npcops.dialogue import Turn, TurnRequest
from npcops.telemetry import MetricUnit, logger, metrics

converse = bootstrap.converse()


@operation("player", "server", "studio", once_per="Idempotency-Key")
def handler(request: Request) -> Turn:
    """Speak one turn; the same `Idempotency-Key` within an hour gets the same turn."""
    npc = request.path("npc")
    logger.append_keys(npc=npc)
    turn = converse(request.title, request.player(), npc, request.body(TurnRequest))
    logger.append_keys(turn_id=turn.turn_id)
    usage = msgspec.to_builtins(turn.usage)
    logger.info("turn spoken", mode=turn.mode, model=turn.model, passages_cited=len(turn.citations), usage=usage)
    metrics.add_metric("Turns", MetricUnit.Count, 1)
    metrics.add_metric("InputTokens", MetricUnit.Count, turn.usage.input_tokens)
    metrics.add_metric("OutputTokens", MetricUnit.Count, turn.usage.output_tokens)
    metrics.add_metric("ModelMilliseconds", MetricUnit.Milliseconds, turn.usage.ms)
    return turn
