"""The seeded changes of the sample world, and how each is made to an entry (see changes.yaml)."""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any

import msgspec
import yaml

FOLDER = Path(__file__).parent
WORLD = FOLDER.parents[1] / "world"
KINDS = ("rubrics", "suites", "examples", "actions", "prompts", "titles", "npcs")


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One edit of a field (`fallbacks.busy` is a field within a field); see changes.yaml."""

    field: str
    find: str = ""
    put: str = ""
    add: Any = None
    drop: str = ""
    set: Any = None
    times: int = 1


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A seeded change; see changes.yaml."""

    id: str
    told: str
    entry: str
    edits: tuple[Edit, ...] = ()
    lore: str = ""
    fails: tuple[str, ...] = ()
    reason: str = ""
    cannot: str = ""

    @property
    def harmless(self) -> bool:
        """Whether the gate has to let it through."""
        return not (self.fails or self.reason or self.cannot)

    def made_to(self, content: dict[str, Any]) -> dict[str, Any]:
        """The entry with the change; an edit that finds nothing to change is a fault of the file."""
        changed = copy.deepcopy(content)
        for edit in self.edits:
            *path, last = edit.field.split(".")
            place = functools.reduce(lambda inside, name: inside.setdefault(name, {}), path, changed)
            place[last] = _edited(place.get(last), edit)
        assert changed != content or self.lore, f"{self.id} changes nothing"
        return changed


def load(name: str) -> tuple[Change, ...]:
    """The changes of a file of this folder."""
    return msgspec.convert(yaml.safe_load((FOLDER / name).read_text("utf-8")), tuple[Change, ...])


@functools.cache
def world() -> dict[tuple[str, str], dict[str, Any]]:
    """The sample world's entries by kind and name, as a studio would import them, in an order in which it can."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for kind in KINDS:
        paths = [WORLD / "title.yaml"] if kind == "titles" else sorted((WORLD / kind).glob("*.yaml"))
        for path in paths:
            content = yaml.safe_load(path.read_text("utf-8"))
            found[kind, str(content.get("id") or content["name"])] = content
    return found


def _edited(value: Any, edit: Edit) -> Any:
    if edit.set is not None:
        return edit.set
    if edit.find:
        assert edit.find in value, f"{edit.field} holds no {edit.find!r}"
        return value.replace(edit.find, edit.put)
    if edit.drop:
        left = [item for item in value if edit.drop not in str(item)]
        assert len(left) < len(value), f"{edit.field} holds no {edit.drop!r}"
        return left
    return (
        (value or "") + edit.add * edit.times
        if isinstance(edit.add, str) and not isinstance(value, list)
        else [
            *(value or []),
            *[edit.add] * edit.times,
        ]
    )
