"""Two voices for every command: JSON on standard output for machines, tables and lines for people."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

# Nothing that is printed is a name of an emoji: `:key:` in a writer's text is `:key:`.
people = Console(highlight=False, emoji=False)
progress_console = Console(stderr=True, highlight=False, emoji=False)
# Ids of versions, snapshots and evaluations are hexadecimal, and are printed to be copied.
_ID = re.compile(r"\S*[0-9a-f]{16}")
_ID_CELL = 40
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


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
    """A plain table whose cells are literal text, which says nothing to the terminal.

    A column of ids keeps them whole; others get narrower.
    """
    result = Table(box=None, pad_edge=False, header_style="bold")
    cells = [["" if cell is None else printable(str(cell)) for cell in row] for row in rows]
    for number, column in enumerate(columns):
        result.add_column(column, overflow="fold", no_wrap=_of_ids([row[number] for row in cells]))
    for row in cells:
        result.add_row(*map(escape, row))
    return result


def printable(text: str) -> str:
    """Players write anything, also what a terminal obeys: but for line breaks and tabs, that is shown as `\\x1b`."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _of_ids(cells: Sequence[str]) -> bool:
    return all(not cell or (_ID.match(cell) and len(cell) <= _ID_CELL) for cell in cells)


class Reporter:
    """Progress of long work on standard error: a bar on a terminal, elsewhere a line now and then if it says more."""

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
        self._every, self._told_at, self._last = every_seconds, time.monotonic(), ""

    def __enter__(self) -> Reporter:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """`done` of `total` steps of `what` are behind us; None: nobody knows how many there will be."""
        self._bar.update(self._task, description=escape(what), completed=done, total=total)
        line = f"  {what}: {done} of {total}" if total is not None else f"  {what}"
        if not progress_console.is_terminal and line != self._last and time.monotonic() - self._told_at > self._every:
            self._tell(line)

    def begin(self, what: str) -> None:
        """Something else begins: a line that stays, on a terminal as well."""
        self._tell(f"  {what}")

    def _tell(self, line: str) -> None:
        self._told_at, self._last = time.monotonic(), line
        note(line)
