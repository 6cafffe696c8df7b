"""Use case: what follows a decision on a model version, wherever it was made.

An approval is checked before anything rests on it: the deployment is ready, its family is the one that it was tuned
for, and a real turn is answered. Otherwise it is taken back with the reason, and nothing is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

import msgspec

from npcops import model_events
from npcops.canary_turn import CanaryTurn
from npcops.errors import Conflict, InvalidRequest, InvalidTemplate, ModelFailed, ModelUnavailable, NotFound
from npcops.model_prices import chat_model
from npcops.models_state import npcs_of, roles
from npcops.ports import EventPublisher
from npcops.promotions import ModelPackage, Served
from npcops.tuning_ports import CustomModels, ModelRegistry, PromotedModels, ReleasePipeline, TuningStore

NEEDED = ("model", "family", "deployment")


class Followed(msgspec.Struct, frozen=True):
    """What was done. `why` is the reason of a refusal, for people; `used`: players are answered by it, or were last, so
    that nothing of it is freed or checked; `waits`: it is to be decided on, and no candidate.
    """

    outcome: Literal["candidate", "refused", "freed", "used", "waits", "nothing"]
    title: str = ""
    version: int = 0
    why: str = ""
    release: str = ""


class ApproveModel:
    """Follows decisions, as they are when it looks: events may come late, twice, or in another order."""

    def __init__(
        self,
        registry: ModelRegistry,
        tunings: TuningStore,
        models: CustomModels,
        promotions: PromotedModels,
        release: ReleasePipeline,
        canary: Callable[[], CanaryTurn],
        events: EventPublisher,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._registry, self._tunings, self._models, self._promotions = registry, tunings, models, promotions
        self._release, self._canary, self._events, self._now = release, canary, events, now

    def __call__(self, arn: str) -> Followed:
        """Raises StoreUnavailable, and Conflict where others promote; then it can be done again."""
        try:
            package = self._registry.by_arn(arn)
        except NotFound:
            # Of another stage, or deleted meanwhile.
            return Followed("nothing")
        if package.approval == "Rejected":
            return self._rejected(package)
        if package.approval != "Approved":
            return self._waits(package)
        if roles(package.version, self._promotions.get(package.title), 0):
            # An event that comes late must not take away what players have.
            return Followed("used", package.title, package.version)
        served = self._served(package)
        fault = self._fault(package, served)
        return self._refused(package, fault) if fault else self._accepted(package, served)

    def _served(self, package: ModelPackage) -> Served:
        """The run knows for whom it was tuned; a package's metadata holds only so many names."""
        npcs = npcs_of(package)
        with suppress(NotFound):
            npcs = self._tunings.find(package.title, package.metadata.get("tuning", "")).request.npcs
        return Served(package.metadata.get("model", ""), package.metadata.get("family", ""), package.version, npcs)

    def _fault(self, package: ModelPackage, served: Served) -> str:
        """Why the version cannot be a candidate, as a sentence; empty if it can."""
        told = package.metadata
        if missing := [name for name in NEEDED if not told.get(name)]:
            return f"It was registered without its {' and '.join(missing)}; tune it again."
        if served.model.rpartition("@")[2] != told["deployment"]:
            return "Its model is not called by its deployment; tune it again."
        deployment = self._models.deployment(told["deployment"])
        if deployment.readiness == "creating":
            return "Its deployment is still being created. Approve it again when it is ready."
        if deployment.readiness != "ready":
            reason = f" ({deployment.failure.rstrip('.')})" if deployment.failure else ""
            return f"Its deployment is {deployment.readiness}{reason}; tune it again."
        return self._fault_of_speech(package.title, served)

    def _fault_of_speech(self, title: str, served: Served) -> str:
        try:
            family = chat_model(served.model).entry.family
            if family != served.family:
                return f"It was tuned for models of family {served.family}, and is called as one of family {family}."
            self._canary()(title, served.npcs, served.model)
        except ModelUnavailable as error:
            return f"It did not answer a first turn: {error} Approve it again in a moment."
        except (InvalidRequest, InvalidTemplate, ModelFailed, NotFound) as error:
            return f"It cannot answer a first turn: {error}"
        return ""

    def _accepted(self, package: ModelPackage, served: Served) -> Followed:
        """Each step can be done again: whatever breaks off, the event comes once more, and it may come several times.

        The release pipeline is started once for each approval.
        """
        title, approval = package.title, _approval(package)
        self._promotions.put_candidate(title, served)
        if self._registry.by_arn(package.arn).approval != "Approved":
            # Somebody thought better of it during the check.
            return self(package.arn)
        release = self._release.start(title, package.version, approval)
        self._events.publish(model_events.APPROVED, model_events.approved(title, served, release, approval, self._at()))
        return Followed("candidate", title, package.version, release=release)

    def _refused(self, package: ModelPackage, why: str) -> Followed:
        self._promotions.drop_candidate(package.title, package.version)
        if self._registry.by_arn(package.arn).approval == "Approved":
            self._registry.decide(package.arn, "PendingManualApproval", why)
        detail = model_events.refused(package.title, package.version, why, _approval(package), self._at())
        self._events.publish(model_events.REFUSED, detail)
        return Followed("refused", package.title, package.version, why)

    def _waits(self, package: ModelPackage) -> Followed:
        """It is new, was refused, or its approval was withdrawn in the registry itself."""
        self._promotions.drop_candidate(package.title, package.version)
        if self._registry.by_arn(package.arn).approval == "Approved":
            # It was approved in between, and whoever followed that may have been faster.
            return self(package.arn)
        return Followed("waits", package.title, package.version)

    def _rejected(self, package: ModelPackage) -> Followed:
        """Its throughput costs; the custom model itself does not, and is kept."""
        title, version = package.title, package.version
        self._promotions.drop_candidate(title, version)
        known = self._promotions.get(title)
        used = roles(version, known, 0)
        if "current" in used or "shifting" in used:
            return Followed("used", title, version)
        if known.previous and "previous" in used:
            # No rollback leads to what somebody has rejected.
            forgotten = msgspec.structs.replace(known, previous=known.previous.without(version))
            self._promotions.put(title, forgotten)
        self._free(package)
        return Followed("freed", title, version)

    def _free(self, package: ModelPackage) -> None:
        """Throughput that is still being created is freed by rule, later."""
        deployment = package.metadata.get("deployment")
        if not deployment:
            return
        with suppress(Conflict):
            self._models.free(deployment)
            with suppress(NotFound):
                self._tunings.change(package.title, package.metadata.get("tuning", ""), deployment="")

    def _at(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _approval(package: ModelPackage) -> str:
    """What tells one decision from another, in letters and digits."""
    return hashlib.blake2b(f"{package.arn} {package.changed_at}".encode(), digest_size=16).hexdigest()
