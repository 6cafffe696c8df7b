"""What a player reads of a line of a Yarn Spinner script.

There is no well-kept Python parser for Yarn. Only what a player can read is kept: commands, line tags, comments and
markup are dropped, and variables become words.
"""

from __future__ import annotations

import re

_COMMENT = re.compile(r"(?:^|(?<=\s))//.*")
_COMMAND = re.compile(r"<<(?:(?!<<).)*?>>")
_OPTION = re.compile(r"(?:->|=>)\s*")
_OLD_OPTION = re.compile(r"\[\[(?:([^\[\]|]*)\|)?[^\[\]]*\]\]")
_CHOOSING_MARKUP = re.compile(r"\[(?:select|plural|ordinal)\b([^\[\]]*)\]")
_MARKUP = re.compile(r"\[/?[A-Za-z_][^\[\]]*\]|\[/\]")
_QUOTED = re.compile(r'=\s*"([^"]*)"')
_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_VARIABLE = re.compile(r"\$(\w+)")
_ESCAPED = re.compile(r"\\([\[\]{}<>#/\\:])")
_HIDDEN = 0xF500
_REVEALED = re.compile(f"[{chr(_HIDDEN)}-{chr(_HIDDEN + 0x7F)}]")


def spoken(line: str) -> str:
    """What a player reads of one line, an option with `- ` before it; empty if nothing."""
    text = _ESCAPED.sub(lambda found: chr(_HIDDEN + ord(found[1])), line)
    text = _without_tags(_COMMAND.sub("", _COMMENT.sub("", text)))
    option, text = _OPTION.match(text), _OPTION.sub("", text, count=1) if _OPTION.match(text) else text
    text = _OLD_OPTION.sub(lambda found: found[1] or "", text)
    text = _EXPRESSION.sub(_variables, text)
    text = _CHOOSING_MARKUP.sub(lambda found: "/".join(_QUOTED.findall(found[1])), text)
    text = _REVEALED.sub(lambda found: chr(ord(found[0]) - _HIDDEN), _MARKUP.sub("", text)).strip()
    return f"- {text}" if option and text else text


def _without_tags(text: str) -> str:
    words = text.split()
    while words and words[-1].startswith("#"):
        words.pop()
    return " ".join(words)


def _variables(found: re.Match[str]) -> str:
    return " ".join(name.replace("_", " ") for name in _VARIABLE.findall(found[1]))
