"""Reads PDF files that hold text: bookmarks become headings, broken lines become paragraphs again."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pypdf
from pypdf.errors import PyPdfError

from npcops.errors import TooLarge, UnreadableDocument
from npcops.readers.content import Content
from npcops.readers.decoding import clean
from npcops.readers.limits import (
    MAX_PDF_OPERATORS,
    MAX_PDF_PAGES,
    MAX_PDF_STREAM_BYTES,
    MAX_PDF_STREAM_TOKENS,
    MAX_TEXT_CHARS,
)
from npcops.readers.outline import Outline, squeeze
from npcops.readers.page_text import paragraphs, without_running_heads

_LIMITS = pypdf.Configuration(
    maximum_declared_stream_length=MAX_PDF_STREAM_BYTES * 4,  # pictures are never unpacked
    array_based_stream_maximum_output_length=MAX_PDF_STREAM_BYTES,
    zlib_maximum_output_length=MAX_PDF_STREAM_BYTES,
    lzw_maximum_output_length=MAX_PDF_STREAM_BYTES,
    run_length_maximum_output_length=MAX_PDF_STREAM_BYTES,
    brotli_maximum_output_length=MAX_PDF_STREAM_BYTES,
    stream_decoding_work_maximum_length=MAX_PDF_STREAM_BYTES * 4,
    stream_parsing_work_maximum_count=MAX_PDF_STREAM_TOKENS,
    outline_maximum_entries=5_000,
    page_tree_maximum_entries=10_000,
    page_tree_maximum_page_entries=100_000,
    xform_maximum_invocations_per_extraction=500,
    jbig2dec_binary=None,
)
logging.getLogger("pypdf").setLevel(logging.ERROR)  # it quotes the bytes of damaged files in its warnings

_ENCRYPTED = "This PDF is locked by a password. Export it without one and upload it again."
_PICTURES = (
    "This PDF holds only pictures of pages. Export it with text, or run text recognition on it, and upload it again."
)
_DAMAGED = "This PDF is damaged. Export it again from the program that made it, and upload it again."


def read(data: bytes, suffix: str) -> Content:
    """The content of a PDF file. Raises UnreadableDocument or TooLarge."""
    if b"%PDF-" not in data[:1024]:
        raise UnreadableDocument(
            "This file is called .pdf but is something else. Export it as PDF and upload it again."
        )
    with pypdf.apply_configuration(_LIMITS):
        try:
            return _read(data)
        except (UnreadableDocument, TooLarge):
            raise
        except PyPdfError as error:
            raise UnreadableDocument(_DAMAGED) from error


def _read(data: bytes) -> Content:
    reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not _opens_without_password(reader):
        raise UnreadableDocument(_ENCRYPTED)
    if len(reader.pages) > MAX_PDF_PAGES:
        raise TooLarge(f"This PDF has {len(reader.pages):,} pages; {MAX_PDF_PAGES} are allowed. Split it.")
    pages = list(_page_texts(reader))
    if not any(page.strip() for page in pages):
        raise UnreadableDocument(_PICTURES)
    bookmarks = dict(_bookmarks(reader))
    outline = Outline()
    for paragraph in paragraphs(without_running_heads(pages), headings=bookmarks.keys()):
        level = bookmarks.get(squeeze(paragraph).casefold())
        if level:
            outline.heading(level, paragraph)
        else:
            outline.paragraph(paragraph)
    sections = outline.sections()
    return Content(sections, _property_title(reader) or outline.only_title)


def _opens_without_password(reader: pypdf.PdfReader) -> bool:
    try:
        return bool(reader.decrypt(""))
    except Exception as error:  # a cipher that is not known, or keys that are damaged
        raise UnreadableDocument(_ENCRYPTED) from error


def _page_texts(reader: pypdf.PdfReader) -> Iterator[str]:
    operators = chars = 0

    def count(*_: Any) -> None:
        nonlocal operators
        operators += 1
        if operators > MAX_PDF_OPERATORS:
            raise TooLarge("This PDF draws more than a text needs. Export it without graphics, or split it.")

    for page in reader.pages:
        text = clean(page.extract_text(visitor_operand_before=count))
        chars += len(text)
        if chars > MAX_TEXT_CHARS:
            raise TooLarge(f"This PDF holds more than {MAX_TEXT_CHARS:,} characters of text. Split it.")
        yield text


def _property_title(reader: pypdf.PdfReader) -> str | None:
    title = reader.metadata.title if reader.metadata else None
    return clean(title) if isinstance(title, str) and title.strip() else None


def _bookmarks(reader: pypdf.PdfReader) -> Iterator[tuple[str, int]]:
    """(folded title, heading level) of every bookmark; children of a bookmark follow it as a list."""
    try:
        pending: list[tuple[Any, int]] = [(reader.outline, 1)]
    except Exception:  # noqa: BLE001 (broken bookmarks of whatever kind are no reason to refuse the text)
        return
    while pending:
        node, level = pending.pop()
        if isinstance(node, list):
            pending.extend((child, level + 1) for child in node)
        elif isinstance(node.title, str):
            yield squeeze(clean(node.title)).casefold(), level
