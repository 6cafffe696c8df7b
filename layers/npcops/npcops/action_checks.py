"""Checks what a model wants the game to do against what the title's designers allow."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from npcops.characters import ActionSpec, GameTitle, NpcCard
from npcops.dialogue import Action
from npcops.lore import Viewer

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

Reason = Literal["action-unknown", "action-arguments", "action-not-now"]
"""Why an action is not taken: see dialogue.Speech."""

ARGUMENT_BYTES = 4000
# The regular expressions of schemas take linear time, and this much memory at most.
_PATTERN_BYTES = 1_000_000
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCES = ("$ref", "$dynamicRef")


class InvalidSchema(ValueError):
    """An action's `parameters` are no JSON Schema of an object; the message tells its writer why."""


class Actions:
    """What a character may have the game do for a player who stands as `viewer` says."""

    def __init__(self, card: NpcCard, game: GameTitle, viewer: Viewer) -> None:
        self._registered = {action.name: action for action in game.actions if action.name in card.actions}
        self._viewer = viewer

    def check(self, entry: Any) -> Action | Reason:
        """The action in an entry of a reply (`{name, arguments}`), or why it is not taken."""
        if not isinstance(entry, dict) or not isinstance(name := entry.get("name"), str):
            return "action-unknown"
        if (spec := self._registered.get(name)) is None:
            return "action-unknown"
        if not spec.allowed(self._viewer):
            return "action-not-now"
        arguments = _plain(entry.get("arguments", {}))
        if arguments is None or not _fits(arguments, spec):
            return "action-arguments"
        return Action(name, arguments)


def check_schema(parameters: dict[str, Any]) -> None:
    """Raises InvalidSchema for what is no JSON Schema (draft 2020-12) of an object, complete in itself."""
    if str(parameters.get("$schema", _DIALECT)).rstrip("#") != _DIALECT:
        raise InvalidSchema(f"`$schema` must be {_DIALECT}")
    for reference in _references(parameters):
        if not reference.startswith("#"):
            raise InvalidSchema(f"`{reference}` lies outside the schema; only references within it (#...) are followed")
    if parameters.get("type", "object") != "object":
        raise InvalidSchema("`type` must be object, for arguments have names")
    try:
        _validator(msgspec.json.encode(parameters))
    except ValueError as error:
        raise InvalidSchema(str(error).partition("\n")[0]) from None


def _references(value: Any) -> Iterator[str]:
    """Every reference in a schema."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            yield from (found for key in _REFERENCES if isinstance(found := inner.get(key), str))
            waiting.extend(inner.values())
        elif isinstance(inner, list):
            waiting.extend(inner)


def _plain(arguments: Any) -> dict[str, Any] | None:
    """The arguments as the game will get them; None where that would be something else than the model said."""
    if not isinstance(arguments, dict):
        return None
    try:
        encoded = msgspec.json.encode(arguments)
        sent: dict[str, Any] = msgspec.json.decode(encoded)
        return sent if len(encoded) <= ARGUMENT_BYTES and sent == arguments else None
    except (ValueError, TypeError, RecursionError):
        return None


def _fits(arguments: dict[str, Any], spec: ActionSpec) -> bool:
    """A schema that cannot be read fits nothing: what cannot be checked is not passed on."""
    if not spec.parameters:
        return True
    try:
        return _validator(msgspec.json.encode(spec.parameters)).is_valid(arguments)
    except ValueError:
        return False


@functools.lru_cache(maxsize=256)
def _validator(schema: bytes) -> Draft202012Validator:
    """Raises ValueError. Imported here because most turns have no action: the library is large."""
    from jsonschema_rs import Draft202012Validator, RegexOptions

    options = RegexOptions(size_limit=_PATTERN_BYTES, dfa_size_limit=_PATTERN_BYTES)
    return Draft202012Validator(msgspec.json.decode(schema), offline=True, pattern_options=options)
