"""Which turns are counted in the figures of live turns, and as what.

Not all of them: each costs writes. Those that are drawn to be measured are a fair sample of all, and while traffic is
shifted to another model every turn counts that is answered by it or by the one before.
"""

from __future__ import annotations

import logging

from npcops.dialogue import Spoken, SpokenTurn, Usage
from npcops.errors import StoreUnavailable
from npcops.ports import TunedModels
from npcops.promotions import SideFigures
from npcops.tuning_ports import LiveFigures
from npcops.turn_ids import began

log = logging.getLogger(__name__)
# In these a player is answered by a tuned model, if there is one.
TUNED_MODES = ("tuned", "auto")


class CountLive:
    """Counts turns that were announced. Each method counts a turn once, however often it is called."""

    def __init__(self, live: LiveFigures, tuned: TunedModels, slow_ms: float) -> None:
        """A turn that took more than `slow_ms` is slow."""
        self._live, self._tuned, self._slow_ms = live, tuned, slow_ms

    def spoken(self, event: Spoken, drawn: bool) -> None:
        """Count that it was spoken, and how well its model did; `drawn` if it is one of the fair sample.

        What failed counts against the model that was tried. Raises StoreUnavailable.
        """
        usage = event.usage
        # An answer that was given before says nothing of the model as it is now.
        reused = usage == Usage() and not event.tried
        if reused or not (drawn or self._is_shifting(event)):
            return
        figures = SideFigures(
            turns=1,
            failed=int(bool(event.tried)),
            ms=usage.ms,
            slow=int(usage.ms > self._slow_ms),
            cost_usd=usage.cost_usd,
        )
        self._count(event, event.tried or event.model, figures)

    def measured(self, event: Spoken, groundedness: float) -> None:
        """Count how well its answer rests on what it cites. Raises StoreUnavailable."""
        self._count(event, event.model, SideFigures(measured=1, groundedness=groundedness))

    def _count(self, event: Spoken, model: str, figures: SideFigures) -> None:
        self._live.count(event.title, event.npc, model, began(event.turn_id), figures, event.turn_id)

    def _is_shifting(self, event: Spoken) -> bool:
        shift = self._tuned.promoted(event.title).shift if event.mode in TUNED_MODES else None
        return shift is not None and shift.to.speaks_for(event.npc)


def count_rating(live: LiveFigures, title: str, spoken: SpokenTurn, score: int) -> None:
    """Count what a player thinks of a turn: the first rating counts. One that cannot be counted now never is."""
    turn = spoken.turn
    figures = SideFigures(rated=1, score=score)
    try:
        live.count(title, turn.npc, turn.model, began(turn.turn_id), figures, turn.turn_id)
    except StoreUnavailable:
        log.warning("a rating is not counted", extra={"turn_id": turn.turn_id})
