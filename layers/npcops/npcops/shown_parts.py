"""How much of a growing text may be shown before it is known what it becomes."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator

from npcops.disguises import simple_ciphers, spelled
from npcops.lookalikes import UNSPACED, folded, letters_of

Letter = tuple[str, int]
"""A letter and the place in the text that it, or the word it stands for, begins at."""

# Where a word of 12 letters would begin, if each were a word with some words between.
_REACH = 400
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[^\W\d_]+")
_BREAK = re.compile(rf"[\s{UNSPACED}]")
# A token that may be a piece of something encoded: a single sign, signs alone, capitals alone, or figures and signs
# among the letters.
_CODED = re.compile(r"\W*\w\W*|[\W_]+|[A-Z2-7=]{6,}\W*|[0-9a-f]{2}|.*(?:[0-9]|[a-z][A-Z]|[=+/\\%&#|@$<>_]).*", re.S)
# So many letters may be the beginning of the word; fewer are shown.
_LEAST, _LEAST_APART = 2, 3
_STRIDES, _INITIAL_STRIDES = (2, 3), (1, 2, 3, 4)


def last_word(text: str) -> int:
    """Where the word begins that the text ends with; in scripts without spaces every sign is whole."""
    found = _BREAK.search(text[::-1])
    return len(text) - found.start() if found else 0


def safe_length(text: str, word: str) -> int:
    """How many characters of `text` can be shown without showing a beginning of `word` that is to be completed.

    The last word is not shown unless white space follows it.
    """
    start = max(0, len(text) - _REACH)
    tail = text[start:]
    both, ciphers = _both(word), _ciphers(word)
    words = [(plain, found.start()) for found in _WORD.finditer(tail) if (plain := folded(found[0]))]
    names = [(letter, at) for plain, at in words if (letter := spelled([plain]))]

    def letters() -> Iterator[Letter]:
        places = range(len(tail) - 1, -1, -1)
        return ((letter, place) for place in places for letter in reversed(letters_of(tail[place])))

    def firsts() -> Iterator[Letter]:
        return ((plain[0], at) for plain, at in reversed(words))

    held = (
        _coded_from(tail),
        *_matches(letters, both, 1, _LEAST),
        *_matches(letters, ciphers, 1, _LEAST_APART),
        *_matches(lambda: reversed(names), both, 1, _LEAST),
        *(place for stride in _STRIDES for place in _matches(letters, both, stride, _LEAST_APART)),
        *(place for stride in _INITIAL_STRIDES for place in _matches(firsts, both, stride, _LEAST_APART)),
    )
    return start + min(held)


@functools.lru_cache(maxsize=128)
def _both(word: str) -> str:
    return f"{word} {word[::-1]}"


@functools.lru_cache(maxsize=128)
def _ciphers(word: str) -> str:
    return " ".join(_both(cipher) for cipher in simple_ciphers(word))


def _matches(backwards: Callable[[], Iterator[Letter]], both: str, stride: int, least: int) -> Iterator[int]:
    """Where the last letters begin to be a part of the word, if at least so many are; each stride-th letter counts."""
    for skipped in range(stride):
        part, place, count = "", 0, 0
        for letter, at in itertools.islice(backwards(), skipped, None, stride):
            part = letter + part
            if part not in both:
                break
            place, count = at, count + 1
        if count >= least:
            yield place


def _coded_from(text: str) -> int:
    """Where the tokens begin that may be a code, up to the last word, which is one of them until it ends."""
    start = last_word(text)
    for token in reversed(list(_TOKEN.finditer(text, 0, start))):
        if not _CODED.fullmatch(token[0]):
            break
        start = token.start()
    return start
