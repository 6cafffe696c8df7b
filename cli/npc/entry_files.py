"""Entries of the catalogue as files: what a folder holds, how a file is read, and how one is written.

`title.yaml` describes the game, the other kinds have a folder each. A file that is written and read again is the same
entry, and so the same version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from npc.errors import CliError

KINDS = ("rubrics", "policies", "examples", "actions", "suites", "titles", "prompts", "npcs")
"""In the order in which they are put: each kind names entries of those before it."""
TITLE = "title.yaml"
SUFFIXES = (".yaml", ".yml", ".json")
# YAML takes these for ends of lines, or loses them, unless they are escaped.
_BREAKS = set("\r\x85\u2028\u2029\ufeff")
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
# Of what YAML 1.1 takes for something else than text, only what JSON does: `no` is a language, 12:30 a time of day.
_PATTERNS = {
    f"{_TAG}bool": re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"),
    f"{_TAG}int": re.compile(r"[-+]?(0|[1-9][0-9]*)\Z"),
    f"{_TAG}float": re.compile(r"[-+]?[0-9]*\.[0-9]+([eE][-+][0-9]+)?\Z"),
}


class _Loader(yaml.SafeLoader):
    """YAML as JSON has it: days, times and `yes` are text, and a key is text and stands once."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its base has it
        first: [(tag, _PATTERNS.get(tag, pattern)) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        places = [place for place, _ in node.value if place.tag != _MERGE]
        keys: list[Any] = [self.construct_object(place, deep=True) for place in places]
        for key, place in zip(keys, places, strict=True):
            if not isinstance(key, str) or keys.count(key) > 1:
                fault = f"found key {key!r} twice" if isinstance(key, str) else f"found key {key!r}, which is no text"
                raise yaml.constructor.ConstructorError(None, None, fault, place.start_mark)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as they are."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS & set(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def read_entry(file: Path, kind: str = "") -> tuple[str, dict[str, Any]]:
    """Name and content of a YAML or JSON file; without a name in it, the file's is taken. Raises CliError."""
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
        json.dumps(content, allow_nan=False)
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise CliError(f"{file} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise CliError(f"{file} does not hold a mapping of fields")
    # The name of a character or a game is what players see; here it is called by its id.
    return str(content.get("id" if kind in ("npcs", "titles") else "name") or file.stem), content


def written(content: dict[str, Any]) -> str:
    """The entry as a file's text."""
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)


def place(kind: str, name: str) -> Path:
    """Where an entry stands in a folder."""
    return Path(TITLE) if kind == "titles" else Path(kind) / f"{name}.yaml"


def entries_of(folder: Path) -> Iterator[tuple[str, Path]]:
    """Kind and file of every entry of a folder, in the order of KINDS. Raises CliError if it holds none."""
    found = [(kind, file) for kind in KINDS for file in _files(folder, kind)]
    if not found:
        raise CliError(f"{folder} holds no entries: it has neither {TITLE} nor a folder {', '.join(KINDS)}")
    yield from found


def _files(folder: Path, kind: str) -> list[Path]:
    if kind == "titles":
        return [folder / TITLE] if (folder / TITLE).is_file() else []
    return sorted(
        file
        for file in (folder / kind).glob("*")
        if file.suffix in SUFFIXES and file.is_file() and not file.name.startswith(".")
    )
