"""PDF and Word: text in order, and plain words about files that have none."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
import pypdf
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from fpdf import FPDF

from npcops.errors import TooLarge, UnreadableDocument
from npcops.lore import Document
from npcops.readers import read_document


def pdf(*pages: str, title: str | None = None, bookmarks: bool = False) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=12)
    if title:
        document.set_title(title)
    for page in pages:
        document.add_page()
        for part in page.split("\n\n"):
            if bookmarks and len(part) < 20:
                document.start_section(part)
            document.multi_cell(0, 6, part, new_x="LMARGIN", new_y="NEXT")
    return bytes(document.output())


def word(document: Any) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def read(name: str, data: bytes) -> Document:
    return read_document(name, data, None)


LONG = "The wardens count the bells in the night and write them down in a book with a green back. " * 4


def test_pdf_paragraphs_title_and_bookmarks() -> None:
    document = read(
        "almanac.pdf",
        pdf(f"Tides\n\n{LONG}\n\n{LONG}\n\nBells\n\nNine strokes for a king tide.", title="Almanac", bookmarks=True),
    )
    assert document.title == "Almanac"
    assert [section.headings for section in document.sections] == [("Tides",), ("Bells",)]
    assert document.sections[0].text == f"{LONG.strip()}\n\n{LONG.strip()}"
    assert document.sections[1].text == "Nine strokes for a king tide."


def test_pdf_running_heads_are_dropped_and_pages_joined() -> None:
    body = "the wardens of tower {} count the bells in the night and write them down in a book and"
    pages = [f"Almanac for 212\n\n{body.format(number)}\n\n{number}" for number in range(1, 6)]
    document = read("almanac.pdf", pdf(*pages))
    text = document.sections[0].text
    assert text == " ".join(body.format(number) for number in range(1, 6))
    assert document.title == "Almanac"


def test_pdf_words_divided_at_line_ends_are_joined() -> None:
    text = "The lighthouse of the town was first lit in the year sixty-one by the old ward-\nens of the sea wall."
    assert "old wardens of" in read("a.pdf", pdf(text)).sections[0].text


def test_pdf_without_text_says_what_to_do() -> None:
    with pytest.raises(UnreadableDocument, match="run text recognition"):
        read("scan.pdf", pdf(" "))


def test_pdf_with_a_password_says_what_to_do() -> None:
    for password, opens in (("secret", False), ("", True)):
        writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf("Words.")))
        writer.encrypt(password, owner_password="owner", algorithm="AES-256")
        buffer = io.BytesIO()
        writer.write(buffer)
        if opens:
            assert read("a.pdf", buffer.getvalue()).sections[0].text == "Words."
        else:
            with pytest.raises(UnreadableDocument, match="password"):
                read("a.pdf", buffer.getvalue())


@pytest.mark.parametrize("data", [b"hello", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_pdf_that_is_something_else(data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="something else"):
        read("a.pdf", data)


def test_pdf_that_is_cut_off() -> None:
    with pytest.raises(UnreadableDocument):
        read("a.pdf", pdf("Words.")[:300])


def test_pdf_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    from npcops.readers import pdf as reader

    monkeypatch.setattr(reader, "MAX_PDF_PAGES", 2)
    with pytest.raises(TooLarge, match="3 pages"):
        read("a.pdf", pdf("One.", "Two.", "Three."))
    monkeypatch.setattr(reader, "MAX_PDF_OPERATORS", 3)
    with pytest.raises(TooLarge, match="draws"):
        read("a.pdf", pdf("One."))
    monkeypatch.undo()
    monkeypatch.setattr(reader, "MAX_TEXT_CHARS", 3)
    with pytest.raises(TooLarge, match="characters"):
        read("a.pdf", pdf("Four."))


def sample_word() -> Any:
    document = docx.Document()
    document.core_properties.title = "Property"
    document.add_paragraph("Intro with\ttab.")
    document.add_heading("Muster", 1)
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Number")
    table = document.add_table(3, 3)
    for row, texts in zip(
        table.rows, (("Rank", "Name", "Left"), ("Cook", "Mags", "203"), ("Cook", "Hew", "")), strict=True
    ):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_heading("End", 2)
    document.add_paragraph("Last words.")
    return document


def test_word_headings_lists_and_tables_in_order() -> None:
    document = read("muster.docx", word(sample_word()))
    assert document.title == "Muster"
    assert [(section.headings, section.text) for section in document.sections] == [
        ((), "Intro with tab."),
        ((), "- first\n- second\n\nRank: Cook; Name: Mags; Left: 203.\nRank: Cook; Name: Hew."),
        (("End",), "Last words."),
    ]


def test_word_title_style_and_property() -> None:
    document = docx.Document()
    document.core_properties.title = "The property"
    document.add_paragraph("Text.")
    assert read("a.docx", word(document)).title == "The property"
    document.add_heading("The title", 0)
    assert read("a.docx", word(document)).title == "The title"


def test_word_merged_cells_are_repeated_down_and_empty_across() -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for row, texts in zip(table.rows, (("A", "B", "C"), ("x", "1", "2"), ("", "3", "4")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(1, 1).merge(table.cell(1, 2))
    assert read("a.docx", word(document)).sections[0].text == "A: x; B: 1 2.\nA: x; B: 3; C: 4."


def test_word_tracked_changes_controls_and_hidden_text() -> None:
    document = docx.Document()
    body = document.element.body
    parts = (
        "<w:p {0}><w:r><w:t>Kept</w:t></w:r><w:ins><w:r><w:t> added</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText> deleted</w:delText></w:r></w:del><w:moveFrom><w:r><w:t> moved</w:t></w:r></w:moveFrom>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t> hidden</w:t></w:r><w:r><w:br/><w:t>line</w:t></w:r></w:p>",
        "<w:sdt {0}><w:sdtContent><w:p><w:r><w:t>Inside a control</w:t></w:r></w:p></w:sdtContent></w:sdt>",
    )
    for part in reversed(parts):
        body.insert(0, parse_xml(part.format(nsdecls("w"))))
    assert read("a.docx", word(document)).sections[0].text == "Kept added\nline\n\nInside a control"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{\\rtf1 hello}", "something else"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "older Word file"),
        (b"PK\x03\x04broken", "damaged"),
    ],
)
def test_word_that_is_something_else(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        read("a.docx", data)


def test_word_entities_are_not_expanded() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word(sample_word()))) as source, zipfile.ZipFile(buffer, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/document.xml":
                dtd = b'<!DOCTYPE x [<!ENTITY e "secret"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
                content = content.replace(b"<w:document", dtd + b"<w:document", 1)
                content = content.replace(b"Last words.", b"Last &e;&f; words.")
            target.writestr(name, content)
    assert read("a.docx", buffer.getvalue()).sections[-1].text.startswith("Last")
    assert "secret" not in read("a.docx", buffer.getvalue()).sections[-1].text
