"""What differs between two versions of an entry, field by field, and in long texts line by line."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from npcops.plans import Change
from npcops.ports import Catalog

# What is longer is read more easily as a list of lines that went and came.
LONG = 100
# A paragraph on one line is compared sentence by sentence.
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
# By one of these the items of a list are known wherever they stand: cases, actions, categories.
_NAMES = ("id", "name", "term")


class Difference(msgspec.Struct, frozen=True):
    """A field that differs, by its path (`memory.ttl_days`, `cases[salt-tax].messages`); None is no value at all.

    `diff` is a unified diff where a value is long: lines that begin with `-` went, those with `+` came.
    """

    field: str
    before: Any
    after: Any
    diff: str = ""


class EntryDiff(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """The differences between two versions, of which the ids are given."""

    kind: str
    name: str
    before: str
    after: str
    differences: tuple[Difference, ...]


class DiffEntry:
    """Compares two versions of a name."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __call__(self, title: str, kind: str, name: str, before: str, after: str) -> EntryDiff:
        """`before` and `after` are ids, labels or `latest`. Raises NotFound."""
        old, old_version = self._catalog.get(title, kind, name, before)
        new, new_version = self._catalog.get(title, kind, name, after)
        return EntryDiff(kind, name, old_version, new_version, tuple(differences(old, new)))


def changes(before: Mapping[str, Any], after: Mapping[str, Any], entry: str) -> tuple[Change, ...]:
    """The differences of two contents as an evaluation tells them; `entry` is `kind/name`."""
    return tuple(Change(entry, one.field, _text(one.before), _text(one.after)) for one in differences(before, after))


def differences(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[Difference]:
    """Those of two contents, in the order of the first one's fields; then what only the second one has."""
    for name in dict.fromkeys((*before, *after)):
        yield from _compared(before.get(name), after.get(name), f"{path}.{name}" if path else name)


def _compared(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from differences(before, after, path)
        return
    if isinstance(before, Sequence) and isinstance(after, Sequence):
        old, new = _named(before), _named(after)
        if old is not None and new is not None:
            yield from _compared_by_name(old, new, path)
            return
    yield Difference(path, before, after, _unified(before, after))


def _compared_by_name(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Difference]:
    for name in dict.fromkeys((*old, *new)):
        yield from _compared(old.get(name), new.get(name), f"{path}[{name}]")
    stayed = [name for name in old if name in new]
    if stayed != [name for name in new if name in old]:
        yield Difference(f"{path} (order)", list(old), list(new), _unified(list(old), list(new)))


def _named(items: Sequence[Any]) -> dict[str, Any] | None:
    """The items of a list by their names; None where they have none, or not one each."""
    if isinstance(items, str) or not all(isinstance(item, Mapping) for item in items):
        return None
    for key in _NAMES:
        named = {str(item[key]): item for item in items if key in item}
        if len(named) == len(items):
            return named
    return None


def _unified(before: Any, after: Any) -> str:
    old, new = _text(before), _text(after)
    if max(len(old), len(new)) <= LONG and "\n" not in old + new:
        return ""
    return "\n".join(difflib.unified_diff(_lines(old), _lines(new), "before", "after", lineterm="", n=2))


def _lines(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in (_SENTENCE_END.split(line) if len(line) > LONG else [line])]


def _text(value: Any) -> str:
    """A value as its writer would read it; the items of a list are lines."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return "\n".join(_text(item) for item in value)
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, Mapping) and len(value) > 1 else None)
