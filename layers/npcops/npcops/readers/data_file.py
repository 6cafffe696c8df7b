"""Reads JSON and YAML: nested mappings become headings, lists of mappings one sentence each.

At the top level `title`, `canon` and the gate keys are read as in front matter, and so are `id`, `language` and `tags`
where they have the shape they have there; every other key is lore.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from npcops.errors import TooLarge, UnreadableDocument
from npcops.readers.content import Content
from npcops.readers.decoding import clean, decode
from npcops.readers.limits import MAX_DATA_NODES, MAX_NESTING
from npcops.readers.metadata import GATE_KEYS, NOTHING, Metadata, misspelt_gate, normal_key, read_metadata
from npcops.readers.outline import Outline, squeeze
from npcops.readers.tables import sentence
from npcops.readers.yaml_text import load_yaml

_ALWAYS_METADATA = ("title", "canon", *GATE_KEYS)
_DEEPEST_HEADING = 6
_LONG_VALUE = 200


def read(data: bytes, suffix: str) -> Content:
    """The content of a data file. Raises UnreadableDocument or TooLarge."""
    text = decode(data)
    value = _load_json(text) if suffix == ".json" else load_yaml(text, "This file")
    metadata = NOTHING
    if isinstance(value, dict):
        metadata, value = _split_metadata(value)
    outline = Outline()
    _add(outline, value, level=2)
    return Content(outline.sections(), None, metadata)


def _split_metadata(values: dict[str, Any]) -> tuple[Metadata, dict[str, Any]]:
    own = {key: value for key, value in values.items() if _is_metadata(normal_key(key), value)}
    rest = {key: value for key, value in values.items() if key not in own}
    return read_metadata(own, "The top level of this file"), rest


def _is_metadata(key: str, value: Any) -> bool:
    if key in _ALWAYS_METADATA or misspelt_gate(key):
        return True
    if key in ("id", "language"):
        return isinstance(value, str)
    return key == "tags" and isinstance(value, list) and all(isinstance(tag, str) for tag in value)


def _load_json(text: str) -> Any:
    try:
        # Numbers stay as they were written: nobody computes with lore, and 1.10 is not 1.1.
        value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_unique_keys)
    except json.JSONDecodeError as error:
        raise UnreadableDocument(
            f"This is not valid JSON at line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except RecursionError:
        raise _too_deep() from None
    _check_size(value)
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise UnreadableDocument(f"An object of this file has the key `{twice[:60]}` twice. Keep one.")
    return values


def _check_size(value: Any) -> None:
    level, nodes, depth = [value], 1, 0
    while level:
        level = [child for node in level for child in _children(node)]
        nodes, depth = nodes + len(level), depth + 1
        if depth > MAX_NESTING + 1:
            raise _too_deep()
        if nodes > MAX_DATA_NODES:
            raise TooLarge(f"This file holds more than {MAX_DATA_NODES:,} values. Split it.")


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _too_deep() -> UnreadableDocument:
    return UnreadableDocument(f"This file nests more than {MAX_NESTING} levels deep. Flatten it.")


def _add(outline: Outline, value: Any, level: int) -> None:
    """Put a value below the present heading; headings of its own parts have `level`."""
    if isinstance(value, dict):
        _add_mapping(outline, value, level)
    elif isinstance(value, list):
        for item in value:
            outline.line(_row(item) if isinstance(item, dict) else f"- {said}" if (said := _said(item)) else "")
        outline.end_block()
    else:
        outline.paragraph(_said(value))


def _add_mapping(outline: Outline, values: Mapping[Any, Any], level: int) -> None:
    # What a mapping says itself comes first: below a nested heading it would belong to that.
    nested = {}
    for key, value in values.items():
        if level <= _DEEPEST_HEADING and _is_structure(value):
            nested[key] = value
        elif said := _said(value):
            if len(said) >= _LONG_VALUE:
                outline.end_block()
            outline.line(f"{_label(key)}: {said}")
            if len(said) >= _LONG_VALUE:
                outline.end_block()
    outline.end_block()
    for key, value in nested.items():
        outline.heading(level, _label(key))
        _add(outline, value, level + 1)


def _is_structure(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, dict | list) for item in value) or len(_said(value)) >= _LONG_VALUE
    return isinstance(value, dict) and bool(value)


def _row(values: Mapping[Any, Any]) -> str:
    return sentence([(_label(key), _said(value)) for key, value in values.items()])


def _said(value: Any) -> str:
    """A value in one line: lists with commas, mappings in brackets."""
    if isinstance(value, dict):
        parts = [f"{_label(key)}: {said}" for key, item in value.items() if (said := _said(item))]
        return f"({'; '.join(parts)})" if parts else ""
    if isinstance(value, list):
        return ", ".join(said for item in value if (said := _said(item)))
    if value is None:
        return ""
    # Escapes such as \u0000 only become characters when the file is parsed.
    return squeeze(clean(str(value).lower() if isinstance(value, bool) else str(value)))


def _label(key: Any) -> str:
    return squeeze(clean(str(key)).replace("_", " "))
