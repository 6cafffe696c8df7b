"""`python scripts/lint_machines.py FILE...`: checks state machines, with statelint and for what it does not know.

statelint holds a machine to the language's specification, to which AWS has added fields of its own.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

from jsonata import JException, Jsonata
from statelint.config import Config
from statelint.linter import Linter

READERS = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
# The numbers that AWS lets JSONata tell, by type of state.
ADDITIONS = {"Map": "MaxConcurrency", "Wait": "Seconds"}


def problems(machine: dict[str, Any]) -> list[str]:
    """Everything wrong with a definition."""
    plain, found = copy.deepcopy(machine), list[str]()
    for name, state in plain.get("States", {}).items():
        if isinstance(state, dict) and state.get("Type") in ADDITIONS:
            found += [f"{name}: {problem}" for problem in _without_additions(state)]
    try:
        return found + list(Linter.validate(plain, Config(evaluate_jsonata=True)))
    except JException as error:
        # Of an expression that cannot be read, statelint does not say where it is.
        return [*found, f"an expression is no JSONata: {error}"]


def _without_additions(state: dict[str, Any]) -> list[str]:
    """What is wrong with fields as AWS has added them to the language; they are replaced by what statelint knows."""
    found, field = [], ADDITIONS[state["Type"]]
    told = state.get(field)
    if isinstance(told, str):
        state[field] = 1
        try:
            Jsonata(told.removeprefix("{%").removesuffix("%}").strip())
        except JException as error:
            found.append(f"{field} is no JSONata: {error}")
        if not (told.startswith("{%") and told.endswith("%}")):
            found.append(f"{field} is neither a number nor JSONata")
    reader = state.get("ItemReader")
    if isinstance(reader, dict):
        kind = (reader.get("ReaderConfig") or {}).pop("InputType", None)
        if str(reader.get("Resource", "")).endswith("s3:getObject") and kind not in READERS:
            found.append(f"InputType is {kind}, which is not one of {', '.join(READERS)}")
    return found


def main() -> int:
    """0 if all files are in order."""
    found = [f"{name}: {told}" for name in sys.argv[1:] for told in problems(json.loads(Path(name).read_text()))]
    print("\n".join(found) or f"{len(sys.argv) - 1} state machines are in order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
