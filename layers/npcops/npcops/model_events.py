"""What is announced of models: ids, versions and reasons; by `id` a consumer knows what it has had already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from npcops.promotions import ModelMove, Served

APPROVED, REFUSED = "ModelApproved.v1", "ModelRefused.v1"
PROMOTED, RETURNED, ROLLED_BACK = "ModelPromoted.v1", "ModelReturned.v1", "ModelRolledBack.v1"


def approved(title: str, served: Served, release: str, approval: str, at: str) -> dict[str, Any]:
    """A version became the candidate; `approval` tells apart the approvals of one version."""
    detail = {"id": f"{title}-{served.version}-{approval}", "title": title, "version": served.version}
    return detail | {"model": served.model, "npcs": list(served.npcs), "release": release, "at": at}


def refused(title: str, version: int, why: str, approval: str, at: str) -> dict[str, Any]:
    """An approval was taken back, and why."""
    return {"id": f"{title}-{version}-{approval}", "title": title, "version": version, "why": why, "at": at}


def promoted(title: str, move: ModelMove) -> dict[str, Any]:
    """All players are answered by `version`; before, by `before` (0: the stage's own model)."""
    detail = {"id": f"{move.id}-promoted", "title": title, "promotion": move.id}
    return detail | {"version": move.version, "before": move.before, "by": move.by, "at": move.at}


def returned(title: str, move: ModelMove, percent: int, reasons: Sequence[str]) -> dict[str, Any]:
    """The promotion of `version`, which `percent` of the players had, was taken back."""
    detail = {"id": f"{move.id}-returned", "title": title, "promotion": move.id, "version": move.version}
    return detail | {"percent": percent, "reasons": list(reasons), "at": move.at}


def rolled_back(title: str, move: ModelMove) -> dict[str, Any]:
    """A person took players from `version` back to `to` (0: the stage's own model)."""
    detail = {"id": move.id, "title": title, "version": move.before, "to": move.version}
    return detail | {"by": move.by, "why": move.why, "at": move.at}
