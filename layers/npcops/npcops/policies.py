"""Typed values of a publisher's moderation policy: what is not allowed, how grave it is, and what follows."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Severity = Annotated[int, msgspec.Meta(ge=1, le=5)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


class PolicyCategory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of conduct. `violations` and `allowed` are example lines, `severity` (5 is gravest) what it counts for."""

    name: Name
    description: str
    severity: Severity
    violations: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()


class PolicyTerm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word of a language's slang: what it means here, and the category it may belong to (None: harmless)."""

    term: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    language: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}$")]
    meaning: str = ""
    category: Name | None = None


class Sanction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rung of the ladder: applied from `points` on, which are the severities of a player's last `days` days."""

    points: Annotated[int, msgspec.Meta(ge=1)]
    action: Literal["warn", "mute", "suspend", "ban"]
    hours: Annotated[int, msgspec.Meta(ge=0)] = 0
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 90
    by_a_person: bool = False


class ModerationPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A publisher's guidelines as data (`world/policies/*.yaml`)."""

    name: str
    categories: Annotated[tuple[PolicyCategory, ...], msgspec.Meta(min_length=1)]
    languages: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    terms: tuple[PolicyTerm, ...] = ()
    sanctions: tuple[Sanction, ...] = ()
    description: str = ""
