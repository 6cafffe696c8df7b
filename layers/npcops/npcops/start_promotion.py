"""Use case: begin to promote a model version: is it approved and ready, does the gate let it in, is there room?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import msgspec

from npcops.canon_gate import OVERRIDDEN, Admitted, CanonGate, overridden_model
from npcops.errors import Conflict, GateClosed, InvalidRequest, StoreUnavailable
from npcops.labels import LEAST_REASON
from npcops.models_state import PromotionStarted
from npcops.ports import EventPublisher
from npcops.promotions import ModelMove, Promoted, PromotionPlan, PromotionRequest, Served, Shift
from npcops.tuning_ports import CustomModels, MachineStarter, ModelRegistry, PromotedModels, StageAlarms
from npcops.turn_ids import new_turn_id, now_iso

# Of each percent: so often that a broken model is heard for a short time, so seldom that no history is full.
MOST_LOOKS = 15
LOOK_SECONDS = 60.0


class Ways(msgspec.Struct, frozen=True):
    """How this stage promotes where a request says nothing else; `alarms` are names."""

    machine: str
    percents: tuple[int, ...]
    minutes: float
    alarms: tuple[str, ...] = ()


class StartPromotion:
    """Starts promotions, one a title at a time."""

    def __init__(
        self,
        registry: ModelRegistry,
        promotions: PromotedModels,
        models: CustomModels,
        gate: CanonGate,
        alarms: StageAlarms,
        machines: MachineStarter,
        events: EventPublisher,
        ways: Ways,
        now: Callable[[], str] = now_iso,
    ) -> None:
        self._registry, self._promotions, self._models, self._gate = registry, promotions, models, gate
        self._alarms, self._machines, self._events, self._ways = alarms, machines, events, ways
        self._now = now

    def __call__(self, title: str, version: int, by: str, request: PromotionRequest) -> PromotionStarted:
        """`by` is who promotes. Raises NotFound, InvalidRequest, GateClosed and Conflict."""
        percents = _percents(request.percents or self._ways.percents)
        minutes = self._ways.minutes if request.minutes is None else request.minutes
        served = self._candidate(title, version)
        now = self._room(title, version)
        if firing := self._alarms.firing(self._ways.alarms):
            raise Conflict(f"An alarm of the stage is ringing ({', '.join(firing)}); promote when it is over.")
        admitted, closed = self._admitted(title, served, request.override)
        looks = max(1, min(MOST_LOOKS, math.ceil(minutes * 60 / LOOK_SECONDS)))
        plan = PromotionPlan(
            title=title,
            promotion=new_turn_id(),
            version=version,
            revision=now.revision,
            percents=percents,
            looks=looks,
            seconds=math.ceil(minutes * 60 / looks),
            by=by,
            gate=admitted.gate,
            evaluations=admitted.evaluations,
            why=(request.override or "").strip() if closed else "",
        )
        self._machines.start(self._ways.machine, plan.promotion, msgspec.to_builtins(plan))
        if closed:
            self._tell(plan, now, closed)
        return PromotionStarted(plan.promotion, version, percents, minutes, plan.gate, plan.evaluations)

    def _candidate(self, title: str, version: int) -> Served:
        package = self._registry.package(title, version)
        if package.approval != "Approved":
            raise Conflict(f"Version {version} is not approved. Approve it first.")
        served = self._promotions.candidate(title, version)
        if served is None:
            raise Conflict(f"Version {version} was approved, and is still being checked. Try again in a moment.")
        readiness = self._models.deployment(package.metadata.get("deployment", "")).readiness
        if readiness != "ready":
            raise Conflict(f"The deployment of version {version} is {readiness}: nothing could answer. Tune it again.")
        return served

    def _room(self, title: str, version: int) -> Promoted:
        """What is decided now, if a promotion may begin."""
        now = self._promotions.get(title)
        if now.shift:
            now = self._taken_back(title, now, now.shift)
        if now.current and now.current.version == version:
            raise Conflict(f"All players are answered by version {version} already.")
        return now

    def _taken_back(self, title: str, now: Promoted, shift: Shift) -> Promoted:
        """What is decided when players are taken back from a shift that nobody watches any more."""
        execution = f"{self._ways.machine.replace(':stateMachine:', ':execution:')}:{shift.id}"
        if self._machines.running(execution):
            raise Conflict(
                f"Version {shift.to.version} is being promoted. Wait for its end, or roll back, which stops it."
            )
        at, before = self._now(), now.current.version if now.current else 0
        move = ModelMove(shift.id, "returned", shift.to.version, before, "", at, "It was interrupted.")
        return self._promotions.put(title, msgspec.structs.replace(now, shift=None, done=shift.id), move)

    def _admitted(self, title: str, served: Served, override: str | None) -> tuple[Admitted, GateClosed | None]:
        if override is not None and len(override.strip()) < LEAST_REASON:
            raise InvalidRequest(f"An override needs a reason of at least {LEAST_REASON} characters.")
        try:
            return self._gate.admit_model(title, served), None
        except GateClosed as closed:
            if override is None:
                raise
            return Admitted("overridden"), closed

    def _tell(self, plan: PromotionPlan, now: Promoted, closed: GateClosed) -> None:
        """It stands in the history as well, and the alarm rests on a metric."""
        before = now.current.version if now.current else 0
        move = ModelMove(
            plan.promotion, "begun", plan.version, before, plan.by, self._now(), plan.why, plan.gate, plan.evaluations
        )
        try:
            self._events.publish(OVERRIDDEN, overridden_model(plan.title, self._gate.label, move, closed))
        except StoreUnavailable:
            return


def _percents(wanted: Sequence[int]) -> tuple[int, ...]:
    """Raises InvalidRequest unless they rise to 100."""
    percents = tuple(wanted)
    rising = all(before < after for before, after in itertools.pairwise(percents))
    if not percents or not rising or percents[0] < 1 or percents[-1] != 100:
        raise InvalidRequest("percents must rise from step to step and end with 100, as 10, 50, 100 do.")
    return percents
