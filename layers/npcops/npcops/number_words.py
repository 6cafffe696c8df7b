"""Numbers that are written as words, as digits: of English up to millions, of some other languages up to twelve."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth"
).split()
_TENTHS = ["twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"]
_VALUES = {word: value for value, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_LARGE = {"thousand": 1_000, "million": 1_000_000}
_RANKED = {word: value for value, word in enumerate(_ORDINALS)} | {word: 10 * n for n, word in enumerate(_TENTHS, 2)}
_RANKED["hundredth"] = 100
# By themselves, `first` and `second` are more often other words (at first, a second) than numbers.
_RANKS = _RANKED.keys() - {"zeroth", "first", "second"}
# Without accents and case, as words are compared. What is an article as well (`ein`, `un`) is left out.
_ELSEWHERE = {
    "de": "zwei drei vier funf sechs sieben acht neun zehn elf zwolf",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici",
    "pt": "dois tres quatro cinco seis sete oito nove dez onze doze",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "pl": "dwa trzy cztery piec szesc siedem osiem dziewiec dziesiec jedenascie dwanascie",
    "sv": "tva tre fyra fem sex sju atta nio tio elva tolv",
    "ru": "два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
}
# Words that are something else in another of these languages (English `once`, `fem`) are left as they are.
_OTHERS = {"once", "die", "sex", "sei", "acht"}
_FOREIGN = {
    word: value
    for row in _ELSEWHERE.values()
    for value, word in enumerate(row.split(), 2)
    if word not in _OTHERS and word not in _VALUES
}
_AND = "and"
_JOINED = ("hundred", *_LARGE)


def merged(words: Sequence[str]) -> list[str]:
    """The words, with each run of number words in the place of which its digits stand: `forty one` is `41`.

    Ordinals keep their ending: `ninth` is `9th`, and so is `9th`.
    """
    out: list[str] = []
    at = 0
    while at < len(words):
        taken, value = _number(words, at)
        out.append(value if taken else words[at])
        at += taken or 1
    return out


def _number(words: Sequence[str], start: int) -> tuple[int, str]:
    """How many words from `start` on are one number, and its digits."""
    word = words[start]
    if word in _FOREIGN:
        return 1, str(_FOREIGN[word])
    if word == "dozen":
        return 1, "12"
    if word[-2:] in ("st", "nd", "rd", "th") and word[:-2].isdigit():
        return 1, f"{int(word[:-2])}th"
    at, total, part, ended = start, 0, 0, 0
    while at < len(words):
        word = words[at]
        begins = at == start or words[at - 1] in _LARGE or (words[at - 1] == _AND and words[at - 2] in _LARGE)
        if word in _RANKED and _fits(part, _RANKED[word], begins and word in _RANKS):
            return (
                at + 1 - start,
                f"{total + (part or 1) * 100 if _RANKED[word] == 100 else total + part + _RANKED[word]}th",
            )
        if word in _LARGE and (part or at == start):
            total, part = total + (part or 1) * _LARGE[word], 0
        elif word == "hundred" and (part < 100 and (part or at == start)):
            part = (part or 1) * 100
        elif word in _VALUES and _fits(part, _VALUES[word], begins):
            part += _VALUES[word]
        elif not (word == _AND and at > start and words[at - 1] in _JOINED and _goes_on(words, at + 1)):
            break
        at += 1
        ended = at if word != _AND else ended
    return (ended - start, str(total + part)) if ended else (0, "")


def _fits(part: int, value: int, begins: bool) -> bool:
    """Whether a word of this value may follow: `twenty` and `one`, but not `one` and `two`."""
    if begins:
        return part == 0
    if value == 100:
        return 0 < part < 100
    return part > 0 and (part % 100 == 0 or (0 < value < 10 and part % 100 >= 20 and part % 10 == 0))


def _goes_on(words: Sequence[str], at: int) -> bool:
    return at < len(words) and (words[at] in _VALUES or words[at] in _RANKS)
