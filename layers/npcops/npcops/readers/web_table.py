"""Reads the rows of an HTML table, with cells that span rows and columns put where they belong."""

from __future__ import annotations

from lxml import etree

from npcops.errors import TooLarge
from npcops.readers.limits import MAX_COLUMNS, MAX_DATA_NODES

_NOT_TEXT = frozenset(("script", "style", "template", "noscript"))
_PARTS = frozenset(("br", "p", "div", "li", "td", "th", "tr"))
_LONGEST_SPAN = 100
_OUTLINE = ("h1", "h2", "h3", "h4", "h5", "h6", "table")


def is_data_table(table: etree._Element) -> bool:
    """Whether `table` holds data; one with headings or tables inside it only arranges the page."""
    return table.get("role") != "presentation" and next(table.iterdescendants(*_OUTLINE), None) is None


def rows_of(table: etree._Element) -> tuple[list[list[str]], bool | None]:
    """The table's rows, and whether the first one names the columns (None: the page does not say).

    Raises TooLarge above MAX_DATA_NODES cells, those that a spanning cell covers included.
    """
    rows: list[list[str]] = []
    carried: dict[int, tuple[int, str]] = {}
    total = 0
    marks: list[tuple[bool, bool]] = []
    for row in table.iterdescendants("tr"):
        cells = list(row.iterchildren("td", "th"))
        if not cells:
            continue
        rows.append(_place(cells, carried))
        total += len(rows[-1])
        if total > MAX_DATA_NODES:
            raise TooLarge(f"A table of this page has more than {MAX_DATA_NODES:,} cells. Split it.")
        names = [cell.tag == "th" for cell in cells]
        marks.append((all(names) or row.getparent().tag == "thead", any(names)))
    if not marks:
        return rows, None
    header = True if marks[0][0] and len(rows) > 1 else False if any(some for _, some in marks) else None
    return rows, header


def _place(cells: list[etree._Element], carried: dict[int, tuple[int, str]]) -> list[str]:
    """One row's texts by column. `carried` holds, by column, the rows that a cell above still covers and its text."""
    row: list[str] = []

    def fill_carried() -> None:
        while len(row) in carried:
            column = len(row)
            left, text = carried.pop(column)
            row.append(text)
            if left > 1:
                carried[column] = (left - 1, text)

    for cell in cells:
        fill_carried()
        text = _cell_text(cell)
        for number in range(_span(cell, "colspan")):
            said = text if number == 0 else ""
            if (rows := _span(cell, "rowspan")) > 1:
                carried[len(row)] = (rows - 1, said)
            row.append(said)
        if len(row) > MAX_COLUMNS:
            break
    fill_carried()
    return row


def _span(cell: etree._Element, name: str) -> int:
    value = cell.get(name, "").strip()
    return min(max(int(value), 1), _LONGEST_SPAN) if value.isascii() and value.isdigit() and len(value) < 9 else 1


def _cell_text(cell: etree._Element) -> str:
    parts: list[str] = []
    steps = etree.iterwalk(cell, events=("start", "end"))
    for event, element in steps:
        if event == "end":
            if element is not cell:
                parts.append(element.tail or "")
        elif element.tag in _NOT_TEXT:
            steps.skip_subtree()
        else:
            parts.append(" " if element.tag in _PARTS else "")
            parts.append(element.text or "")
    return "".join(parts)
