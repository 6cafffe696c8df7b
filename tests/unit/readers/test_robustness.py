"""Whatever the bytes, reading ends in a document or in a reason: nothing else ever leaves read_document."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from npcops.errors import TooLarge, UnreadableDocument
from npcops.lore import chunk_id
from npcops.readers import READABLE, limits, read_document
from npcops.readers.outline import Outline

SUFFIXES = sorted(READABLE)


def _pdf() -> bytes:
    document = FPDF()
    document.set_compression(False)
    document.add_page()
    document.set_font("helvetica", size=12)
    document.start_section("Tides")
    document.multi_cell(0, 6, "The tide comes in twice a day and nobody has asked it to.")
    return bytes(document.output())


def _docx() -> bytes:
    document = docx.Document()
    document.add_heading("Tides", 1)
    document.add_paragraph("The tide comes in.")
    document.add_table(2, 2).cell(0, 0).text = "x"
    buffer = io.BytesIO()
    document.save(buffer)
    stored = io.BytesIO()
    # Stored without compression, so that mutations reach the XML and not only the deflate stream.
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(stored, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return stored.getvalue()


SAMPLES: dict[str, bytes] = {
    ".md": b"---\ntitle: T\nrequires: [a]\n---\n# T\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<b>x</b>\n",
    ".txt": "Первый абзац.\n\nSecond - one: two\n".encode(),
    ".html": b"<html lang=en><title>x</title><table><tr><th rowspan=2>a<td>b</table><ol start=3><li>x<dl><dt>a<dd>b",
    ".pdf": _pdf(),
    ".docx": _docx(),
    ".json": b'{"title": "T", "a": [{"b": 1.5, "c": [null, true]}], "d": {"e": "f"}}',
    ".yaml": b"title: T\na: &x [1, {b: c}]\nd: *x\ne: |\n  g\n",
    ".csv": b'a;b\n"x;y";2\n',
    ".yarn": b"title: A\n---\nN: x {$y} [b]z[/b] <<if $a>> #line:1\n-> o\n===\n",
    ".ink": b"== a ==\n* (l) {c} x[y]z -> b\n- {a|b {c}} {x:\n- y: z\n}\n= s\n# t\n",
}


def read_anything(suffix: str, data: bytes, sidecar: bytes | None = None) -> None:
    try:
        document = read_document(f"a/b{suffix}", data, sidecar)
    except (UnreadableDocument, TooLarge) as refusal:
        message = str(refusal)
        assert message.endswith((".", "?"))
        assert message[0].isupper() or message[0] == "`"
        return
    assert document.sections
    for section in document.sections:
        assert section.text.strip()
        # What was read can be hashed, stored and sent: no half surrogates, no NUL.
        assert len(chunk_id(document.path, document.title, section.headings, section.text, document.gate, True)) == 24
        assert "\0" not in section.text + "".join(section.headings)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400))
def test_random_bytes(suffix: str, data: bytes) -> None:
    read_anything(suffix, data)


@pytest.mark.parametrize("suffix", sorted(SAMPLES))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.binary(max_size=6)), min_size=1, max_size=5))
def test_mutated_files(suffix: str, edits: list[tuple[float, int, bytes]]) -> None:
    data = SAMPLES[suffix]
    for place, removed, inserted in edits:
        at = int(place * len(data))
        data = data[:at] + inserted + data[at + removed :]
    read_anything(suffix, data)


@pytest.mark.parametrize("suffix", [".md", ".html", ".json", ".yaml", ".csv", ".yarn", ".ink", ".txt"])
@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="ab \n\t-=#*+<>[]{}()|:;,.&!~\"'`\\/$%_0é語", max_size=120))
def test_texts_made_of_markup(suffix: str, text: str) -> None:
    read_anything(suffix, text.encode())
    read_anything(suffix, f"title: A\n---\n{text}\n===".encode())


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=80) | st.text(alphabet="abcrequires :[]{}&*-\n'\"|>?!", max_size=80).map(str.encode))
def test_random_sidecars(data: bytes) -> None:
    read_anything(".txt", b"Text.", data)


@pytest.mark.parametrize("suffix", sorted(SAMPLES))
def test_the_samples_themselves_can_be_read(suffix: str) -> None:
    assert read_document(f"a{suffix}", SAMPLES[suffix], None).sections


def test_a_file_over_the_size_limit_is_not_looked_at() -> None:
    with pytest.raises(TooLarge, match="20 MiB"):
        read_document("a.md", b"a" * (limits.MAX_BYTES + 1), None)


def test_text_over_the_limit() -> None:
    for suffix, data in ((".txt", b"a " * 1_100_000), (".md", b"a " * 1_100_000)):
        with pytest.raises(TooLarge, match="Split it"):
            read_document(f"a{suffix}", data, None)


def test_text_that_grows_while_it_is_read() -> None:
    rows = "<tr>" + "<td rowspan=90>" + "x" * 400
    with pytest.raises(TooLarge):
        read_document("a.html", f"<table><tr><th>{'y' * 400}{rows * 3000}</table>".encode(), None)
    with pytest.raises(TooLarge, match="columns"):
        read_document("a.csv", b"a," * 1_200 + b"\n" + b"b," * 1_200, None)


def test_files_whose_parser_would_take_too_long() -> None:
    with pytest.raises(TooLarge, match="brackets"):
        read_document("a.md", b"[" * 6_000, None)
    with pytest.raises(UnreadableDocument, match="deeply"):
        read_document("a.html", b"<div>" * 5_000 + b"text", None)
    with pytest.raises(TooLarge, match="values"):
        read_document("a.json", b"[" + b"1," * 600_000 + b"1]", None)


def test_the_outline_stops_counting_at_its_limit() -> None:
    outline = Outline()
    for _ in range(limits.MAX_TEXT_CHARS // 1_001):
        outline.paragraph("x" * 1_000)
    with pytest.raises(TooLarge):
        outline.paragraph("x" * 1_000)


def test_a_heading_as_long_as_a_page_is_text() -> None:
    document = read_document("a.md", f"## {'word ' * 60}\n\nText.".encode(), None)
    assert [section.headings for section in document.sections] == [()]
