"""Speech marks out of espeak-ng's events: sentences, words, and the shapes that the mouth takes for each sound."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Any

from local.polly.espeak import PHONEME, SENTENCE, WORD

# Polly's names of mouth shapes, and the sounds (IPA) that begin with each. A diphthong looks as it begins.
_SOUNDS = {
    "p": "pbm",
    "t": "tdnlɫɬɾʈɖɳɭ",
    "S": "ʃʒʂʐɕʑ",
    "T": "θð",
    "f": "fvɱʋ",
    "k": "kgɡhŋxɣqχʔɦçcɟħʕɲʎɴ",
    "i": "jiɪyʏɨ",
    "r": "rɹɻʁʀɽ",
    "s": "sz",
    "u": "uwʊɯʉɥʍ",
    "@": "əɚɵɘ",
    "a": "aæɑɐ",
    "e": "eø",
    "E": "ɛɜɝʌœ",
    "o": "o",
    "O": "ɔɒɤ",
}
_SHAPES = {sound: shape for shape, sounds in _SOUNDS.items() for sound in sounds}
_AFFRICATES = {"ʃ": "S", "ʒ": "S", "ɕ": "S", "ʑ": "S", "ʂ": "S", "ʐ": "S", "s": "s", "z": "s"}
# A stop closes the mouth for less than this; what is silent for longer is a pause.
PAUSE_MS = 50
SILENT = "sil"
Mark = dict[str, Any]


def shape(sound: str) -> str | None:
    """The shape of the mouth for a sound in IPA; None for what has none of its own."""
    letters = sound.lstrip("ˈˌ")
    if letters[:1] in ("t", "d") and (affricate := _AFFRICATES.get(letters[1:2])):
        return affricate
    return _SHAPES.get(letters[:1])


def marks(text: str, events: list[list[Any]], length_ms: int, kinds: Collection[str]) -> list[Mark]:
    """The marks of these kinds (`sentence`, `word`, `viseme`), by time. Offsets are in bytes of UTF-8, as Polly's."""
    found: list[Mark] = []
    if "sentence" in kinds:
        found += _sentences(text, events)
    if "word" in kinds:
        found += [
            _span(text, "word", at, start - 1, start - 1 + size)
            for kind, at, start, size, _ in events
            if kind == WORD and text[start - 1 : start - 1 + size].strip()
        ]
    if "viseme" in kinds:
        found += [{"time": at, "type": "viseme", "value": value} for at, value in _visemes(events, length_ms)]
    return sorted(found, key=lambda mark: int(mark["time"]))


def _sentences(text: str, events: list[list[Any]]) -> Iterator[Mark]:
    starts = [(at, start - 1) for kind, at, start, _, _ in events if kind == SENTENCE]
    for (at, start), (_, end) in pairwise([*starts, (0, len(text))]):
        if text[start:end].strip():
            yield _span(text, "sentence", at, start, start + len(text[start:end].rstrip()))


def _span(text: str, kind: str, at: int, start: int, end: int) -> Mark:
    first = len(text[:start].encode())
    value = text[start:end]
    return {"time": at, "type": kind, "start": first, "end": first + len(value.encode()), "value": value}


def _visemes(events: list[list[Any]], length_ms: int) -> Iterator[tuple[int, str]]:
    """Shapes and when each begins. The last one is silence, as long as the audio lasts."""
    sounds = [(at, sound) for kind, at, _, _, sound in events if kind == PHONEME]
    last = ""
    for (at, sound), (end, _) in pairwise([*sounds, (length_ms, "")]):
        value = shape(sound) if sound else SILENT if end - at >= PAUSE_MS else None
        if value and not (value == last == SILENT):
            yield at, value
            last = value
    if last != SILENT:
        yield length_ms, SILENT
