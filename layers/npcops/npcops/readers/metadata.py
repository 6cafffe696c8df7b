"""The keys that a writer may set above a document or in its sidecar: title, gate, canon, language, tags.

A gate that cannot be read is an error, never an open gate: lore would reach players who may not know it.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from npcops.errors import UnreadableDocument
from npcops.lore import OPEN, Gate
from npcops.readers.outline import squeeze

GATE_KEYS = ("requires", "forbids", "known_by")
KEYS = ("id", "title", *GATE_KEYS, "canon", "language", "tags")
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")
_BARE_GATE = re.compile(r"[ \t]*(requires|forbids|known[_-]by)[ \t]*:")


class Metadata(msgspec.Struct, frozen=True):
    """What was said about a document; None (or an empty tuple) where nothing was."""

    id: str | None = None
    title: str | None = None
    gate: Gate = OPEN
    canon: bool | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()

    def under(self, sidecar: Metadata) -> Metadata:
        """This metadata with a sidecar's put over it. Gates add up: both must admit a viewer."""
        return Metadata(
            id=sidecar.id or self.id,
            title=sidecar.title or self.title,
            gate=Gate.all_of((self.gate, sidecar.gate)),
            canon=self.canon if sidecar.canon is None else sidecar.canon,
            language=sidecar.language or self.language,
            tags=sidecar.tags or self.tags,
        )


NOTHING = Metadata()


def normal_key(key: object) -> str:
    """How a key is compared: `Known by`, `known-by` and `known_by` are one."""
    return re.sub(r"[\s_-]+", "_", str(key).strip().lower())


def misspelt_gate(name: str) -> str | None:
    """The gate key that a normal key was probably meant to be, though it is none."""
    close = difflib.get_close_matches(name[:40], GATE_KEYS, n=1, cutoff=0.8)
    return close[0] if close and name not in KEYS else None


def read_metadata(values: Mapping[Any, Any], what: str) -> Metadata:
    """Check and convert. Unknown keys are ignored unless they look like a misspelt gate.

    `what` names the place in messages ("The front matter"). Raises UnreadableDocument that names the key.
    """
    known: dict[str, Any] = {}
    for key, value in values.items():
        name = normal_key(key)
        if name in known:
            raise UnreadableDocument(f"{what} has `{name}` twice. Keep one.")
        if name in KEYS:
            known[name] = value
        elif meant := misspelt_gate(name):
            raise UnreadableDocument(f"{what} has the key `{key}`. Did you mean `{meant}`? Correct it or rename it.")
    return Metadata(
        id=_text(known, "id", what),
        title=_text(known, "title", what),
        gate=Gate(
            requires=_names(known, "requires", what) or frozenset(),
            forbids=_names(known, "forbids", what) or frozenset(),
            known_by=_names(known, "known_by", what),
        ),
        canon=_truth(known, "canon", what),
        language=_text(known, "language", what),
        tags=_tags(known, what),
    )


def refuse_bare_gate(lines: list[str], advice: str) -> None:
    """Raise UnreadableDocument if one of `lines` sets a gate where gates are not read."""
    for line in lines:
        if found := _BARE_GATE.match(line):
            raise UnreadableDocument(f"A line begins with `{found[1]}:`, which has no effect there. {advice}")


def _text(values: Mapping[str, Any], key: str, what: str) -> str | None:
    value = values.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnreadableDocument(f"{what}: `{key}` must be a text, like `{key}: something`.")
    return squeeze(unicodedata.normalize("NFC", value)) or None


def _truth(values: Mapping[str, Any], key: str, what: str) -> bool | None:
    if key not in values:
        return None
    value = values[key]
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in (*_YES, *_NO):
        return value.strip().lower() in _YES
    raise UnreadableDocument(f"{what}: `{key}` must be true or false.")


def _names(values: Mapping[str, Any], key: str, what: str) -> frozenset[str] | None:
    if key not in values:
        return None
    value = values[key]
    if value is None:
        nobody = "for nobody" if key == "known_by" else "for none"
        raise UnreadableDocument(f"{what}: `{key}` is empty. Write `[]` {nobody}, or leave the line out.")
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise UnreadableDocument(f"{what}: `{key}` must be a name or a list of names, like `{key}: [one, two]`.")
    if any("," in name for name in names):
        raise UnreadableDocument(f"{what}: a name in `{key}` holds a comma. Write a list, like `{key}: [one, two]`.")
    return frozenset(squeeze(unicodedata.normalize("NFC", name)) for name in names)


def _tags(values: Mapping[str, Any], what: str) -> tuple[str, ...]:
    value = values.get("tags")
    if value is None:
        return ()
    tags = [value] if isinstance(value, str) else value
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise UnreadableDocument(f"{what}: `tags` must be a text or a list of texts, like `tags: [place, history]`.")
    return tuple(dict.fromkeys(squeeze(tag) for tag in tags if tag.strip()))
