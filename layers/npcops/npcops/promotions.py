"""Typed values of model versions and of who is answered by which: packages, the stage's parameter, shifts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from npcops.catalogue import GateOutcome

Approval = Literal["PendingManualApproval", "Approved", "Rejected"]
Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]


class ModelPackage(msgspec.Struct, frozen=True):
    """A model version in the title's group of the registry. `metadata` holds what the pipeline registered with it:
    `tuning`, `model`, `family`, `npcs`, `deployment`, `custom_model`, `evaluation`, losses and figures, as text.
    `changed_at` (ISO 8601; empty if it never was) tells decisions on one version apart.
    """

    arn: str
    title: str
    version: int
    approval: Approval
    created_at: str = ""
    why: str = ""
    metadata: dict[str, str] = {}
    changed_at: str = ""


class Served(msgspec.Struct, frozen=True):
    """A tuned model by which turns can be answered. `model` is `<base>@<ARN>`; `npcs` are those who speak by it, none
    for all of the title. `beside` are models of others, who were given theirs before.
    """

    model: str
    family: str
    version: int
    npcs: tuple[str, ...] = ()
    beside: tuple[Served, ...] = ()

    def speaks_for(self, npc: str) -> bool:
        """Whether this NPC speaks by it."""
        return not self.npcs or npc in self.npcs

    def of(self, npc: str) -> Served | None:
        """By which this NPC speaks, of this one and those beside it."""
        return next((one for one in self.all() if one.speaks_for(npc)), None)

    def all(self) -> tuple[Served, ...]:
        """This one and those beside it."""
        return (self, *self.beside)

    def without(self, version: int) -> Served | None:
        """What is left of this one and those beside it but for one version; None if nothing is."""
        left = [one for one in self.all() if one.version != version]
        return msgspec.structs.replace(left[0], beside=tuple(left[1:])) if left else None

    def over(self, before: Served | None) -> Served:
        """In the place of `before`, which goes on to speak for those who are not this one's."""
        taken, left = set(self.npcs), list[Served]()
        for one in before.all() if before and self.npcs else ():
            npcs = tuple(npc for npc in one.npcs if npc not in taken)
            if one.version != self.version and (npcs or not one.npcs):
                left.append(msgspec.structs.replace(one, npcs=npcs, beside=()))
            if not one.npcs:
                break
            taken |= set(one.npcs)
        return msgspec.structs.replace(self, beside=tuple(left))


class Shift(msgspec.Struct, frozen=True):
    """That `percent` of the players are answered by `to` already. `id` names the promotion, `since` is ISO 8601."""

    to: Served
    percent: Percent
    id: str
    since: str


class Promoted(msgspec.Struct, frozen=True):
    """The value of a title's parameter at a stage (`/npcops/{stage}/models/{title}`), as JSON.

    `current` is None before the first promotion, and after a rollback to the stage's own model; `previous` is what was
    current before (None: the stage's own model), `shift` what is being promoted. `revision` grows with every change;
    `done` is the id of the promotion or rollback that ended last, by which a repeated step knows its own work.
    """

    current: Served | None = None
    previous: Served | None = None
    shift: Shift | None = None
    revision: int = 0
    done: str = ""


class ModelMove(msgspec.Struct, frozen=True):
    """What happened to a title's players: `version` is what it is about, `before` what they had (0: the stage's own
    model). `id` is the promotion's, or the rollback's own; `at` is ISO 8601, UTC.

    `gate` tells by what a promotion was begun, and `evaluations` on which of them the canon gate rested.
    """

    id: str
    kind: Literal["begun", "promoted", "returned", "rolled-back"]
    version: int
    before: int
    by: str
    at: str
    why: str = ""
    gate: GateOutcome = "ungated"
    evaluations: tuple[str, ...] = ()


class Decided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/models/{version}/decision`."""

    approve: bool
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""


class PromotionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/models/{version}/promotion`.

    Traffic is shifted by `percents`, each watched for `minutes` before the next; the last one must be 100. None: the
    stage's own. `override` is the reason why it is promoted although the canon gate refuses.
    """

    percents: Annotated[tuple[Percent, ...], msgspec.Meta(min_length=1, max_length=10)] | None = None
    minutes: Annotated[float, msgspec.Meta(ge=0, le=1440)] | None = None
    override: Annotated[str, msgspec.Meta(min_length=10, max_length=500)] | None = None


class RollbackRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/models/rollback`, which may be `{}`.

    With `version`, nothing happens unless this is the version that is being promoted, or is promoted: a call that is
    sent again because its answer was lost does not go back twice.
    """

    version: Annotated[int, msgspec.Meta(ge=1)] | None = None
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""


class PromotionPlan(msgspec.Struct, frozen=True):
    """What the state machine promote_model carries from step to step.

    `revision` is that of what was decided when it began: it is overtaken if anything else was decided before its first
    step. Each of `percents` is looked at `looks` times, `seconds` apart.
    """

    title: str
    promotion: str
    version: int
    revision: int
    percents: tuple[int, ...]
    looks: int
    seconds: int
    by: str
    gate: GateOutcome = "ungated"
    evaluations: tuple[str, ...] = ()
    why: str = ""


class SideFigures(msgspec.Struct, frozen=True):
    """Sums over turns that one model answered (or was to answer) in a window. `failed` were not answered by it."""

    turns: int = 0
    failed: int = 0
    ms: int = 0
    slow: int = 0
    cost_usd: float = 0.0
    measured: int = 0
    groundedness: float = 0.0
    rated: int = 0
    score: int = 0
