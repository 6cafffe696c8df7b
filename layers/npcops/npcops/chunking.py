"""Cuts documents into chunks of about 512 characters that an edit elsewhere does not move.

Retrieval is best with chunks of about that size that never cross a section and end where a sentence ends. Embedding
is paid per changed chunk, so where a chunk begins must not depend on how much text stands before it. Each piece of
text (a paragraph; a line, sentence or clause where those are too long) therefore decides by itself whether it begins
a chunk: a hash of its first words is compared with its length, so that the expected distance between two beginnings
is the target. Only between two such beginnings is text counted. An edit changes the chunk that holds it and, if it
makes or unmakes a beginning, the neighbour.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from npcops.errors import TooLarge
from npcops.lore import Chunk, Document, Section, chunk_id
from npcops.sentences import Span, clauses, lines, paragraphs, sentences, slices, words

MAX_CHUNKS: Final = 5_000
"""Chunks of one document."""

TARGET: Final = 512
_SHORT_SECTION = 80
_BEGINNING = 48
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")
_CUTS: Final[tuple[Callable[[str, Span], Iterator[Span]], ...]] = (paragraphs, lines, sentences, clauses, words)


def chunk(document: Document, target: int = TARGET) -> list[Chunk]:
    """The chunks of a document in reading order, about `target` characters each and at most half as much again.

    Every character of a section that is not whitespace is in exactly one chunk. Adjacent sections below one heading
    that hold only a few words each share a chunk, in which each is preceded by its own heading. Text in scripts
    that write a word in one or two characters is cut to half the target. Raises TooLarge above MAX_CHUNKS.
    """
    chunks: list[Chunk] = []
    seen: Counter[str] = Counter()
    for section in _joined_when_short(document.sections, target):
        for start, end in _pieces(section.text, target):
            if len(chunks) == MAX_CHUNKS:
                raise TooLarge(f"This file makes more than {MAX_CHUNKS:,} passages. Split it into several files.")
            chunks.append(_chunk(document, section.headings, section.text[start:end], len(chunks), seen))
    return chunks


def _chunk(document: Document, headings: tuple[str, ...], text: str, position: int, seen: Counter[str]) -> Chunk:
    parts = (document.path, document.title, headings, text, document.gate, document.canon)
    identity = chunk_id(*parts)
    occurrence = seen[identity]
    seen[identity] += 1
    if occurrence:
        identity = chunk_id(*parts, occurrence)
    return Chunk(
        id=identity,
        document=document.path,
        title=document.title,
        headings=headings,
        text=text,
        position=position,
        gate=document.gate,
        canon=document.canon,
    )


def _joined_when_short(sections: Sequence[Section], target: int) -> Iterator[Section]:
    """`sections`, with neighbours below the same heading that are too short to be found alone put together."""
    run: list[Section] = []
    for section in sections:
        if run and not (_joinable(run[-1], section) and sum(len(one.text) for one in run) < target):
            yield _join(run)
            run = []
        run.append(section)
    if run:
        yield _join(run)


def _joinable(one: Section, other: Section) -> bool:
    short = max(len(one.text), len(other.text)) < _SHORT_SECTION
    return short and bool(one.headings) and bool(other.headings) and one.headings[:-1] == other.headings[:-1]


def _join(run: Sequence[Section]) -> Section:
    if len(run) == 1:
        return run[0]
    return Section(run[0].headings[:-1], "\n".join(f"{one.headings[-1]}: {one.text}" for one in run))


def _pieces(text: str, target: int) -> list[Span]:
    if len(_WIDE.findall(text)) * 3 > len(text):
        target = max(target // 2, 1)
    visible = (len(text) - len(text.lstrip()), len(text.rstrip()))
    return _cut(text, [visible], 0, target) if visible[0] < visible[1] else []


def _cut(text: str, spans: Sequence[Span], level: int, target: int) -> list[Span]:
    """Cut each of `spans` that is too long with the cuts of this level and below, and join what is too short."""
    most = target * 3 // 2
    pieces: list[Span] = []
    for span in spans:
        if _length(span) <= most:
            fine = [span]
        elif level == len(_CUTS):
            fine = list(slices(text, span, target))
        else:
            groups = _grouped(text, list(_CUTS[level](text, span)), target)
            fine = _cut(text, groups, level + 1, target)
        for piece in fine:
            _append(pieces, piece, target)
    return pieces


def _append(pieces: list[Span], piece: Span, target: int) -> None:
    """Add a piece, as part of its neighbour if either is too short to be found alone."""
    if pieces:
        joined = (pieces[-1][0], piece[1])
        tiny = min(_length(pieces[-1]), _length(piece)) < target * 3 // 8
        if tiny and _length(joined) <= target * 3 // 2:
            pieces[-1] = joined
            return
    pieces.append(piece)


def _grouped(text: str, spans: Sequence[Span], target: int) -> list[Span]:
    """Neighbouring spans put together to about the target: a new group where a span begins one, or where it must."""
    scores = [_score(text, span) for span in spans]
    groups: list[Span] = []
    first = 0
    for number in range(1, len(spans) + 1):
        # A span as long as four fifths of the target always begins a group; a shorter one in proportion.
        if number == len(spans) or scores[number] * target * 4 < 5 * _length(spans[number]):
            groups.extend(_divided(spans, scores, first, number, target))
            first = number
    return groups


def _divided(spans: Sequence[Span], scores: Sequence[float], first: int, last: int, target: int) -> Iterator[Span]:
    """The spans `first` to `last` (exclusive) in as few groups as allowed, cut where the scores are lowest."""
    most = target * 3 // 2
    end = spans[last - 1][1]
    while end - spans[first][0] > most and last - first > 1:
        start = spans[first][0]
        # If two groups will do, neither may be too long; otherwise the first takes at least half of what it may.
        least = end - start - most if end - start <= 2 * most else most // 2
        fitting = [
            number
            for number in range(first + 1, _after(spans, first, last, start + most))
            if spans[number - 1][1] - start <= most and spans[number][0] - start >= least
        ]
        cut = min(fitting, key=lambda number: scores[number], default=first + 1)
        yield start, spans[cut - 1][1]
        first = cut
    yield spans[first][0], end


def _after(spans: Sequence[Span], first: int, last: int, limit: int) -> int:
    number = first + 1
    while number < last and spans[number - 1][1] <= limit:
        number += 1
    return number


def _score(text: str, span: Span) -> float:
    """A number from 0 to 1 that depends only on how the text of a span begins."""
    beginning = text[span[0] : min(span[1], span[0] + _BEGINNING)]
    digest = hashlib.blake2b(beginning.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def _length(span: Span) -> int:
    return span[1] - span[0]
