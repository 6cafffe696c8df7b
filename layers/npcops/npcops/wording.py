"""Words as they are compared: in every script, without case, accents and punctuation, numbers in one form."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from npcops.number_words import merged
from npcops.sentences import lines, sentences

# Scripts in which  are not, or not only, parted by spaces: each sign is a  of its own, so that a phrase is
# found inside a run of them.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_THOUSANDS = re.compile(r"(?<=\d)[,.'’\u00a0\u202f](?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")
_DECIMAL_POINT = "\ue000"
_LETTERS = {"L", "N"}
# Words that say nothing by themselves: what an answer and its source have in common by chance.
_EMPTY = """
a about after again ago all also although always am an and another any anybody anyone anything are aren as at away aye
back be because been before behind being below beside besides between both but by came can cannot come comes could
couldn d did didn do does doesn doing don done down each either else enough ever every everybody everyone everything
few first for from gave get gets give gives go goes going gone good got had hadn has hasn have haven having he her here
hers herself him himself his how however i if in indeed inside instead into is isn it its itself just keep kept know
knows last least left less let like likely little ll look lot m made make makes many may maybe me might mine more most
much must my myself near nearly need never next no nobody none nor not nothing now o of off often on once one ones only
or other others our ours out over own perhaps put quite rather re really right round s said same say says see seen she
should shouldn since so some somebody someone something soon still such sure t take taken takes tell tells than that
the their theirs them themselves then there these they thing things think this those though thought through till time
to together told too took toward towards two under until up upon us use used ve very want wants was wasn way we well
went were weren what whatever when where which while who whole whom whose why will with within without won would wouldn
ye yes yet you your yours yourself
friend mister missus traveller recruit reader dear sir madam stranger der das den dem des ein eine einen einem einer
und oder aber ist sind waren haben nicht kein keine zu von mit auf in im am so auch nur noch schon wie was wer wo wenn
dann da hier es er sie ich du wir ihr mich dich sich mein le la les un une des du de et ou mais est sont a ont ne pas
que qui où il elle on nous vous je tu se sa ses ce cette dans pour par avec au aux el los las una unos y o pero es era
no en por para con su sus lo al del que
"""
EMPTY = frozenset(_EMPTY.split())


def plain(text: str) -> str:
    """The text in one form of its letters: no case, no accents, no signs that cannot be seen."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = unicodedata.normalize("NFC", _LATIN_MARKS.sub("", decomposed))
    return "".join(character for character in bare if unicodedata.category(character) != "Cf")


@functools.lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in order; numbers, in digits or in words, are digits. Unspaced scripts: each sign is one."""
    bare = _DECIMAL.sub(_DECIMAL_POINT, _THOUSANDS.sub("", plain(text)))
    return tuple(word.replace(_DECIMAL_POINT, ".") for word in merged(list(_split(bare))))


def content(text: str) -> tuple[str, ...]:
    """The words that carry a text's meaning, in order, without their endings; numbers are not among them."""
    return tuple(stem(word) for word in words(text) if word not in EMPTY and not is_number(word))


def numbers(text: str) -> tuple[str, ...]:
    """The numbers of a text, in order. A lone `one` is none: mostly it counts nothing."""
    return tuple(word for word in words(text) if is_number(word) and word != "1")


def is_number(word: str) -> bool:
    """Whether a word is digits, or an ordinal (`9th`)."""
    return word[:1].isdigit()


@functools.lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word without its ending, by the rules of English; those of other languages mostly stay as they are."""
    return str(_stemmer().stemWord(word))


def stems(text: str) -> tuple[str, ...]:
    """The words of a text without their endings."""
    return tuple(word if is_number(word) else stem(word) for word in words(text))


def places(phrase: str, text: str) -> list[int]:
    """Where, counted in words, a phrase stands in a text; an empty one is nowhere."""
    return row_places(words(phrase), words(text))


def row_places(wanted: Sequence[str], found: Sequence[str]) -> list[int]:
    """Where a row of words stands in another; an empty one is nowhere."""
    size = len(wanted)
    return [at for at in range(len(found) - size + 1) if found[at : at + size] == wanted] if wanted else []


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, none of them empty."""
    return [
        text[start:end]
        for line in lines(text, (0, len(text)))
        for start, end in sentences(text, line)
        if any(character.isalnum() for character in text[start:end])
    ]


def in_order(some: Sequence[str], others: Sequence[str]) -> int:
    """How many words two rows have in common in the same order (the longest common subsequence)."""
    from rapidfuzz.distance import LCSseq

    return int(LCSseq.similarity(some, others))


@functools.cache
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")


def _split(bare: str) -> Iterator[str]:
    word = ""
    for character in bare:
        kind = unicodedata.category(character)
        if kind[0] == "M" and word:
            word += character
        elif _UNSPACED.match(character) and kind[0] in _LETTERS:
            if word:
                yield word
            word = character
        elif kind[0] in _LETTERS or character == _DECIMAL_POINT:
            if word and _UNSPACED.match(word[0]):
                yield word
                word = ""
            word += character
        elif word:
            yield word
            word = ""
    if word:
        yield word
