"""Reads Word documents: headings by style, paragraphs, lists and tables in document order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import docx
from docx.oxml.ns import qn

from npcops.errors import UnreadableDocument
from npcops.readers.archive import check_archive
from npcops.readers.content import Content
from npcops.readers.decoding import clean
from npcops.readers.limits import MAX_NESTING
from npcops.readers.outline import Outline
from npcops.readers.tables import rows_as_sentences

_OLD_WORD = bytes.fromhex("d0cf11e0a1b11ae1")
_SAVE_AS = "Open it in your word processor, save it as .docx and upload it again."
_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
# Deleted and moved-away text, field codes, and the second rendering of a drawing that old programs use.
_SKIPPED = frozenset(
    [qn(f"w:{name}") for name in ("del", "moveFrom", "instrText", "pPr", "sectPr", "tblPr", "trPr", "tcPr")]
    + ["{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"]
)
_LONGEST_SPAN = 100
_SIGNS = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def read(data: bytes, suffix: str) -> Content:
    """The content of a .docx file. Raises UnreadableDocument or TooLarge."""
    if data.startswith(_OLD_WORD):
        raise UnreadableDocument(f"This is an older Word file (.doc), or one locked by a password. {_SAVE_AS}")
    if not data.startswith(b"PK"):
        raise UnreadableDocument(f"This file is called .docx but is something else. {_SAVE_AS}")
    if "word/document.xml" not in check_archive(data):
        raise UnreadableDocument(f"This file is an archive without a Word document in it. {_SAVE_AS}")
    document = docx.Document(io.BytesIO(data))
    outline = Outline()
    styles = {style.style_id: style.name or "" for style in document.styles}
    for element in _blocks(document.element.body, 0):
        if element.tag == _TABLE:
            _add_table(outline, element)
        else:
            _add_paragraph(outline, element, styles)
    title = outline.only_title or clean(document.core_properties.title or "")
    return Content(
        outline.sections(),
        title,
    )


def _blocks(parent: Any, depth: int) -> Iterator[Any]:
    """Paragraphs and tables in order, also those inside content controls and tracked insertions."""
    if depth > MAX_NESTING:
        raise UnreadableDocument(f"This document nests its parts more than {MAX_NESTING} levels deep. Simplify it.")
    for child in parent:
        if child.tag in (_PARAGRAPH, _TABLE):
            yield child
        elif child.tag not in _SKIPPED:
            yield from _blocks(child, depth + 1)


def _add_paragraph(outline: Outline, element: Any, styles: dict[str, str]) -> None:
    properties = element.pPr
    style = properties.pStyle.val if properties is not None and properties.pStyle is not None else ""
    name = styles.get(style, style)
    text = _text(element)
    if name.lower().startswith("toc "):
        return
    if name == "Title":
        outline.heading(1, text)
    elif heading := _HEADING.fullmatch(name):
        outline.heading(int(heading[1]), text)
    elif name.startswith("List") or (properties is not None and properties.numPr is not None):
        outline.line(f"- {text}" if text.strip() else "")
    else:
        outline.paragraph(text)


def _add_table(outline: Outline, table: Any) -> None:
    rows: list[list[str]] = []
    for row in _children(table, _ROW, 0):
        cells: list[str] = []
        for cell in _children(row, _CELL, 0):
            if _continues_above(cell) and rows and len(cells) < len(rows[-1]):
                cells.append(rows[-1][len(cells)])
            else:
                cells.append(" ".join(_text(block) for block in cell.iter(_PARAGRAPH)))
            cells += [""] * (min(max(cell.grid_span, 1), _LONGEST_SPAN) - 1)
        if any(cell.strip() for cell in cells):
            rows.append(cells)
    outline.end_block()
    for said in rows_as_sentences(rows, header=None):
        outline.line(said)
    outline.end_block()


def _children(parent: Any, tag: str, depth: int) -> Iterator[Any]:
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag not in _SKIPPED and child.tag != _TABLE and depth < MAX_NESTING:
            yield from _children(child, tag, depth + 1)


def _continues_above(cell: Any) -> bool:
    return cell.vMerge is not None and cell.vMerge != "restart"


def _text(element: Any) -> str:
    """The visible text of a paragraph; python-docx's own leaves out tracked insertions and content controls."""
    parts: list[str] = []
    pending = [element]
    while pending:
        node = pending.pop()
        if node.tag == qn("w:t"):
            parts.append(node.text or "")
        elif node.tag in _SIGNS:
            parts.append(_SIGNS[node.tag])
        elif node.tag not in _SKIPPED and not _is_hidden_run(node):
            pending.extend(reversed([child for child in node if isinstance(child.tag, str)]))
    return clean("".join(parts))


def _is_hidden_run(node: Any) -> bool:
    return node.tag == qn("w:r") and node.rPr is not None and node.rPr.find(qn("w:vanish")) is not None
