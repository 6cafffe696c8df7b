"""What the two models of a promotion under way did for players."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from npcops.promotions import Promoted, Shift, SideFigures
from npcops.tuning_ports import LiveFigures
from npcops.turn_ids import began


class Sides(msgspec.Struct, frozen=True):
    """What both models did: `to` since its present percent, `current` since the promotion began."""

    to: SideFigures
    current: SideFigures


class ShiftSides:
    """Reads both sides of a shift; `own` tells a title's model where none is promoted."""

    def __init__(self, live: LiveFigures, own: Callable[[str], str]) -> None:
        self._live, self._own = live, own

    def __call__(self, title: str, promoted: Promoted) -> Sides | None:
        """None where nothing is being promoted. Raises StoreUnavailable."""
        shift = promoted.shift
        if shift is None:
            return None
        to = self._live.window(title, shift.to.model, shift.since)
        return Sides(to, self._live.window(title, self._replaced(title, promoted, shift), began(shift.id)))

    def _replaced(self, title: str, promoted: Promoted, shift: Shift) -> str:
        """The model that speaks now for those whom the new one is to speak for, or for the first of them who
        would change."""
        if promoted.current is None:
            return self._own(title)
        if not shift.to.npcs:
            return promoted.current.model
        # Some of them may speak by it already, beside those who speak by a newer one.
        spoken = (promoted.current.of(npc) for npc in shift.to.npcs)
        now = next((one for one in spoken if one is None or one.version != shift.to.version), None)
        return now.model if now else self._own(title)
