"""Two voices for every command: JSON on standard output for machines, tables and lines for people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

people = Console(highlight=False)
progress_console = Console(stderr=True, highlight=False)


def show(as_json: bool, data: Any, for_people: Callable[[Console], None]) -> None:
    """Print `data` as JSON, or let `for_people` print it."""
    if as_json:
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    else:
        for_people(people)


def fail(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write("npc: " + " ".join(message.split()) + "\n")


def note(message: str) -> None:
    """One line for people on standard error, so that it never mixes with output."""
    progress_console.print(escape(message), soft_wrap=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A plain table whose cells are literal text."""
    result = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        result.add_column(column, overflow="fold")
    for row in rows:
        result.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    return result


class Reporter:
    """Progress of long work on standard error: a bar on a terminal, elsewhere a line now and then."""

    def __init__(self, every_seconds: float = 10.0) -> None:
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=progress_console,
            transient=True,
            disable=not progress_console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None)
        self._every, self._told_at = every_seconds, time.monotonic()

    def __enter__(self) -> Reporter:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """`done` of `total` steps of `what` are behind us."""
        self._bar.update(self._task, description=what, completed=done, total=total)
        if not progress_console.is_terminal and time.monotonic() - self._told_at > self._every:
            self._told_at = time.monotonic()
            note(f"  {what}: {done} of {total}")
