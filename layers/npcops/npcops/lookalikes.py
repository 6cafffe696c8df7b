"""Sees the plain letters in letters that only look like them: accents, other alphabets, styled and coded signs."""

from __future__ import annotations

import functools
import re
import string
import unicodedata

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3001\u3002\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01\uff0c\uff1f"
)
"""The signs of scripts that put no spaces between words, as part of a regular expression's character set."""

_PLAIN = string.ascii_lowercase


def _alphabet(first: int, letters: str = _PLAIN) -> dict[int, str]:
    return {first + offset: letter for offset, letter in enumerate(letters)}


def _pairs(text: str) -> dict[int, str]:
    """`as` in the text: the sign `a` looks like the letter `s`."""
    return {ord(pair[0]): pair[1] for pair in text.split()}


# Lower case only: texts are put in lower case before.
_LETTERS: dict[int, str] = {
    **_pairs(
        "аa вb сc ԁd еe ғf һh іi јj кk ӏl мm нh оo рp ԛq гr ѕs тt цu ѵv ԝw хx уy ӡz ѡw үy ѳo ёe йu иu эe зz пn лn"
    ),
    **_pairs("αa βb ϲc δd εe ηn ιi κk λl μu νv οo ρp σo τt υu χx γy ζz ωw ϳj ϝf πp θo φo ξe ϐb ϵe ϱp"),
    **_pairs("օo աw զq հh ոn սu գq ցg յj ռn"),
    **_pairs("ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ꞯq ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz"),
    **_pairs(
        "ɑa ɐa æa ƀb ɓb ɔc ɕc đd ɖd ɗd ǝe əe ɛe ɜe ƒf ɟf ɠg ɡg ƃg ɥh ħh ıi ɨi ᴉi ɾj ʝj ʞk ƙk łl ɯm ɱm ŋn ɲn øo ɵo"
    ),
    **_pairs("ɵo œo þp ƥp ɋq ɹr ɍr ʂs ʇt ŧt ʉu ʋv ʌv ʍw ʎy ƴy ʐz ƶz ȥz ßs ðd"),
    **_alphabet(0x1F1E6),  # regional indicators, which make flags
    **_alphabet(0x1F150),
    **_alphabet(0x1F170),
    **_alphabet(0xE0061),  # tags, which cannot be seen
    **_alphabet(0xE0041),
    **_pairs("⠁a ⠃b ⠉c ⠙d ⠑e ⠋f ⠛g ⠓h ⠊i ⠚j ⠅k ⠇l ⠍m ⠝n ⠕o ⠏p ⠟q ⠗r ⠎s ⠞t ⠥u ⠧v ⠺w ⠭x ⠽y ⠵z"),
}
# Cyrillic letters by their sounds, where those are not what they look like.
_SOUNDS = str.maketrans("бвгжзийклмнпрстуфх", "bvgjziyklmnprstufx")
_CYRILLIC = re.compile("[б-х]")
# Letters that are other ones upside down, in texts that are.
_TURNED = str.maketrans("bdpqnuwm", "qpdbunmw")
_UPSIDE_DOWN = re.compile("[ɐǝɟƃᴉɾʞɯɹʇʌʍʎ]")
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_MARKS = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]+")
_LEET = str.maketrans("0134578@$!|€£+2", "oieastbasiieltz")
# What looks like another letter to each reader: 6 and 9 are two letters each.
_LEETS = (_LEET | str.maketrans("69", "bg"), _LEET | str.maketrans("69", "gp"))
_DRAWN = (("\\/\\/", "w"), ("\\/", "v"), ("/\\", "a"), ("><", "x"), (")(", "x"), ("|<", "k"), ("|=", "f"), ("()", "o"))
_IN_LEET = re.compile(r"[0-9@$!|€£+\\()]")


def folded(text: str) -> str:
    """The text in lower case, without accents and invisible signs, look-alikes as the letters they look like."""
    lower = text.lower()
    return lower if lower.isascii() else _FOREIGN.sub(_without_foreign, lower)


def _without_foreign(found: re.Match[str]) -> str:
    return _plain(found[0])


@functools.lru_cache(maxsize=4096)
def _plain(run: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKD", run).lower().translate(_LETTERS))


@functools.lru_cache(maxsize=4096)
def letters_of(sign: str) -> str:
    """The plain letters that one character stands for; none for what is no letter."""
    return "".join(letter for letter in folded(sign) if "a" <= letter <= "z")


def other_readings(text: str, plain: str) -> list[str]:
    """Other ways to read a text (`plain` is its folded form): figures and signs as the letters they are drawn for,
    Cyrillic letters by their sounds, and letters that were turned upside down.
    """
    readings: list[str] = []
    if not text.isascii():
        lower = text.lower()
        if _CYRILLIC.search(lower):
            readings.append(folded(lower.translate(_SOUNDS)))
        if _UPSIDE_DOWN.search(lower):
            readings.append(folded(lower.translate(_TURNED)))
    if _IN_LEET.search(plain):
        for drawn, letter in _DRAWN:
            plain = plain.replace(drawn, letter)
        readings += [plain.translate(leet) for leet in _LEETS]
    return readings
