"""Use cases: the steps of a promotion: so many percent more, all of them for good, or back to what was before.

Each step looks at what is decided when it begins. If that is no work of its own promotion, somebody else has decided
meanwhile, and the promotion is overtaken: it changes nothing more. A step that is done again does nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from npcops import model_events
from npcops.canon_gate import CanonGate
from npcops.errors import NotFound
from npcops.ports import EventPublisher
from npcops.promotions import ModelMove, Promoted, PromotionPlan, Served, Shift
from npcops.tuning_ports import PromotedModels
from npcops.turn_ids import now_iso


class Stepped(msgspec.Struct, frozen=True):
    """How a promotion goes on; `percent` is heard by so many of the players."""

    action: Literal["watch", "settled", "returned", "overtaken"]
    percent: int = 0


class ShiftTraffic:
    """Takes the steps forward. The gate is asked again: what it rested on may have been moved meanwhile."""

    def __init__(
        self,
        promotions: PromotedModels,
        gate: CanonGate,
        events: EventPublisher,
        now: Callable[[], str] = now_iso,
    ) -> None:
        self._promotions, self._gate, self._events, self._now = promotions, gate, events, now

    def shift(self, plan: PromotionPlan, step: int) -> Stepped:
        """Have the percent of `step` answered. Raises NotFound, GateClosed, Conflict and StoreUnavailable."""
        known, percent = self._promotions.get(plan.title), plan.percents[step]
        own = known.shift is not None and known.shift.id == plan.promotion
        begins = step == 0 and known.shift is None and known.revision == plan.revision
        if not own and not begins:
            return Stepped("overtaken")
        if known.shift and known.shift.percent == percent:
            # Done before, but perhaps not told to turns.
            self._promotions.mend(plan.title)
            return Stepped("watch", percent)
        served, at = known.shift.to if known.shift else self._candidate(plan).over(known.current), self._now()
        self._admit(plan, served)
        shifted = msgspec.structs.replace(known, shift=Shift(served, percent, plan.promotion, at))
        move = _move(plan, "begun", known, at, plan.why) if begins else None
        self._promotions.put(plan.title, shifted, move)
        return Stepped("watch", percent)

    def settle(self, plan: PromotionPlan) -> Stepped:
        """The new model is current, and what was current is previous. Raises as `shift`."""
        known = self._promotions.get(plan.title)
        if is_settled(known, plan):
            return told_settled(self._promotions, self._events, plan, known)
        if known.shift is None or known.shift.id != plan.promotion:
            return Stepped("overtaken")
        self._admit(plan, known.shift.to)
        wanted = Promoted(known.shift.to, known.current, None, known.revision, plan.promotion)
        move = _move(plan, "promoted", known, self._now(), plan.why)
        return told_settled(self._promotions, self._events, plan, self._promotions.put(plan.title, wanted, move))

    def _candidate(self, plan: PromotionPlan) -> Served:
        served = self._promotions.candidate(plan.title, plan.version)
        if served is None:
            raise NotFound(f"Version {plan.version} is not approved any more.")
        return served

    def _admit(self, plan: PromotionPlan, served: Served) -> None:
        if plan.gate != "overridden":
            self._gate.admit_model(plan.title, served)


class ReturnTraffic:
    """Takes players back to what they had."""

    def __init__(self, promotions: PromotedModels, events: EventPublisher, now: Callable[[], str] = now_iso) -> None:
        self._promotions, self._events, self._now = promotions, events, now

    def __call__(self, plan: PromotionPlan, reasons: Sequence[str]) -> Stepped:
        """`reasons` are for people. Raises Conflict and StoreUnavailable; then it is done again."""
        known = self._promotions.get(plan.title)
        if is_settled(known, plan):
            # It had come to its end before whatever broke; a worse model is for people to roll back.
            return told_settled(self._promotions, self._events, plan, known)
        at, why = self._now(), " ".join(reasons)
        if known.shift and known.shift.id == plan.promotion:
            back = msgspec.structs.replace(known, shift=None, done=plan.promotion)
            self._promotions.put(plan.title, back, _move(plan, "returned", known, at, why))
            percent = known.shift.percent
        elif known.done == plan.promotion:
            self._promotions.mend(plan.title)
            percent = 0
        else:
            return Stepped("overtaken")
        move = _move(plan, "returned", known, at, why)
        self._events.publish(model_events.RETURNED, model_events.returned(plan.title, move, percent, reasons))
        return Stepped("returned", percent)


def is_settled(known: Promoted, plan: PromotionPlan) -> bool:
    """Whether this promotion is what was done last, and came to its end."""
    return known.done == plan.promotion and known.current is not None and known.current.version == plan.version


def reasons_of(watched: Sequence[str], error: Mapping[str, str]) -> list[str]:
    """Why players go back, for people: what was seen, or else an error of Step Functions (`Error`, `Cause`)."""
    if watched or not error:
        return list(watched)
    if error.get("Error") == "GateClosed":
        with suppress(ValueError, TypeError, KeyError):
            return [str(msgspec.json.decode(error["Cause"])["errorMessage"])]
        return ["The canon gate does not let it in any more."]
    return [f"The promotion could not go on ({error.get('Error', 'unknown')})."]


def told_settled(promotions: PromotedModels, events: EventPublisher, plan: PromotionPlan, settled: Promoted) -> Stepped:
    """See to it that turns and the world know of a promotion that has come to its end."""
    promotions.mend(plan.title)
    move = _move(plan, "promoted", Promoted(settled.previous), now_iso(), plan.why)
    events.publish(model_events.PROMOTED, model_events.promoted(plan.title, move))
    return Stepped("settled", 100)


def _move(
    plan: PromotionPlan, kind: Literal["begun", "promoted", "returned"], known: Promoted, at: str, why: str
) -> ModelMove:
    before = known.current.version if known.current else 0
    return ModelMove(plan.promotion, kind, plan.version, before, plan.by, at, why.strip(), plan.gate, plan.evaluations)
