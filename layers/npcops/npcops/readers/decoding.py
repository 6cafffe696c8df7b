"""Turns the bytes of a text file into clean text: encoding, line ends, normal form, control characters."""

from __future__ import annotations

import codecs
import re
import unicodedata

from npcops.errors import TooLarge, UnreadableDocument
from npcops.readers.limits import MAX_TEXT_CHARS

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Controls, soft hyphens, zero-width spaces, direction overrides, half surrogates, and the tag characters that can
# hide instructions to a model. Zero-width joiners stay: scripts and emoji need them.
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_NOT_TEXT = "This file is not text in an encoding that can be recognised. Save it as UTF-8 and upload it again."


def clean(text: str) -> str:
    """`text` with line ends as \\n, in NFC, without characters that no reader sees."""
    return unicodedata.normalize("NFC", _DROPPED.sub("", _LINE_ENDS.sub("\n", text)))


def decode(data: bytes) -> str:
    """The clean text of a file. Raises UnreadableDocument or TooLarge."""
    text = clean(_decoded(data))
    if len(text) > MAX_TEXT_CHARS:
        raise TooLarge(
            f"This file holds {len(text):,} characters; {MAX_TEXT_CHARS:,} are allowed. Split it into several files."
        )
    return text


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise UnreadableDocument(
                    f"This file is marked as {encoding.removesuffix('-sig').upper()} but is damaged. "
                    "Save it as UTF-8 and upload it again."
                ) from None
    if b"\0" in data:
        # Text of one-byte encodings never holds it; two-byte text without a mark is a guess nobody should make.
        raise UnreadableDocument(_NOT_TEXT)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _guessed(data)


def _guessed(data: bytes) -> str:
    from charset_normalizer import from_bytes  # a third of a second that UTF-8 files need not spend

    best = from_bytes(data, preemptive_behaviour=True).best()
    if best is None:
        raise UnreadableDocument(_NOT_TEXT)
    text = str(best)
    controls = len(_DROPPED.findall(text))
    if controls * 50 > len(text):
        raise UnreadableDocument(_NOT_TEXT)
    return text
