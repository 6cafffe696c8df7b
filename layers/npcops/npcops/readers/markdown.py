"""Reads Markdown: CommonMark and tables, with front matter."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from npcops.errors import TooLarge
from npcops.readers.content import Content
from npcops.readers.decoding import decode
from npcops.readers.front_matter import split_front_matter
from npcops.readers.limits import MAX_BRACKETS, MAX_NESTING
from npcops.readers.outline import Outline
from npcops.readers.tables import rows_as_sentences

_NOT_PROSE = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


def read(data: bytes, suffix: str) -> Content:
    """The content of a Markdown file. Raises UnreadableDocument or TooLarge."""
    metadata, text = split_front_matter(decode(data))
    if any(block.count("[") > MAX_BRACKETS for block in text.split("\n\n")):
        raise TooLarge(f"A paragraph of this file holds more than {MAX_BRACKETS:,} square brackets. Divide it.")
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).enable("table")
    outline = Outline()
    _Blocks(outline).walk(parser.parse(text))
    return Content(outline.sections(), outline.only_title, metadata)


class _Blocks:
    """Follows the parser's flat stream of block tokens."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._markers: list[str] = []
        self._lists: list[int | None] = []
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._heading = 0
        self._in_table = False

    def walk(self, tokens: list[Token]) -> None:
        """Put every block into the outline."""
        for token in tokens:
            getattr(self, f"_{token.type}", self._ignore)(token)

    def _ignore(self, token: Token) -> None:
        """Containers whose children say everything."""

    def _heading_open(self, token: Token) -> None:
        self._heading = int(token.tag[1])

    def _inline(self, token: Token) -> None:
        text = "".join(_inline_text(token.children or []))
        if self._in_table:
            self._row.append(text)
        elif self._heading:
            self._outline.heading(self._heading, text)
            self._heading = 0
        elif self._lists:
            self._outline.line(self._marker() + text)
        else:
            self._outline.paragraph(text)

    def _marker(self) -> str:
        return self._markers.pop() if self._markers else ""

    def _bullet_list_open(self, token: Token) -> None:
        self._lists.append(None)

    def _ordered_list_open(self, token: Token) -> None:
        self._lists.append(int(token.attrGet("start") or 1))

    def _list_item_open(self, token: Token) -> None:
        number = self._lists[-1]
        self._markers = ["- " if number is None else f"{number}. "]
        if number is not None:
            self._lists[-1] = number + 1

    def _bullet_list_close(self, token: Token) -> None:
        self._lists.pop()
        if not self._lists:
            self._outline.end_block()

    _ordered_list_close = _bullet_list_close

    def _table_open(self, token: Token) -> None:
        self._in_table, self._rows = True, []

    def _tr_open(self, token: Token) -> None:
        self._row = []

    def _tr_close(self, token: Token) -> None:
        self._rows.append(self._row)

    def _table_close(self, token: Token) -> None:
        self._in_table = False
        self._outline.end_block()
        for said in rows_as_sentences(self._rows, header=True):
            self._outline.line(said)
        self._outline.end_block()

    def _fence(self, token: Token) -> None:
        self._outline.paragraph(token.content)

    _code_block = _fence

    def _html_block(self, token: Token) -> None:
        text = _BREAK.sub("\n", _NOT_PROSE.sub(" ", token.content))
        self._outline.paragraph(html.unescape(_TAG.sub("", text)))


def _inline_text(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline"):
            yield token.content
        elif token.type == "softbreak":
            yield " "
        elif token.type == "hardbreak" or (token.type == "html_inline" and _BREAK.match(token.content)):
            yield "\n"
        elif token.type == "image":
            yield "".join(_inline_text(token.children or []))
