"""Reads HTML: headings, paragraphs, lists and tables; scripts, styles and navigation are dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from lxml import etree

from npcops.errors import UnreadableDocument
from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.front_matter import split_front_matter
from npcops.readers.outline import Outline, squeeze
from npcops.readers.tables import rows_as_sentences
from npcops.readers.web_table import is_data_table, rows_of

_DROPPED = frozenset(
    "audio button canvas form head iframe math nav noscript "  # noqa: SIM905 (one word a line would fill a page)
    "object script select style svg template textarea video".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "  # noqa: SIM905 (as above)
    "figcaption figure footer h1 h2 h3 h4 h5 h6 header hr html legend li main ol p pre section summary table tbody "
    "td tfoot th thead tr ul".split()
)
_SPACES = re.compile(r"\s+")


def read(data: bytes, suffix: str) -> Content:
    """The content of an HTML file. Raises UnreadableDocument or TooLarge."""
    metadata, text = split_front_matter(decode(data))
    # The text is UTF-8 by now, whatever its own declaration says.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    root = etree.fromstring(text.encode(), parser)
    if any(entry.level == etree.ErrorLevels.FATAL for entry in parser.error_log):
        raise UnreadableDocument("This page nests its elements too deeply to be read. Save it in a simpler form.")
    if root is None:
        return Content((), None, metadata)
    outline = Outline()
    _Page(outline).walk(root)
    title = outline.only_title or squeeze(root.findtext(".//title") or "") or None
    language = metadata.language or (root.get("lang") or "").strip() or None
    return Content(outline.sections(), title, msgspec.structs.replace(metadata, language=language))


class _Page:
    """Follows the elements without recursion, gathering inline text until a block begins or ends."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._text: list[str] = []
        self._marker = ""
        self._term = ""
        self._lists: list[int | None] = []

    def walk(self, root: etree._Element) -> None:
        """Put every visible block into the outline."""
        steps = etree.iterwalk(root, events=("start", "end"))
        for event, element in steps:
            tag = element.tag
            if event == "end":
                self._end(tag)
                self._add(element.tail)
            elif tag in _DROPPED or element.get("hidden") is not None:
                self._flush_before(tag)
                steps.skip_subtree()
            elif tag == "table" and is_data_table(element):
                self._flush()
                self._table(element)
                steps.skip_subtree()
            else:
                self._start(tag, element)
                self._add(element.text)
        self._flush()

    def _flush_before(self, tag: str) -> None:
        if tag in ("nav", "form"):
            self._flush()

    def _start(self, tag: str, element: etree._Element) -> None:
        if tag in _BLOCKS:
            self._flush()
        if tag == "br":
            self._text.append("\n")
        elif tag == "ul":
            self._lists.append(None)
        elif tag == "ol":
            start = element.get("start", "")
            self._lists.append(int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1)
        elif tag == "li":
            number = self._lists[-1] if self._lists else None
            self._marker = "- " if number is None else f"{number}. "
            if number is not None:
                self._lists[-1] = number + 1

    def _end(self, tag: str) -> None:
        if tag in _HEADINGS:
            text, self._text = "".join(self._text), []
            self._outline.heading(_HEADINGS[tag], text)
        elif tag == "dt":
            self._term, self._text = squeeze("".join(self._text)).rstrip(":"), []
        elif tag == "dd" and self._term:
            text, self._text = "".join(self._text), []
            self._outline.line(f"{self._term}: {squeeze(text)}")
        elif tag in _BLOCKS:
            self._flush(is_item=tag == "li")
        if tag == "dl":
            self._term = ""
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag in ("ul", "ol", "dl") and not self._lists:
            self._outline.end_block()

    def _add(self, text: str | None) -> None:
        if text:
            self._text.append(_SPACES.sub(" ", text))

    def _flush(self, is_item: bool = False) -> None:
        text, self._text = "".join(self._text).strip(), []
        if not text:
            return
        if self._lists or is_item:
            self._outline.line(self._marker + squeeze(text))
            self._marker = ""
        else:
            self._outline.paragraph(text)

    def _table(self, table: etree._Element) -> None:
        self._outline.end_block()
        for said in self._sentences(table):
            self._outline.line(said)
        self._outline.end_block()

    def _sentences(self, table: etree._Element) -> Iterator[str]:
        caption = table.find("caption")
        if caption is not None:
            yield squeeze("".join(caption.itertext()))
        rows, header = rows_of(table)
        yield from rows_as_sentences(rows, header)
