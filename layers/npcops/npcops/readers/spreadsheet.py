"""Reads CSV and TSV: the first row names the columns, every other row becomes a sentence."""

from __future__ import annotations

import csv
import io

from npcops.errors import UnreadableDocument
from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.front_matter import split_front_matter
from npcops.readers.limits import MAX_CSV_CELL
from npcops.readers.outline import Outline
from npcops.readers.tables import rows_as_sentences

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 30
_SAMPLE_CHARS = 20_000


def read(data: bytes, suffix: str) -> Content:
    """The content of a table file. Raises UnreadableDocument or TooLarge."""
    metadata, text = split_front_matter(decode(data))
    rows = [row for row in _rows(text, "\t" if suffix == ".tsv" else _delimiter(text)) if any(row)]
    if len(rows) == 1:
        raise UnreadableDocument("This table has only a first row, which names the columns. Add rows below it.")
    outline = Outline()
    for said in rows_as_sentences(rows, header=True):
        outline.line(said)
    return Content(outline.sections(), None, metadata)


def _rows(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(MAX_CSV_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    rows = []
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])  # noqa: PERF401 (the line number of a failure is needed)
    except csv.Error:
        raise UnreadableDocument(
            f"A cell near line {reader.line_num} is longer than {MAX_CSV_CELL:,} characters. Is a quote not closed?"
        ) from None
    return rows


def _delimiter(text: str) -> str:
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
