"""Counts of what studios do, for alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from npcops.errors import GateClosed
from npcops.telemetry import MetricUnit, logger, metrics

if TYPE_CHECKING:
    from npcops.labels import Stored
    from npcops.models_state import PromotionStarted

T = TypeVar("T")

OVERRIDES, REFUSALS = "GateOverrides", "GateRefusals"


def counted(move: Callable[[], Stored]) -> Stored:
    """What came of a move, counting what the canon gate refused and what was moved in spite of it.

    Somebody is told of each override: an alarm rests on them.
    """
    stored = _counting_refusals(move)
    if stored.move and stored.move.gate == "overridden":
        moved = stored.move
        _count_override(label=moved.label, version=moved.version, by=moved.by)
    return stored


def counted_promotion(start: Callable[[], PromotionStarted], by: str) -> PromotionStarted:
    """The same of a model's promotion."""
    started = _counting_refusals(start)
    if started.gate == "overridden":
        _count_override(promotion=started.promotion, version=started.version, by=by)
    return started


def _counting_refusals(work: Callable[[], T]) -> T:
    try:
        return work()
    except GateClosed as closed:
        logger.info("canon gate closed", npcs=closed.npcs)
        metrics.add_metric(REFUSALS, MetricUnit.Count, 1)
        raise


def _count_override(**told: Any) -> None:
    logger.warning("canon gate overridden", **told)
    metrics.add_metric(OVERRIDES, MetricUnit.Count, 1)
