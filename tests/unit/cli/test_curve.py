"""The curve of a terminal: where it begins and ends, its scale, and its marks."""

from __future__ import annotations

import pytest

from npc.curve import COLUMNS, MARK, ROWS, drawn

FALLING = [(step, 4.0 - step / 10) for step in range(31)]


def signs(lines: list[str]) -> list[str]:
    """The plot without its scale, each line as wide as the plot."""
    return [line.split("│", 1)[1].ljust(COLUMNS) for line in lines]


def test_a_falling_line_begins_at_the_top_and_ends_at_the_bottom() -> None:
    lines = drawn(FALLING)
    plot = signs(lines)
    assert len(lines) == ROWS
    assert (lines[0].split()[0], lines[-1].split()[0]) == ("4.00", "1.00")
    first, last = (min(row for row in range(ROWS) if plot[row][column] != " ") for column in (0, COLUMNS - 1))
    assert (first, last) == (0, ROWS - 1)


def test_a_line_has_no_gaps_however_few_its_points() -> None:
    plot = signs(drawn([(0, 3.0), (1, 1.0)]))
    assert all(any(row[column] != " " for row in plot) for column in range(COLUMNS))


def test_marks_stand_out_of_the_line() -> None:
    plot = signs(drawn(FALLING, [(0, 4.0), (30, 2.5)]))
    places = [(row, column) for row in range(ROWS) for column in range(COLUMNS) if plot[row][column] == MARK]
    assert places == [(0, 0), (ROWS // 2, COLUMNS - 1)]


@pytest.mark.parametrize("points", [[(1, 2.0)], [(1, 2.0), (2, 2.0)]])
def test_a_single_loss_and_one_that_never_changes_are_drawn(points: list[tuple[float, float]]) -> None:
    assert any(row.strip() for row in signs(drawn(points)))


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn([]) == []
