"""Reads CSV and TSV: the first row names the columns, every other row becomes a sentence."""

from __future__ import annotations

from npcops.errors import UnreadableDocument
from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.delimited import delimiter_of, rows
from npcops.readers.front_matter import split_front_matter
from npcops.readers.outline import Outline
from npcops.readers.tables import rows_as_sentences


def read(data: bytes, suffix: str) -> Content:
    """The content of a table file. Raises UnreadableDocument or TooLarge."""
    metadata, text = split_front_matter(decode(data))
    delimiter = "\t" if suffix == ".tsv" else delimiter_of(text)
    filled = [row for _, row in rows(text, delimiter) if any(row)]
    if len(filled) == 1:
        raise UnreadableDocument("This table has only a first row, which names the columns. Add rows below it.")
    outline = Outline()
    for said in rows_as_sentences(filled, header=True):
        outline.line(said)
    return Content(outline.sections(), None, metadata)
