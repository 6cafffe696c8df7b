"""A curve in a terminal, of dots that are four to a character high and two wide."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]
ROWS, COLUMNS = 8, 56
# The bits of a braille pattern by column and row of its dots, from the top.
_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800
MARK = "o"


def drawn(line: Points, marks: Points = (), columns: int = COLUMNS, rows: int = ROWS) -> list[str]:
    """Lines of text with a scale at their left: `line` as a line, `marks` as single signs. Nothing without points."""
    known = [*line, *marks]
    if not known:
        return []
    across, up = [x for x, _ in known], [y for _, y in known]
    wide, high = max(across) - min(across) or 1.0, max(up) - min(up) or 1.0

    def place(x: float, y: float) -> tuple[int, int]:
        return (
            round((x - min(across)) / wide * (2 * columns - 1)),
            round((max(up) - y) / high * (4 * rows - 1)),
        )

    cells = [[_BLANK] * columns for _ in range(rows)]
    for x, y in _joined([place(*point) for point in sorted(line)]):
        cells[y // 4][x // 2] |= _BITS[x % 2][y % 4]
    signs = [[" " if cell == _BLANK else chr(cell) for cell in row] for row in cells]
    for x, y in (place(*point) for point in marks):
        signs[y // 4][x // 2] = MARK
    scale = {0: f"{max(up):.2f}", rows - 1: f"{min(up):.2f}"}
    width = max(map(len, scale.values()))
    return [f"{scale.get(number, ''):>{width}} │{''.join(row)}".rstrip() for number, row in enumerate(signs)]


def _joined(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The dots of a line through points, from left to right."""
    found = list(points[:1])
    for (left, first), (right, last) in pairwise(points):
        steps = max(right - left, abs(last - first), 1)
        found += [
            (left + round((right - left) * step / steps), first + round((last - first) * step / steps))
            for step in range(1, steps + 1)
        ]
    return found
