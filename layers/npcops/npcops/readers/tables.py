"""Says the rows of a table as sentences, so that a row can be understood without its header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npcops.errors import TooLarge
from npcops.readers.limits import MAX_COLUMNS
from npcops.readers.outline import squeeze

_ENDS = tuple(".!?…。！？")


def sentence(pairs: Sequence[tuple[str, str]]) -> str:
    """`Column: value; Column: value.`; empty values are left out, a nameless column gives its value alone."""
    parts = [f"{name}: {value}" if name else value for name, value in pairs if value]
    if not parts:
        return ""
    said = "; ".join(parts)
    return said if said.endswith(_ENDS) else f"{said}."


def rows_as_sentences(rows: Sequence[Sequence[str]], header: bool | None) -> Iterator[str]:
    """One sentence per row that says anything.

    `header` tells whether the first row names the columns; None means that the format does not say, and then a
    first row of distinct, filled cells above other rows is taken for one. A table of two columns without a header
    is read as names and values. Raises TooLarge above MAX_COLUMNS columns.
    """
    grid = [[squeeze(cell) for cell in row] for row in rows]
    if any(len(row) > MAX_COLUMNS for row in grid):
        raise TooLarge(f"A table of this file has more than {MAX_COLUMNS:,} columns. Split it into several tables.")
    if not grid:
        return
    names = [name.rstrip(":;") for name in grid[0]]
    if header is None:
        header = len(grid) > 1 and all(names) and len(set(names)) == len(names) > 1
    if header and len(grid) > 1:
        for row in grid[1:]:
            columns = [*names, *[""] * (len(row) - len(names))]
            yield sentence(list(zip(columns, row, strict=False)))
    else:
        for row in grid:
            yield f"{row[0]}: {row[1]}" if len(row) == 2 and all(row) else sentence([("", cell) for cell in row])
