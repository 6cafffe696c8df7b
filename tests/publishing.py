"""Puts entries into a catalogue and moves labels onto them, as a test's author."""

from __future__ import annotations

from typing import Any

import msgspec

from npcops.catalogue import GateOutcome, Move
from npcops.errors import NotFound
from npcops.ports import Catalog

LABEL = "production"
AT = "2026-11-20T10:00:00+00:00"


def publish(catalog: Catalog, title: str, kind: str, name: str, content: Any, label: str = LABEL) -> str:
    """Store a new version (a struct or plain values) and move the label onto it, from wherever it is."""
    version = catalog.put(title, kind, name, msgspec.to_builtins(content), "writer", "")
    move(catalog, title, kind, name, label, version, position(catalog, title, kind, name, label))
    return version


def move(
    catalog: Catalog,
    title: str,
    kind: str,
    name: str,
    label: str,
    version: str,
    before: str = "",
    gate: GateOutcome = "ungated",
) -> None:
    """Move a label that is at `before`."""
    catalog.label(title, kind, name, Move(label, version, before, "writer", AT, gate=gate))


def position(catalog: Catalog, title: str, kind: str, name: str, label: str = LABEL) -> str:
    """Where a label points; empty if it does not exist."""
    try:
        return next((found.version for found in catalog.versions(title, kind, name) if label in found.labels), "")
    except NotFound:
        return ""
