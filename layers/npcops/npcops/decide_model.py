"""Use case: a person approves or rejects a model version; what follows comes of the registry's own event."""

from __future__ import annotations

import re

from npcops.errors import Conflict, InvalidRequest
from npcops.models_state import DecidedModel, roles
from npcops.promotions import Approval, Decided
from npcops.tuning_ports import DecidedPromotions, ModelRegistry

VERSION = re.compile("[1-9][0-9]{0,8}")


class DecideModel:
    """Decides on versions."""

    def __init__(self, registry: ModelRegistry, promotions: DecidedPromotions) -> None:
        self._registry, self._promotions = registry, promotions

    def __call__(self, title: str, version: int, by: str, decided: Decided) -> DecidedModel:
        """`by` is who decides. Raises NotFound, and Conflict where players are answered by what is to be rejected."""
        package = self._registry.package(title, version)
        used = roles(version, self._promotions.get(title), 0)
        if not decided.approve and ("current" in used or "shifting" in used):
            raise Conflict(f"Players are answered by version {version}. Roll back first, then reject it.")
        approval: Approval = "Approved" if decided.approve else "Rejected"
        why = f"{decided.why.strip()} ({by})".strip()
        self._registry.decide(package.arn, approval, why)
        return DecidedModel(version, approval, why)


def version_of(text: str) -> int:
    """The number of a version in a path. Raises InvalidRequest."""
    if not VERSION.fullmatch(text):
        raise InvalidRequest("A model's version is a number, such as 3.")
    return int(text)
