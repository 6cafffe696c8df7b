"""Reads YAML as a writer means it: every scalar stays the text that was typed, and nothing can explode."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from npcops.errors import TooLarge, UnreadableDocument
from npcops.readers.limits import MAX_DATA_NODES, MAX_NESTING

_BASE: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PREFIX = "tag:yaml.org,2002:"
_KEPT_TAGS = (f"{_PREFIX}null", f"{_PREFIX}merge")


class _TextLoader(_BASE):  # type: ignore[misc] # the base is chosen when this is imported
    """safe_load without the guesses: `no` is not false, `1.10` is not 1.1, `2012-01-01` is not a date."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own way to configure a loader)
        first: [(tag, pattern) for tag, pattern in resolvers if tag in _KEPT_TAGS]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


for _tag in ("bool", "int", "float", "timestamp", "binary"):
    _TextLoader.add_constructor(_PREFIX + _tag, lambda loader, node: loader.construct_scalar(node))


class _Frame(msgspec.Struct):
    """A mapping or list being read: how many values it holds, how deep, and the keys of a mapping so far."""

    anchor: str | None
    keys: set[str] | None
    at_key: bool = True
    nodes: int = 1
    height: int = 0


def load_yaml(text: str, what: str, line_offset: int = 0) -> Any:
    """Parse one YAML document of mappings, lists, strings and None.

    `what` names the text in messages ("The front matter"), `line_offset` is added to the line numbers in them.
    Raises UnreadableDocument for broken YAML, unknown tags, keys that stand twice, several documents or more than
    MAX_NESTING levels, TooLarge for more than MAX_DATA_NODES values.
    """
    try:
        _check(text, what, line_offset)
        return yaml.load(text, Loader=_TextLoader)  # noqa: S506 (a safe loader)
    except yaml.MarkedYAMLError as error:
        place = ""
        mark = error.problem_mark or error.context_mark
        if mark is not None:
            place = f" at line {mark.line + 1 + line_offset}, column {mark.column + 1}"
        raise UnreadableDocument(f"{what} is not valid YAML{place}: {error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise UnreadableDocument(f"{what} is not valid YAML: it holds a character that YAML forbids.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise UnreadableDocument(f"{what} is not valid YAML.") from error


def _check(text: str, what: str, line_offset: int) -> None:
    """Walk the events, which cost no recursion and expand no alias, and refuse what would do harm later."""
    stack = [_Frame(None, None)]
    anchors: dict[str, tuple[int, int]] = {}
    documents = 0
    for event in yaml.parse(text, Loader=_BASE):
        line = (event.start_mark.line if event.start_mark else 0) + 1 + line_offset
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise UnreadableDocument(
                    f"{what} holds several YAML documents (a line --- at line {line}). Put each into its own file."
                )
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            keys: set[str] | None = set() if isinstance(event, yaml.MappingStartEvent) else None
            stack.append(_Frame(event.anchor, keys))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            frame = stack.pop()
            if frame.anchor:
                anchors[frame.anchor] = (frame.nodes, frame.height + 1)
            _add(stack[-1], frame.nodes, frame.height + 1)
        elif isinstance(event, yaml.ScalarEvent):
            _check_key(stack[-1], event.value, what, line)
            if event.anchor:
                anchors[event.anchor] = (1, 0)
            _add(stack[-1], 1, 0)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise UnreadableDocument(f"{what} uses *{event.anchor} at line {line} before it is complete.")
            _add(stack[-1], *anchors[event.anchor])
        if len(stack) - 1 + stack[-1].height > MAX_NESTING:
            raise UnreadableDocument(f"{what} nests more than {MAX_NESTING} levels deep at line {line}. Flatten it.")
        if stack[-1].nodes > MAX_DATA_NODES:
            raise TooLarge(f"{what} expands to more than {MAX_DATA_NODES:,} values. Split it.")


def _check_key(frame: _Frame, value: str, what: str, line: int) -> None:
    if frame.keys is not None and frame.at_key:
        if value in frame.keys and value != "<<":
            raise UnreadableDocument(f"{what} has the key `{value[:60]}` twice, again at line {line}. Keep one.")
        frame.keys.add(value)


def _add(frame: _Frame, nodes: int, height: int) -> None:
    frame.nodes += nodes
    frame.height = max(frame.height, height)
    frame.at_key = not frame.at_key
