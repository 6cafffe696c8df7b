"""Counts of what studios do, for alarms."""

from __future__ import annotations

from collections.abc import Callable

from npcops.errors import GateClosed
from npcops.labels import Stored
from npcops.telemetry import MetricUnit, logger, metrics

OVERRIDES, REFUSALS = "GateOverrides", "GateRefusals"


def counted(move: Callable[[], Stored]) -> Stored:
    """What came of a move, counting what the canon gate refused and what was moved in spite of it.

    Somebody is told of each override: an alarm rests on them.
    """
    try:
        stored = move()
    except GateClosed as closed:
        logger.info("canon gate closed", npcs=closed.npcs)
        metrics.add_metric(REFUSALS, MetricUnit.Count, 1)
        raise
    if stored.move and stored.move.gate == "overridden":
        moved = stored.move
        logger.warning("canon gate overridden", label=moved.label, version=moved.version, by=moved.by)
        metrics.add_metric(OVERRIDES, MetricUnit.Count, 1)
    return stored
