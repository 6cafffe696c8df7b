"""Reads rows of delimited text (CSV, TSV), and tells which delimiter it has."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from npcops.errors import UnreadableDocument
from npcops.readers.limits import MAX_CSV_CELL

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 30
_SAMPLE_CHARS = 20_000


def rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows, cells stripped, each with the number of the line on which it ends. Raises UnreadableDocument."""
    csv.field_size_limit(MAX_CSV_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error:
        raise UnreadableDocument(
            f"A cell near line {reader.line_num} is longer than {MAX_CSV_CELL:,} characters. Is a quote not closed?"
        ) from None


def delimiter_of(text: str) -> str:
    """The delimiter that gives the most columns in the most rows as wide as the first.

    csv.Sniffer guesses from letter frequencies and finds delimiters inside words when there is only one column.
    """
    sample = text[:_SAMPLE_CHARS]
    best, best_score = ",", 0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)][:_SAMPLE_ROWS]
        widths = [width for width in widths if width]
        score = sum(width == widths[0] for width in widths) * (widths[0] - 1) if widths else 0
        if score > best_score:
            best, best_score = delimiter, score
    return best
