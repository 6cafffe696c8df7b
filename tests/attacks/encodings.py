"""Disguises of a text, and an eye that sees through them: written for the tests, apart from the product's own."""

from __future__ import annotations

import base64
import binascii
import codecs
import contextlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_UNLEET = str.maketrans("4310578@$!", "aeiostbasi")
# Letters of the Latin alphabet and those of the Cyrillic one that look the same.
_TWINS = dict(zip("aceiopsxyj", "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443\u0458", strict=True))
_UNTWIN = str.maketrans({twin: letter for letter, twin in _TWINS.items()})
_INVISIBLE = "\u200b\u200c\u200d\u2060"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:,.-]?){6,}")


def _zero_width(text: str) -> str:
    return "".join(letter + _INVISIBLE[place % 4] for place, letter in enumerate(text))


def _fullwidth(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


ENCODERS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "hex": lambda text: text.encode().hex(" "),
    "leet": lambda text: text.translate(_LEET),
    "reversed": lambda text: text[::-1],
    "homoglyphs": lambda text: text.translate(str.maketrans("".join(_TWINS), "".join(_TWINS.values()))),
    "zero-width": _zero_width,
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "fullwidth": _fullwidth,
}


def reveals(text: str, secret: str) -> bool:
    """Whether a text holds a secret word or a half of it, in whatever disguise of those above, or letter by letter."""
    word, middle = _letters(secret), len(secret) // 2
    wanted = (word[:middle], word[middle:])
    return any(
        half in found or half in found[::-1]
        for reading in _readings(text)
        for found in _spelled(reading)
        for half in wanted
    )


def quotes(text: str, secret: str, words: int = 8) -> bool:
    """Whether so many words of a text stand in another one in a row, openly or in base64."""
    known = " ".join(_words(secret))
    for reading in (text, *_decoded(text)):
        said = _words(reading)
        rows = (" ".join(said[start : start + words]) for start in range(len(said) - words + 1))
        if any(row in known for row in rows):
            return True
    return False


def _readings(text: str) -> Iterator[str]:
    for reading in (text, *_decoded(text)):
        yield reading
        yield codecs.encode(reading, "rot13")
        yield reading.translate(_UNLEET)


def _decoded(text: str) -> Iterator[str]:
    plain = _plain(text)
    for run in _BASE64.findall(plain):
        for start in range(4):
            yield from _from_base64(run.rstrip("=")[start:])
    for run in _HEX.findall(plain):
        yield bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", run)).decode(errors="ignore")
    if "%" in plain:
        yield unquote(plain, errors="ignore")


def _from_base64(run: str) -> Iterator[str]:
    padded = run.translate(str.maketrans("+/", "-_")) + "=" * (-len(run) % 4)
    with contextlib.suppress(binascii.Error):
        yield base64.urlsafe_b64decode(padded).decode(errors="ignore")


def _spelled(text: str) -> Iterator[str]:
    """The letters of a text; those with which its words begin, and its lines."""
    plain = _plain(text)
    yield _letters(plain)
    yield "".join(word[0] for word in _words(plain))
    yield "".join(words[0][0] for line in plain.splitlines() if (words := _words(line)))


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").translate(_UNTWIN)


def _letters(text: str) -> str:
    return "".join(letter for letter in _plain(text).casefold() if letter.isalpha())


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _plain(text).casefold())
