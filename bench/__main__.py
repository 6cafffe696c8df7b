"""`make bench`: every benchmark in one run, as JSON in `.npcops/bench.json` and as a table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
# Each in a process of its own: imports and caches of one must not flatter the next.
BENCHMARKS = (
    "cold_start",
    "turn",
    "stream",
    "reuse",
    "uniqueness",
    "conversations",
    "hydration",
    "quality",
    "claims",
    "search",
    "sizes",
)


def measured(name: str) -> Any:
    """The JSON of one benchmark, or why there is none."""
    command = [sys.executable, "-m", f"bench.{name}", *(["--json"] if name == "search" else [])]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            output, errors = process.communicate()
        except KeyboardInterrupt:
            process.wait()  # It was interrupted as well, and has servers of its own to end.
            raise
    if process.returncode:
        return {"not_measured": (errors or output).strip().splitlines()[-1:]}
    return json.loads(output)


def rows(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested figures as flat rows."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from rows(inner, f"{name} {key}".strip())
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from rows(inner, f"{name} {number}")
    else:
        yield name.replace("_", " "), str(value)


def main() -> None:
    """Run, write, show."""
    console, results = Console(), {}
    for name in BENCHMARKS:
        console.print(f"measuring {name} …", style="dim")
        results[name] = measured(name)
    target = ROOT / ".npcops" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")
    for name, value in results.items():
        table = Table("figure", "value", title=name.replace("_", " "), title_justify="left")
        for row in rows(value):
            table.add_row(*row)
        console.print(table)
    console.print(f"Written to {target.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
