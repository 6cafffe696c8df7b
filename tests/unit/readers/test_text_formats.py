"""Markdown, text and HTML: what of them becomes lore."""

from __future__ import annotations

import subprocess
import sys

import pytest

from npcops.errors import UnreadableDocument
from npcops.lore import Document
from npcops.lore_paths import described_by, is_sidecar, sidecar_of
from npcops.readers import READABLE, read_document


def read(name: str, text: str) -> Document:
    return read_document(name, text.encode(), None)


def sections(name: str, text: str) -> list[tuple[tuple[str, ...], str]]:
    return [(section.headings, section.text) for section in read(name, text).sections]


def test_markdown_headings_make_paths() -> None:
    text = "# Hobb\n\nIntro.\n\n## Light\n\nOne\nparagraph.\n\nTwo.\n\n### Glass\n\nRed.\n\n## Keeper\n\nDorrity."
    assert read("x.md", text).title == "Hobb"
    assert sections("x.md", text) == [
        ((), "Intro."),
        (("Light",), "One paragraph.\n\nTwo."),
        (("Light", "Glass"), "Red."),
        (("Keeper",), "Dorrity."),
    ]


def test_a_heading_that_differs_from_the_title_is_kept() -> None:
    assert sections("x.md", "---\ntitle: Sea\n---\n# Tides\nText.") == [(("Tides",), "Text.")]
    assert sections("x.md", "---\ntitle: TIDES\n---\n# Tides\nText.") == [((), "Text.")]


def test_several_first_level_headings_are_chapters() -> None:
    document = read("kings-of_old.md", "# Alaric\nFirst.\n\n# Berta\nSecond.")
    assert document.title == "Kings of old"
    assert [section.headings for section in document.sections] == [("Alaric",), ("Berta",)]


def test_a_heading_with_nothing_below_it_is_said_as_text() -> None:
    assert sections("x.md", "# T\n\n## Kings\n### Alaric\n### Berta\n## Wars\nText.") == [
        (("Kings",), "Alaric"),
        (("Kings",), "Berta"),
        (("Wars",), "Text."),
    ]


def test_markdown_lists_tables_markup_and_code() -> None:
    text = (
        "- **one** `two`\n- [three](http://x) ![four](p.png)\n  - nested\n\n"
        "3. third\n4. fourth\n\n"
        "| Name | Price |\n|---|---|\n| eel | 9 |\n| *rope* | |\n\n"
        "> quoted\n> text\n\n```\ncode here\n```\n\nhard\\\nbreak"
    )
    assert sections("x.md", text)[0][1].split("\n\n") == [
        "- one two\n- three four\n- nested",
        "3. third\n4. fourth",
        "Name: eel; Price: 9.\nName: rope.",
        "quoted text",
        "code here",
        "hard\nbreak",
    ]


def test_markdown_html_is_stripped_and_comments_are_secret() -> None:
    text = (
        "Before <b>bold</b> &amp; after.<br>Next.\n\n<!-- the king is dead -->\n\n"
        "<div>Inside &lt;3<script>x()</script></div>"
    )
    said = sections("x.md", text)[0][1]
    assert said == "Before bold & after.\nNext.\n\nInside <3"


def test_plain_text_keeps_verse_and_joins_wrapped_prose() -> None:
    wrapped = (
        "The Porridge is the great quicksand of the Pale Flats, and it lies two\n"
        "miles from the quay. It moves every year a little, so nobody should\ntrust a map of it."
    )
    verse = "Low the lamp\nand high the sea"
    talk = "Konrad: There are orcs everywhere, Master Delfador, what shall we do?\nDelfador: We must escape!"
    assert sections("the-porridge.txt", f"{wrapped}\n\n{verse}\n \n{talk}") == [
        ((), f"{wrapped.replace(chr(10), ' ')}\n\n{verse}\n\n{talk}")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_encodings(encoding: str) -> None:
    text = "Маяк Хобб — die Flut. 灯台。"
    document = read_document("a.txt", text.encode(encoding), None)
    assert document.sections[0].text == text


def test_older_encodings_are_recognised() -> None:
    text = "Старый маяк стоял на скале девять миль от берега, и смотритель зажигал огонь каждую ночь. " * 5
    document = read_document("a.txt", text.encode("cp1251"), None)
    assert document.sections[0].text == text.strip()


def test_text_is_normalised() -> None:
    data = "a\u0301\r\nb\x07\u200b\u202e\U000e0041c\rd\u2028e".encode()
    assert read_document("a.txt", data, None).sections[0].text == "\u00e1\nbc\nd\ne"


def test_html_blocks_lists_and_hidden_parts() -> None:
    text = """<!DOCTYPE html><html lang="de"><head><title>Not this</title><style>p{}</style></head><body>
      <nav>Menu</nav><h1>The <em>market</em></h1><p>First &amp; <b>bold</b>
      text.<br>Next line.</p>loose<p hidden>spoiler</p><h2>Goods</h2>
      <ul><li>fish<li>bread <ol start="3"><li>white</li><li>brown</li></ol></li></ul>
      <dl><dt>Pan</dt><dd>20 chips</dd></dl><script>alert(1)</script><!-- no --></body></html>"""
    document = read("m.html", text)
    assert (document.title, document.language) == ("The market", "de")
    assert [(section.headings, section.text) for section in document.sections] == [
        ((), "First & bold text.\nNext line.\n\nloose"),
        (("Goods",), "- fish\n- bread\n3. white\n4. brown\n\nPan: 20 chips"),
    ]


def test_html_title_is_used_without_a_heading() -> None:
    assert read("m.htm", "<title> The  market </title><p>Text").title == "The market"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("<tr><th>A<th>B<tr><td>1<td>2", "A: 1; B: 2."),
        ("<tr><th>Age<td>12<tr><th>Home<td>Stump!", "Age: 12\nHome: Stump!"),
        ("<tr><td>A<td>B<tr><td>1<td>2<tr><td>3", "A: 1; B: 2.\nA: 3."),
        ("<tr><th>A<th>B<tr><td rowspan=2>x<td>1<tr><td>2", "A: x; B: 1.\nA: x; B: 2."),
        ("<tr><th>A<th>B<th>C<tr><td colspan=2>x<td>1", "A: x; C: 1."),
        ("<caption>Prices</caption><tr><th>A<th>B<tr><td>p<br>q<td><script>x</script>2", "Prices\nA: p q; B: 2."),
    ],
)
def test_html_tables(table: str, said: str) -> None:
    assert sections("t.html", f"<table>{table}</table>") == [((), said)]


def test_a_table_that_only_arranges_a_page_is_read_as_page() -> None:
    text = "<table><tr><td><h2>Left</h2><p>One.</p></td><td><h2>Right</h2><p>Two.</p></td></tr></table>"
    assert sections("t.html", text) == [(("Left",), "One."), (("Right",), "Two.")]


def test_sidecar_names() -> None:
    assert sidecar_of("a/prices.csv") == "a/prices.csv.meta.yaml"
    assert described_by("a/prices.csv.meta.yaml") == "a/prices.csv"
    assert is_sidecar("a/prices.csv.meta.yaml")
    assert not is_sidecar("a/prices.yaml")


def test_suffixes_are_read_in_any_case_and_others_refused() -> None:
    assert read("A.MD", "Text.").title == "A"
    with pytest.raises(UnreadableDocument) as refusal:
        read("a.exe", "Text.")
    assert all(suffix in str(refusal.value) for suffix in READABLE)


@pytest.mark.parametrize("suffix", sorted(READABLE))
@pytest.mark.parametrize("data", [b"", b" \n\t"])
def test_an_empty_file_is_called_empty(suffix: str, data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="empty"):
        read_document(f"a{suffix}", data, None)


def test_reading_markdown_imports_no_other_parser() -> None:
    code = (
        "import sys; from npcops.readers import read_document; read_document('a.md', b'# A\\n\\nText', None);"
        "print([name for name in ('lxml', 'docx', 'pypdf', 'charset_normalizer') if name in sys.modules])"
    )
    path = next(entry for entry in sys.path if entry.endswith("layers/npcops"))
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
