"""Use case: store an entry of the catalogue as a new version, after checking that it can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from npcops.catalogue import MOST_BYTES, check_kind
from npcops.characters import ActionSet, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.entry_checks import check_alone, check_references
from npcops.errors import InvalidRequest, NotFound, TooLarge
from npcops.golden import GoldenSuite, Rubric
from npcops.labels import Label, LabelMove, MoveLabel, Reason, Stored
from npcops.policies import ModerationPolicy
from npcops.ports import Catalog
from npcops.snapshot_lore import check_lore
from npcops.studio_ports import SnapshotStore

SHAPES: dict[str, type[msgspec.Struct]] = {
    "npcs": NpcCard,
    "prompts": PromptTemplate,
    "titles": GameTitle,
    "examples": ExampleSet,
    "actions": ActionSet,
    "policies": ModerationPolicy,
    "suites": GoldenSuite,
    "rubrics": Rubric,
}
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MOST_TOLD = 5
MOST_LEVELS = 64
# Entries of this title are there for all others to copy.
LIBRARY = "library"


class NewVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `PUT /v1/catalog/{kind}/{name}`. With `label`, that label moves onto the new version.

    `latest` is no label: it always is the version stored last. `override` is as in LabelMove.
    """

    content: dict[str, Any]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    label: Label | None = None
    override: Reason | None = None


class Copy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"version": "from"}):
    """The body of `POST /v1/catalog/{kind}/{name}/copies`: the library's version or label, else as NewVersion."""

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "production"
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    label: Label | None = None
    override: Reason | None = None


class PutEntry:
    """Checks content against its kind and stores it."""

    def __init__(self, catalog: Catalog, move: MoveLabel, snapshots: SnapshotStore) -> None:
        self._catalog, self._move, self._snapshots = catalog, move, snapshots

    def __call__(self, title: str, kind: str, name: str, author: str, entry: NewVersion, origin: str = "") -> Stored:
        """Raises InvalidRequest (not a valid entry, or it names what is not there), InvalidTemplate or TooLarge.

        With a label also what MoveLabel raises; the version is stored by then.
        """
        typed = validate(kind, name, entry.content)
        if isinstance(typed, GameTitle) and name != title:
            raise InvalidRequest(f"A title's entry has the name of its title, which is {title}.")
        if isinstance(typed, GameTitle):
            check_lore(self._snapshots, title, typed.lore)
        check_references(self._catalog, title, name, typed)
        version = self._catalog.put(title, kind, name, entry.content, author, entry.note, origin)
        if entry.label is None:
            return Stored(name, version, self._catalog.labels(title, kind, name))
        return self._move(title, kind, name, entry.label, author, LabelMove(version, entry.note, entry.override))


class CopyEntry:
    """Takes an entry over from the library, under the same name and with the same version id."""

    def __init__(self, catalog: Catalog, put: PutEntry) -> None:
        self._catalog, self._put = catalog, put

    def __call__(self, title: str, kind: str, name: str, author: str, copy: Copy) -> Stored:
        """Raises NotFound if the library has no such version, and what PutEntry raises."""
        check_kind(kind)
        if title == LIBRARY:
            raise InvalidRequest("The library has nowhere to copy from.")
        if kind == "titles":
            raise InvalidRequest("A title's entry belongs to its title; copy its sets instead.")
        try:
            content, version = self._catalog.get(LIBRARY, kind, name, copy.version)
        except NotFound as error:
            raise NotFound(f"In the library: {error}") from None
        entry = NewVersion(content, copy.note, copy.label, copy.override)
        return self._put(title, kind, name, author, entry, f"{LIBRARY}/{version}")


def validate(kind: str, name: str, content: dict[str, Any]) -> msgspec.Struct:
    """The entry, typed; refuses what could not be used whatever else there is.

    Raises InvalidRequest, InvalidTemplate or TooLarge.
    """
    shape = SHAPES[check_kind(kind)]
    if not NAME.fullmatch(name):
        raise InvalidRequest("A name has lower-case letters, digits and hyphens, 63 at most.")
    if len(msgspec.json.encode(content)) > MOST_BYTES:
        raise TooLarge(f"An entry has at most {MOST_BYTES} bytes; split it into several.")
    try:
        typed = msgspec.convert(content, shape, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"This is no valid entry of {kind}: {error}") from None
    if unknown := list(_unknown(content, msgspec.to_builtins(typed))):
        raise InvalidRequest(f"An entry of {kind} has no field {', '.join(unknown[:MOST_TOLD])}.")
    field = "id" if isinstance(typed, NpcCard | GameTitle) else "name"
    inside = getattr(typed, field)
    if inside != name:
        raise InvalidRequest(f"The {field} in the content ({inside}) differs from the name in the address ({name}).")
    check_alone(typed)
    return typed


def _unknown(given: Any, understood: Any, path: str = "", depth: int = 0) -> Iterator[str]:
    """What is given and would mean nothing: a mistyped `suites` must not leave a character unguarded.

    Raises InvalidRequest for what is nested so deeply that whoever reads or compares it later would fail.
    """
    if depth > MOST_LEVELS:
        raise InvalidRequest(f"An entry is nested more than {MOST_LEVELS} levels deep.")
    if isinstance(given, dict):
        for name, value in given.items():
            where = f"{path}.{name}" if path else name
            if name in understood:
                yield from _unknown(value, understood[name], where, depth + 1)
            else:
                yield where
    elif isinstance(given, list):
        # A set may have fewer items; they are names, in which there is nothing to look for.
        for number, pair in enumerate(zip(given, understood, strict=False)):
            yield from _unknown(*pair, f"{path}[{number}]", depth + 1)
