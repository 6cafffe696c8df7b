"""Use case: store a card, a prompt or a title as a new version, after checking that it can be used."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any

import msgspec

from npcops.action_checks import InvalidSchema, check_schema
from npcops.characters import GameTitle, NpcCard, PromptTemplate
from npcops.errors import InvalidRequest
from npcops.ports import Catalog
from npcops.templates import check

KINDS: dict[str, type[msgspec.Struct]] = {"npcs": NpcCard, "prompts": PromptTemplate, "titles": GameTitle}
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class NewVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `PUT /v1/catalog/{kind}/{name}`. With `label`, that label moves onto the new version.

    `latest` is no label: it always is the version stored last.
    """

    content: dict[str, Any]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    label: Annotated[str, msgspec.Meta(pattern=r"^(?!latest$)[a-z][a-z0-9-]{0,31}$")] | None = None


class Stored(msgspec.Struct, frozen=True):
    """The version's id and where the labels of the name point now."""

    name: str
    version: str
    labels: dict[str, str]


class PutEntry:
    """Checks content against its kind and stores it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self, title: str, kind: str, name: str, author: str, entry: NewVersion) -> Stored:
        """Raises InvalidRequest (not a valid card, prompt or title), InvalidTemplate or Conflict (label moved)."""
        typed = validate(kind, name, entry.content)
        if isinstance(typed, NpcCard) and (game := self._game(title)):
            _check_card(typed, game)
        version = self._catalog.put(title, kind, name, entry.content, author, entry.note)
        labels = self._labels(title, kind, name)
        if entry.label and labels.get(entry.label) != version:
            self._catalog.label(title, kind, name, entry.label, version, labels.get(entry.label))
            labels = labels | {entry.label: version}
        return Stored(name, version, labels)

    def _game(self, title: str) -> GameTitle | None:
        """The title's version stored last, which need not be live yet; None before there is one."""
        version = next((found["latest"] for found in self._catalog.names(title, "titles")), None)
        if version is None:
            return None
        content, _ = self._catalog.get(title, "titles", title, version)
        return msgspec.convert(content, GameTitle, strict=False)

    def _labels(self, title: str, kind: str, name: str) -> dict[str, str]:
        return next((found["labels"] for found in self._catalog.names(title, kind) if found["name"] == name), {})


def validate(kind: str, name: str, content: dict[str, Any]) -> msgspec.Struct:
    """The entry, typed; refuses what could not be used later. Raises InvalidRequest or InvalidTemplate."""
    shape = KINDS.get(kind)
    if shape is None:
        raise InvalidRequest(f"The catalogue has no {kind}; it has {', '.join(sorted(KINDS))}.")
    if not NAME.fullmatch(name):
        raise InvalidRequest("A name has lower-case letters, digits and hyphens, 63 at most.")
    try:
        typed = msgspec.convert(content, shape, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"This is no valid entry of {kind}: {error}") from None
    if isinstance(typed, PromptTemplate):
        check(typed)
    elif isinstance(typed, NpcCard | GameTitle) and typed.id != name:
        raise InvalidRequest(f"The id in the content ({typed.id}) differs from the name in the address ({name}).")
    if isinstance(typed, GameTitle):
        _check_actions(typed)
    return typed


def _check_actions(game: GameTitle) -> None:
    """Actions have names of their own, and arguments that can be checked."""
    seen: set[str] = set()
    for action in game.actions:
        if action.name in seen:
            raise InvalidRequest(f"There are two actions called {action.name}; every action needs a name of its own.")
        seen.add(action.name)
        try:
            check_schema(action.parameters)
        except InvalidSchema as error:
            raise InvalidRequest(f"The `parameters` of action {action.name} are no JSON Schema: {error}.") from None


def _check_card(card: NpcCard, game: GameTitle) -> None:
    """A character does and shows only what its game knows."""
    known = tuple(action.name for action in game.actions)
    _refuse_unknown("actions", card.actions, known)
    if game.emotions:
        _refuse_unknown("emotions", card.emotions, game.emotions)


def _refuse_unknown(what: str, named: Collection[str], known: Collection[str]) -> None:
    if unknown := [name for name in named if name not in known]:
        raise InvalidRequest(
            f"The card names {what} that the title does not have: {', '.join(unknown)}. "
            f"The title has {', '.join(known) or 'none'}; add what is missing to the title first."
        )
