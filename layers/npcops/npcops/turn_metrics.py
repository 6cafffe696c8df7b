"""Counts of a finished turn: metrics with few dimensions, and one log record of ids and figures."""

from __future__ import annotations

import msgspec

from npcops.dialogue import Told
from npcops.telemetry import MetricUnit, logger, metrics


def report(told: Told) -> None:
    """Emit everything that is counted of one turn. Nothing of what was said is among it."""
    turn, figures = told.turn, told.figures
    why = turn.degraded.why if turn.degraded else ()
    logger.append_keys(turn_id=turn.turn_id, npc=turn.npc)
    logger.info(
        "turn spoken",
        mode=turn.mode,
        model=turn.model,
        passages_cited=len(turn.citations),
        degraded=turn.degraded.answer if turn.degraded else None,
        why=why,
        dropped=figures.dropped,
        reuse=figures.reuse,
        first_ms=figures.first_ms,
        usage=msgspec.to_builtins(turn.usage),
    )
    counts = {
        "Turns": 1,
        "TurnsDegraded": int(turn.degraded is not None),
        "TurnsAuthored": int(turn.degraded is not None and turn.degraded.answer == "authored-line"),
        "Leaks": int("leak" in why),
        "GuardrailInterventions": int("guardrail" in why),
        "ActionsDropped": sum(reason.startswith("action-") for reason in figures.dropped),
        "InputTokens": turn.usage.input_tokens,
        "OutputTokens": turn.usage.output_tokens,
    }
    if figures.reuse != "off":
        counts |= {"ReuseLookups": 1, "ReuseHits": int(turn.reused)}
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.add_metric("ModelMilliseconds", MetricUnit.Milliseconds, turn.usage.ms)
    metrics.add_metric("CostMicrodollars", MetricUnit.Count, round(turn.usage.cost_usd * 1_000_000))
    if turn.reused:
        metrics.add_metric("SavedMicrodollars", MetricUnit.Count, round(figures.saved_usd * 1_000_000))
    if figures.first_ms is not None:
        metrics.add_metric("FirstWordsMilliseconds", MetricUnit.Milliseconds, figures.first_ms)
