"""Turns what stands in Ink's braces (variables, alternatives, conditions) into readable text."""

from __future__ import annotations

import re

from npcops.errors import UnreadableDocument
from npcops.readers.limits import MAX_NESTING

_VARIABLE = re.compile(r"\s*([A-Za-z_]\w*)\s*")
_SEQUENCE_HEAD = re.compile(r"\s*(?:stopping|cycle|shuffle|once)(?:\s+(?:once|stopping))?\s*:")
_BRANCH = re.compile(r"^[ \t]*-(?!>)[ \t]*", re.MULTILINE)
_BRANCH_CONDITION = re.compile(r"^[ \t]*-(?!>)[^:\n]*:[ \t]*", re.MULTILINE)
_CONDITION = re.compile(r"[^|:\n]*:(?!:)")
# Signs of finished inner text, so that the braces around it do not read them as their own.
_SHIELDS = str.maketrans({"|": "\uf600", ":": "\uf601", "-": "\uf602"})
_UNSHIELDS = str.maketrans({"\uf600": "|", "\uf601": ":", "\uf602": "-"})


def render(text: str) -> str:
    """`text` with every pair of braces resolved; a brace without its partner stays. Linear in the text's length.

    Raises UnreadableDocument for braces more than MAX_NESTING levels deep.
    """
    stack: list[list[str]] = [[]]
    for part in re.split(r"([{}])", text):
        if part == "{":
            stack.append([])
            if len(stack) > MAX_NESTING:
                raise UnreadableDocument(
                    f"Braces are nested more than {MAX_NESTING} levels deep, or many {{ are never closed."
                )
        elif part == "}" and len(stack) > 1:
            inner = "".join(stack.pop())
            stack[-1].append(_resolved(inner).translate(_SHIELDS))
        else:
            stack[-1].append(part)
    return "{".join("".join(parts) for parts in stack).translate(_UNSHIELDS)


def _resolved(inner: str) -> str:
    if "\n" in inner:
        return _resolved_block(inner)
    if variable := _VARIABLE.fullmatch(inner):
        return variable[1].replace("_", " ")
    body = inner.lstrip("&!~ ")
    condition = _CONDITION.match(body)
    if not condition and "|" not in body:
        return ""  # a calculation or the call of a function
    body = body[condition.end() :] if condition else body
    said = " / ".join(said for part in body.split("|") if (said := part.strip()))
    before, after = body[: 1 if body[:1].isspace() else 0], body[-1:] if body[-1:].isspace() else ""
    return f"{before}{said}{after}"


def _resolved_block(inner: str) -> str:
    head, _, rest = inner.partition("\n")
    if sequence := _SEQUENCE_HEAD.match(inner):
        return _BRANCH.sub("", f"{inner[sequence.end() :]}")
    if head.strip() and (condition := _CONDITION.match(head)):
        rest = f"{head[condition.end() :]}\n{rest}"
    elif head.strip():
        rest = inner
    return _BRANCH.sub("", _BRANCH_CONDITION.sub("", rest))
