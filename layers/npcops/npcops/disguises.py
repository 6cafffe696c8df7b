"""The ways in which a secret word can be written without writing it, and how to find it in each of them."""

from __future__ import annotations

import base64
import codecs
import functools
import re
import string
from collections.abc import Callable, Iterable

import msgspec

from npcops.lookalikes import other_readings

# So many letters of the word in a row give it away, half of it; fewer are natural speech. Where other letters stand
# between them, or in another alphabet, one more is asked for, and more where any of 24 alphabets is tried.
PLAIN, APART, SHIFTED = 6, 7, 9
_STRIDES = (2, 3)
_INITIAL_STRIDES = (1, 2, 3, 4)
_ALPHABET = string.ascii_lowercase
_ATBASH = str.maketrans(_ALPHABET, _ALPHABET[::-1])
_HEX = "0123456789abcdef"
_HEX_PREFIXES = re.compile(r"0x|\\x|\\?u\+?00")
_BASE32 = string.ascii_uppercase + "234567"
_BASE64 = string.ascii_letters + string.digits + "+/"
_WORDS = re.compile("[a-z]+")
_LINE_INITIALS = re.compile(r"(?:^|[.!?\n])[^a-z]{0,40}([a-z])")
_MORSE_SIGNS = str.maketrans({"·": ".", "•": ".", "∙": ".", "⋅": ".", "−": "-", "–": "-", "—": "-", "_": "-", "‐": "-"})
_MORSE = re.compile("[.·•∙⋅−–—_‐-]{1,4}(?![.·•∙⋅−–—_‐-])")
_MORSE_LETTERS = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.."
)
_MORSE_CODE = dict(zip(_MORSE_LETTERS.split(), _ALPHABET, strict=True))
_SPELLED = {
    word: letter
    for words in (
        "alfa bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november oscar papa quebec "
        "romeo sierra tango uniform victor whiskey xray yankee zulu",
        "ay bee cee dee ee eff gee aitch eye jay kay ell em en oh pee cue ar ess tee yu vee doubleyou ex wye zee",
    )
    for word, letter in zip(words.split(), _ALPHABET, strict=True)
} | {"alpha": "a", "juliet": "j", "whisky": "w", "ray": "x", "zed": "z", "doubleu": "w"}


class Patterns(msgspec.Struct, frozen=True):
    """What to look for in each of the views of a text."""

    plain: tuple[str, ...]
    apart: tuple[str, ...]
    ciphers: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    digits: tuple[str, ...]
    hexadecimal: tuple[str, ...]
    base64: tuple[str, ...]
    base32: tuple[str, ...]


@functools.lru_cache(maxsize=128)
def patterns_of(word: str) -> Patterns:
    """Everything that gives away a word of lower-case letters."""
    both = (word, word[::-1])
    plain = _windows(both, PLAIN)
    cased = [*plain, *(part.upper() for part in plain)]
    ciphers = [way for cipher in simple_ciphers(word) for way in (cipher, cipher[::-1])]
    shifted = _windows([_shifted(word, by) for by in range(1, 26)], SHIFTED)
    return Patterns(
        plain=plain,
        apart=_windows(both, APART),
        ciphers=(*_windows(ciphers, APART), *shifted),
        parts=(_parts(word, 4), *(_parts(cipher, PLAIN) for cipher in ciphers)),
        digits=_unique(number for part in cased for number in _numbers(part)),
        hexadecimal=_unique(part.encode().hex() for part in cased),
        base64=_unique(code for part in cased for code in _in_base(part, base64.b64encode, 3, 6)),
        base32=_unique(code for part in cased for code in _in_base(part, base64.b32encode, 5, 5)),
    )


def hides(text: str, plain: str, sought: Patterns) -> bool:
    """Whether a text, of which `plain` is the folded form, holds the word or most of it in any disguise known here."""
    letters = _only(_ALPHABET, plain)
    return (
        _any(sought.plain, letters)
        or _any(sought.ciphers, letters)
        or any(all(part in letters for part in parts) for parts in sought.parts)
        or any(_any(sought.plain, _only(_ALPHABET, reading)) for reading in other_readings(text, plain))
        or any(_any(sought.apart, letters[first::stride]) for stride in _STRIDES for first in range(stride))
        or _any(sought.plain, _only(string.ascii_uppercase, text).lower())
        or _in_words(plain, sought)
        or _any(sought.plain, _from_morse(text))
        or _in_figures(text, sought)
        or _any(sought.base64, _only(_BASE64, text))
        or _any(sought.base32, _only(_BASE32, text.upper()))
    )


def simple_ciphers(word: str) -> tuple[str, str]:
    """A word in the two alphabets that everybody knows."""
    return codecs.encode(word, "rot13"), word.translate(_ATBASH)


def spelled(words: Iterable[str]) -> str:
    """The letters that words of a spelling alphabet stand for; other words stand for nothing."""
    return "".join(_SPELLED.get(word, "") for word in words)


def _only(wanted: str, text: str) -> str:
    """The signs of a text that are among `wanted`, which are ASCII."""
    return text.encode("ascii", "ignore").translate(None, _others(wanted)).decode()


@functools.cache
def _others(wanted: str) -> bytes:
    return bytes(sign for sign in range(128) if chr(sign) not in wanted)


def _any(sought: Iterable[str], text: str) -> bool:
    # A generator would cost more than what it looks for: this runs some hundred times a text.
    for part in sought:  # noqa: SIM110 (as said)
        if part in text:
            return True
    return False


def _in_words(plain: str, sought: Patterns) -> bool:
    words = _WORDS.findall(plain)
    first = "".join(word[0] for word in words)
    return (
        any(_any(sought.apart, first[start::stride]) for stride in _INITIAL_STRIDES for start in range(stride))
        or _any(sought.apart, "".join(word[-1] for word in words))
        or _any(sought.plain, "".join(_LINE_INITIALS.findall(plain)))
        or _any(sought.plain, spelled(words))
    )


def _from_morse(text: str) -> str:
    signs = " ".join(_MORSE.findall(text)).translate(_MORSE_SIGNS)
    return "".join(_MORSE_CODE.get(sign, "") for sign in signs.split())


def _in_figures(text: str, sought: Patterns) -> bool:
    digits = _only(string.digits, text)
    if len(digits) < PLAIN:
        return False
    hexadecimal = _only(_HEX, _HEX_PREFIXES.sub("", text.lower()))
    return _any(sought.digits, digits) or _any(sought.hexadecimal, hexadecimal)


def _windows(words: Iterable[str], length: int) -> tuple[str, ...]:
    return _unique(word[start : start + length] for word in words for start in range(len(word) - length + 1))


def _parts(word: str, length: int) -> tuple[str, ...]:
    return tuple(word[start : start + length] for start in range(0, len(word), length))


def _unique(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parts))


def _shifted(word: str, by: int) -> str:
    return word.translate(str.maketrans(_ALPHABET, _ALPHABET[by:] + _ALPHABET[:by]))


def _numbers(part: str) -> list[str]:
    """Letters as figures: places in the alphabet, and codes to several bases, as digits without anything between."""
    places = [ord(letter) - ord("a") for letter in part.lower()]
    codes = part.encode()
    return [
        "".join(str(place + 1) for place in places),
        "".join(f"{place + 1:02}" for place in places),
        "".join(str(place) for place in places),
        *("".join(format(code, form) for code in codes) for form in ("d", "03d", "o", "03o", "08b", "07b")),
    ]


def _in_base(part: str, encode: Callable[[bytes], bytes], group: int, bits: int) -> list[str]:
    """The signs that a part always becomes in a base encoding, for each place it can have in a group of bytes."""
    found = []
    for before in range(group):
        code = encode(bytes(before) + part.encode()).decode().rstrip("=")
        sure = (before * 8 + bits - 1) // bits, (before + len(part)) * 8 // bits
        found.append(code[sure[0] : sure[1]])
    return found
