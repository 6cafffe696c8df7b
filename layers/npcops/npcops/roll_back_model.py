"""Use case: one call takes players back to the model before, also while another is being promoted."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from npcops import model_events
from npcops.errors import Conflict, StoreUnavailable
from npcops.models_state import RolledBack
from npcops.ports import EventPublisher
from npcops.promotions import ModelMove, Promoted, RollbackRequest
from npcops.tuning_ports import PromotedModels
from npcops.turn_ids import new_turn_id, now_iso

log = logging.getLogger(__name__)
# A promotion under way changes the same; it is overtaken as soon as this has come through.
ATTEMPTS = 5


class RollBackModel:
    """Rolls back: a promotion under way first, then to the model before, then to the stage's own."""

    def __init__(self, promotions: PromotedModels, events: EventPublisher, now: Callable[[], str] = now_iso) -> None:
        self._promotions, self._events, self._now = promotions, events, now

    def __call__(self, title: str, by: str, request: RollbackRequest) -> RolledBack:
        """`by` is who rolls back. Raises Conflict (there is nothing to go back from) and StoreUnavailable."""
        for _ in range(ATTEMPTS):
            if (done := self._rolled_back(title, by, request)) is not None:
                return done
        raise Conflict("Others change by which model players are answered, again and again; roll back once more.")

    def _rolled_back(self, title: str, by: str, request: RollbackRequest) -> RolledBack | None:
        """None where somebody else was faster."""
        known = self._promotions.get(title)
        left, back = _back(known)
        if request.version is not None and left != request.version:
            self._promotions.mend(title)
            told = f"leaves version {left}, not version {request.version}" if left else "would leave nothing"
            raise Conflict(f"A rollback now {told}; nothing was changed.")
        if left == 0:
            raise Conflict("Players are answered by the stage's own model; there is nothing to go back from.")
        to = back.current.version if back.current else 0
        move = ModelMove(new_turn_id(), "rolled-back", to, left, by, self._now(), request.why.strip())
        back = msgspec.structs.replace(back, done=move.id)
        promoted = self._put(title, back, move)
        if promoted is None:
            return None
        self._tell(title, move)
        return RolledBack(left, to, promoted)

    def _put(self, title: str, back: Promoted, move: ModelMove) -> Promoted | None:
        """What was decided and could not be told to turns is told once more, and is not decided again."""
        try:
            return self._promotions.put(title, back, move)
        except Conflict:
            return None
        except StoreUnavailable:
            known = self._promotions.get(title)
            if known.done != move.id:
                raise
            self._promotions.mend(title)
            return known

    def _tell(self, title: str, move: ModelMove) -> None:
        """It is done and in the history, which a bus that fails cannot undo."""
        try:
            self._events.publish(model_events.ROLLED_BACK, model_events.rolled_back(title, move))
        except StoreUnavailable:
            log.warning("a rollback was not announced", extra={"version": move.before})


def _back(known: Promoted) -> tuple[int, Promoted]:
    """Which version is left (0: none), and what players have then.

    Going back twice never leads to what was just left: after the model before comes the stage's own.
    """
    if known.shift:
        return known.shift.to.version, msgspec.structs.replace(known, shift=None)
    return known.current.version if known.current else 0, msgspec.structs.replace(
        known, current=known.previous, previous=None
    )
