"""Finds JSON objects in what a model wrote: between words, in a code fence, inside strings, or cut off."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

# More than any reply holds; what lies beyond is not looked at.
LONGEST = 20_000
DEEPEST = 4
_OPENINGS = 20
_CUTS = 40
_NESTED = 64
_PARTIAL_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")
_FENCE = re.compile(r"```(?:json)?", re.I)
_DECODER = json.JSONDecoder()


def objects_in(value: Any, skip: Collection[str] = (), depth: int = 0) -> Iterator[dict[str, Any]]:
    """Every JSON object in `value`, outer ones before those inside them, texts that hold JSON included.

    What stands below a key in `skip` is not looked at.
    """
    inside: list[Any] = []
    if isinstance(value, dict):
        yield value
        inside = [inner for key, inner in value.items() if key not in skip]
    elif isinstance(value, list):
        inside = value
    elif isinstance(value, str) and "{" in value:
        inside, _ = split_text(value)
    if depth < DEEPEST:
        for inner in inside[:_OPENINGS]:
            yield from objects_in(inner, skip, depth + 1)


def split_text(text: str) -> tuple[list[dict[str, Any]], str]:
    """The JSON objects of a text, and the words around them. An object that breaks off takes the rest with it."""
    text = _FENCE.sub(" ", text[:LONGEST])
    found: list[dict[str, Any]] = []
    words: list[str] = []
    at = 0
    for _ in range(_OPENINGS):
        opening = text.find("{", at)
        if opening < 0:
            break
        words.append(text[at:opening])
        value, end = _decoded(text, opening)
        if value is not None:
            found.append(value)
            at = end
        elif looks_like_object(text[opening:]):
            if (repaired := _repaired(text[opening:])) is not None:
                found.append(repaired)
            at = len(text)
        else:
            words.append("{")
            at = opening + 1
    return found, "".join((*words, text[at:])).strip()


def looks_like_object(text: str) -> bool:
    """Whether a text begins as a JSON object does: a brace, then a quoted name or nothing."""
    return re.match(r"\s*\{\s*(?:[\"'}{]|$)", text) is not None


def _decoded(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start
    return value, end


def _repaired(text: str) -> dict[str, Any] | None:
    """The object that was begun, closed behind its last whole value or inside the string that was cut."""
    cuts, closers = _possible_ends(text)
    for end, closing in [(len(text), closers), *reversed(cuts[-_CUTS:])]:
        value, _ = _decoded(_PARTIAL_ESCAPE.sub("", text[:end]).rstrip(" \n\t,") + closing, 0)
        if value:
            return value
    return None


def _possible_ends(text: str) -> tuple[list[tuple[int, str]], str]:
    """Where a value ends at a comma, each with what would close all that is open there; and the same at the end."""
    stack: list[str] = []
    cuts: list[tuple[int, str]] = []
    in_string = escaped = False
    for position, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
            if len(stack) > _NESTED:
                break
        elif character in "}]" and stack:
            stack.pop()
        elif character == ",":
            cuts.append((position, "".join(reversed(stack))))
    return cuts, ('"' if in_string else "") + "".join(reversed(stack))
