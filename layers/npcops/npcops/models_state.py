"""Use case: the versions of a title's model, how each of them stands, and who is answered by which."""

from __future__ import annotations

from typing import Literal

import msgspec

from npcops.catalogue import GateOutcome
from npcops.errors import StoreUnavailable
from npcops.promotions import Approval, ModelMove, ModelPackage, Promoted, Served
from npcops.shift_sides import ShiftSides, Sides
from npcops.tuning_ports import CustomModels, DecidedPromotions, ModelRegistry
from npcops.tunings import Readiness

Role = Literal["current", "previous", "shifting", "candidate"]
MOST_MOVES = 20
# What of a package's metadata has a field of its own here.
SHOWN = ("model", "family", "npcs", "deployment", "tuning", "evaluation", "title")


class ListedModel(msgspec.Struct, frozen=True):
    """A model version. `model` is what turns call (`<base>@<ARN>`), `npcs` are those tuned for (none: everybody).

    `readiness` is that of its deployment; `unknown` where Bedrock does not tell at this moment. `roles` says for what
    it is used, `percent` by how many of the players it is heard. `figures` is what else the pipeline registered with
    it: losses, pass rates, whether it was better, as text.
    """

    version: int
    approval: Approval
    why: str
    created_at: str
    model: str
    family: str
    npcs: tuple[str, ...]
    deployment: str
    readiness: Readiness | Literal["unknown"]
    tuning: str
    evaluation: str
    roles: tuple[Role, ...] = ()
    percent: int = 0
    figures: dict[str, str] = {}


class ModelList(msgspec.Struct, frozen=True):
    """All versions, newest first; who is answered by which; what happened last, newest first; and while a model is
    being promoted, what both sides did.
    """

    models: tuple[ListedModel, ...]
    promoted: Promoted
    moves: tuple[ModelMove, ...] = ()
    sides: Sides | None = None


class DecidedModel(msgspec.Struct, frozen=True):
    """What was decided of a version. An approved one is checked next: it becomes a candidate, or goes back to
    `PendingManualApproval` with the reason in `why`.
    """

    version: int
    approval: Approval
    why: str


class PromotionStarted(msgspec.Struct, frozen=True):
    """A promotion under way: `promotion` is its id; each of `percents` is watched for `minutes` before the next."""

    promotion: str
    version: int
    percents: tuple[int, ...]
    minutes: float
    gate: GateOutcome
    evaluations: tuple[str, ...] = ()


class RolledBack(msgspec.Struct, frozen=True):
    """Players are answered by version `to` again (0: the stage's own model), and by `version` no more."""

    version: int
    to: int
    promoted: Promoted


class ListModels:
    """Lists the models of a title."""

    def __init__(
        self, registry: ModelRegistry, promotions: DecidedPromotions, models: CustomModels, sides: ShiftSides
    ) -> None:
        self._registry, self._promotions, self._models, self._sides = registry, promotions, models, sides

    def __call__(self, title: str) -> ModelList:
        """Raises StoreUnavailable."""
        promoted = self._promotions.get(title)
        candidate = self._promotions.candidate(title)
        listed = [
            self._listed(package, promoted, candidate.version if candidate else 0)
            for package in self._registry.packages(title)
        ]
        moves = tuple(self._promotions.moves(title, MOST_MOVES))
        return ModelList(tuple(listed), promoted, moves, self._sides(title, promoted))

    def _listed(self, package: ModelPackage, promoted: Promoted, candidate: int) -> ListedModel:
        told = package.metadata
        return ListedModel(
            version=package.version,
            approval=package.approval,
            why=package.why,
            created_at=package.created_at,
            model=told.get("model", ""),
            family=told.get("family", ""),
            npcs=npcs_of(package),
            deployment=told.get("deployment", ""),
            readiness=self._readiness(told.get("deployment", "")),
            tuning=told.get("tuning", ""),
            evaluation=told.get("evaluation", ""),
            roles=roles(package.version, promoted, candidate),
            percent=_percent(package.version, promoted),
            figures={name: value for name, value in told.items() if name not in SHOWN},
        )

    def _readiness(self, deployment: str) -> Readiness | Literal["unknown"]:
        if not deployment:
            return "gone"
        try:
            return self._models.deployment(deployment).readiness
        except StoreUnavailable:
            return "unknown"


def npcs_of(package: ModelPackage) -> tuple[str, ...]:
    """Those a version was tuned for, as far as the registry has room for them (tuning_requests.registered_npcs)."""
    return tuple(npc for npc in package.metadata.get("npcs", "").split() if not npc.startswith("@"))


def roles(version: int, promoted: Promoted, candidate: int) -> tuple[Role, ...]:
    """What a version is used for; one that speaks for some NPCs beside a newer one is current as that one is."""
    served: dict[Role, tuple[int, ...]] = {
        "current": _versions(promoted.current),
        "previous": _versions(promoted.previous),
        "shifting": (promoted.shift.to.version,) if promoted.shift else (),
        "candidate": (candidate,),
    }
    return tuple(role for role, versions in served.items() if version in versions)


def _versions(served: Served | None) -> tuple[int, ...]:
    return tuple(one.version for one in served.all()) if served else ()


def _percent(version: int, promoted: Promoted) -> int:
    shift = promoted.shift
    stays = 100 - shift.percent if shift and version not in _versions(shift.to) else 100
    if shift and shift.to.version == version:
        return shift.percent
    return stays if version in _versions(promoted.current) else 0
