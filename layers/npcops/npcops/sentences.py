"""Finds where a text may be cut: at paragraphs, lines, sentences, clauses, words, and last between characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

Span = tuple[int, int]
"""Start and end (exclusive) of a piece of text, without whitespace at its edges."""

_CLOSERS = "\"'”’»›」』）)\\]*_"
_SENTENCE_END = re.compile(
    rf"(?P<full>[。！？｡]+[{_CLOSERS}]*\s*)|(?<![.!?…؟۔।])(?P<stop>[.!?…؟۔।]+)[{_CLOSERS}]*\s+(?=(?P<next>\S))"
)
_CLAUSE_END = re.compile(r"[,;:][\"'”’»)\]]*\s+|\s[–—-]+\s+|[—，、；：؛،]\s*")
_LINE_END = re.compile(r"\n\s*")
_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
_WORD_END = re.compile(r"\s+")
_LAST_WORD = re.compile(r"[\w.]+\Z")
_LONGEST_ABBREVIATION = 12
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof rev fr st sr jr capt cpt col gen lt maj sgt cpl hon mt ft "  # noqa: SIM905 (as in web_page)
    "vol fig pp ca cf vs al approx e.g i.e etc esq bzw ggf hr nr z.b d.h u.a mme mlle sra "
    "гг вв ул др т.д т.п т.е т.к св стр см рис".split()
)


def paragraphs(text: str, span: Span) -> Iterator[Span]:
    """The parts between blank lines."""
    return _split(text, span, (found.end() for found in _PARAGRAPH_END.finditer(text, *span)))


def lines(text: str, span: Span) -> Iterator[Span]:
    """The parts between line ends."""
    return _split(text, span, (found.end() for found in _LINE_END.finditer(text, *span)))


def sentences(text: str, span: Span) -> Iterator[Span]:
    """Sentences, with their closing quotes; abbreviations, initials and speech tags do not end one."""
    ends = (found.end() for found in _SENTENCE_END.finditer(text, *span) if _ends_sentence(text, found))
    return _split(text, span, ends)


def clauses(text: str, span: Span) -> Iterator[Span]:
    """The parts between commas, semicolons, colons and dashes."""
    return _split(text, span, (found.end() for found in _CLAUSE_END.finditer(text, *span)))


def words(text: str, span: Span) -> Iterator[Span]:
    """The parts between whitespace."""
    return _split(text, span, (found.end() for found in _WORD_END.finditer(text, *span)))


def slices(text: str, span: Span, size: int) -> Iterator[Span]:
    """Pieces of at most about `size` characters that do not tear a letter from its accents or an emoji apart."""
    start, end = span
    while end - start > size:
        cut = start + size
        while cut > start + size // 2 and _clings(text[cut]):
            cut -= 1
        yield start, cut
        start = cut
    yield start, end


def _ends_sentence(text: str, found: re.Match[str]) -> bool:
    if found["full"]:
        return True
    if found["next"].islower():
        return False
    if found["stop"] != ".":
        return True
    before = _LAST_WORD.search(text, max(0, found.start() - _LONGEST_ABBREVIATION), found.start())
    word = before[0].lower() if before else ""
    is_initial = len(word) == 1 and word.isalpha()
    is_number = word == "no" and found["next"].isdigit()
    return not (is_initial or is_number or word in _ABBREVIATIONS)


def _split(text: str, span: Span, ends: Iterator[int]) -> Iterator[Span]:
    start = span[0]
    for cut in (*ends, span[1]):
        left, right = start, cut
        while left < right and text[left].isspace():
            left += 1
        while right > left and text[right - 1].isspace():
            right -= 1
        if left < right:
            yield left, right
        start = cut


def _clings(character: str) -> bool:
    return unicodedata.combining(character) != 0 or character in "\u200c\u200d\ufe0e\ufe0f"
