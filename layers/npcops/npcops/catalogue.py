"""Typed values of the catalogue's history: its versions, and how labels came to point at them."""

from __future__ import annotations

from typing import Literal

import msgspec

from npcops.errors import InvalidRequest

KINDS = ("npcs", "prompts", "titles", "examples", "actions", "policies", "suites", "rubrics")
"""The kinds of entries; their types are in npcops.catalog_entries."""
GateOutcome = Literal["ungated", "passed", "overridden", "rollback"]
"""By what a label was moved: there was nothing to ask, evaluations passed, a person decided, or it went back."""
# Of content, as JSON. An item of the table holds 400 kB, keys and notes included.
MOST_BYTES = 380_000


class Move(msgspec.Struct, frozen=True):
    """A label's move from one version (empty: it is new) to another: who, when (ISO 8601, UTC), why.

    `evaluations` are the ids of those that the canon gate rested on.
    """

    label: str
    version: str
    before: str
    by: str
    at: str
    why: str = ""
    gate: GateOutcome = "ungated"
    evaluations: tuple[str, ...] = ()


class VersionInfo(msgspec.Struct, frozen=True):
    """A version without its content. `origin` names the title it was copied from (`title/version`), if it was."""

    version: str
    author: str
    note: str
    created_at: str
    labels: tuple[str, ...] = ()
    origin: str = ""


def check_kind(kind: str) -> str:
    """The kind, if it is one. Raises InvalidRequest."""
    if kind not in KINDS:
        raise InvalidRequest(f"The catalogue has no {kind}; it has {', '.join(KINDS)}.")
    return kind
