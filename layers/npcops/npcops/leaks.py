"""Finds out when a reply gives away what the model was told in confidence.

Every system text holds a canary: a word that no player can know and no character would say. A reply that holds it,
however it is written, quotes the instructions; so does one with many words of theirs in a row.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import functools
import hashlib
import re
from collections.abc import Iterator, Sequence

from npcops.disguises import hides, patterns_of
from npcops.lookalikes import UNSPACED, folded
from npcops.shown_parts import safe_length

# Rare letters, so that the canary, or half of it, is in no natural text.
_CONSONANTS = "bfgjkpvwxz"
_VOWELS = "aeiou"
_SYLLABLES = 6
# So many words, letters, or signs of a script without spaces in a row are no coincidence.
_WORDS, _LETTERS, _SIGNS = 8, 48, 16
_WORD = re.compile(r"[^\W_]+")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_NOT_UNSPACED = re.compile(f"[^{UNSPACED}]+")
_TAGS = (
    "canary|character|example|exchange|facts?|heard|language|lore|mark|memory|note|passage|player_name|previous|rules|"
    "said_before"
)
_SCAFFOLDING = re.compile(
    rf"[<‹〈]\s*/?\s*(?:{_TAGS})\b"
    r"|[\"'](?:say|emotion|citations|arguments|tool_?input)[\"']\s*:|\bspeak\s*\(\s*[{\"]"
    r"|\btool_?(?:use|call|input)\b|\bfunction_call\b|\b[0-9a-f]{24}\b"
)
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){12,}")
_QUOTED = re.compile('["“„«][^"”“»]*["”»]')


class Leaked(Exception):
    """The words of a reply give away instructions, or the canary that stands among them."""


def canary_of(system: str) -> str:
    """A word of 12 letters that can be spoken, the same for the same system text and unknown to who has not seen it."""
    digest = hashlib.blake2b(system.encode(), key=b"npcops canary", digest_size=2 * _SYLLABLES).digest()
    consonants, syllables = list(_CONSONANTS), []
    for first, second in zip(digest[::2], digest[1::2], strict=True):
        syllables.append(consonants.pop(first % len(consonants)) + _VOWELS[second % len(_VOWELS)])
    return "".join(syllables)


class LeakGuard:
    """Knows one canary and the instructions around it, and sees them in what a model says."""

    def __init__(self, canary: str, secrets: Sequence[str]) -> None:
        self._canary = canary
        self._patterns = patterns_of(canary)
        self._secret = _traces_of(tuple(secrets))

    def leaks(self, text: str) -> bool:
        """Whether a text holds the canary in any disguise, eight words of an instruction, or parts of the prompt."""
        return self._reveals(text) or any(self._reveals(decoded) for decoded in _decoded(text))

    def safe_length(self, text: str) -> int:
        """How many characters of a growing text may be shown: what is left out may be the beginning of the canary."""
        return safe_length(text, self._canary)

    def _reveals(self, text: str) -> bool:
        plain = folded(text)
        return (
            hides(text, plain, self._patterns)
            or _SCAFFOLDING.search(text.lower()) is not None
            or not self._secret.isdisjoint(_windows(plain))
        )


@functools.lru_cache(maxsize=64)
def _traces_of(secrets: tuple[str, ...]) -> frozenset[str]:
    """What is quoted in an instruction is no secret: these may be words that the character is to say."""
    parts = (part for secret in secrets for part in _QUOTED.split(secret))
    return frozenset(trace for part in parts for trace in _traces(part))


def _traces(secret: str) -> Iterator[str]:
    """The rows of words, and of letters whatever stands between them, that no other text has."""
    plain = folded(secret)
    yield from _rows_of_words(plain)
    letters = _NOT_LETTERS.sub("", plain)
    yield from _pieces(letters, _LETTERS, 1)
    yield from _pieces(_NOT_UNSPACED.sub("", letters), _SIGNS, 1)


def _windows(plain: str) -> Iterator[str]:
    """What to look up of a folded text: its rows of words, and every eighth row of letters, also read otherwise."""
    yield from _rows_of_words(plain)
    letters = _NOT_LETTERS.sub("", plain)
    for reading in (letters, letters[::-1], codecs.encode(letters, "rot13")):
        yield from _pieces(reading, _LETTERS, _WORDS)
    if not plain.isascii():
        yield from _pieces(_NOT_UNSPACED.sub("", letters), _SIGNS, 1)


def _rows_of_words(plain: str) -> Iterator[str]:
    words = _WORD.findall(plain)
    return (" ".join(words[start : start + _WORDS]) for start in range(len(words) - _WORDS + 1))


def _pieces(text: str, length: int, step: int) -> Iterator[str]:
    return (text[start : start + length] for start in range(0, len(text) - length + 1, step))


def _decoded(text: str) -> Iterator[str]:
    """What long runs of figures and letters say when they are decoded."""
    for run in _ENCODED.findall(text):
        padded = run.rstrip("=").translate(str.maketrans("-_", "+/"))
        try:
            yield base64.b64decode(padded + "=" * (-len(padded) % 4)).decode(errors="ignore")
        except binascii.Error:
            continue
    for run in _HEX.findall(text):
        yield bytes.fromhex(run).decode(errors="ignore")
