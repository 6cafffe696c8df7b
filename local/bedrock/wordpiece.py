"""The uncased WordPiece tokeniser of BERT, as its published vocabulary expects it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

MAX_WORD_CHARACTERS = 100
_CJK_RANGES = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """Turns text into the vocabulary's token numbers, between [CLS] and [SEP]."""

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._numbers = {token: number for number, token in enumerate(vocabulary)}
        self._unknown = self._numbers["[UNK]"]
        self._first = self._numbers["[CLS]"]
        self._last = self._numbers["[SEP]"]
        # Lore repeats its words, and the greedy search is the costly part.
        self._pieces = lru_cache(maxsize=50_000)(self._split_word)

    @classmethod
    def from_file(cls, path: Path) -> WordPiece:
        """Reads a `vocab.txt`: one token a line, its number being the line."""
        return cls(path.read_text(encoding="utf-8").splitlines())

    def encode(self, text: str, limit: int) -> list[int]:
        """At most `limit` token numbers, the two special ones included."""
        numbers = [self._first]
        for word in _words(text):
            numbers.extend(self._pieces(word))
            if len(numbers) >= limit:
                break
        return [*numbers[: limit - 1], self._last]

    def _split_word(self, word: str) -> tuple[int, ...]:
        """The longest known piece again and again; a word that cannot be covered is unknown as a whole."""
        if len(word) > MAX_WORD_CHARACTERS:
            return (self._unknown,)
        pieces: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else "##" + word[start:end]
                if piece in self._numbers:
                    pieces.append(self._numbers[piece])
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(pieces)


def _words(text: str) -> Iterator[str]:
    """Lower-cased words without accents; every punctuation mark and CJK character is a word of its own."""
    word = ""
    for character in unicodedata.normalize("NFD", _clean(text)).lower():
        if unicodedata.category(character) == "Mn":
            continue
        if character.isspace() or _stands_alone(character):
            if word:
                yield word
                word = ""
            if not character.isspace():
                yield character
        else:
            word += character
    if word:
        yield word


def _clean(text: str) -> str:
    """Control characters removed, every kind of white space made a blank."""
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character in "\t\n\r" or not (character in "\0\ufffd" or unicodedata.category(character)[0] == "C")
    )


def _stands_alone(character: str) -> bool:
    code = ord(character)
    if code < 128:
        return not character.isalnum()
    if unicodedata.category(character).startswith("P"):
        return True
    return any(low <= code <= high for low, high in _CJK_RANGES)
