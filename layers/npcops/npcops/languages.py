"""In which language something is said, as far as so short a text can tell (by py3langid)."""

from __future__ import annotations

import functools
import re
from typing import Any

from npcops.wording import split_sentences

# What the model takes for one another, or what is one language to a player: by the tag's first part.
_KIN = (
    frozenset({"zh", "yue", "wuu", "lzh", "cmn", "hak", "nan"}),
    frozenset({"no", "nb", "nn", "da"}),
    frozenset({"sr", "hr", "bs", "sh"}),
    frozenset({"id", "ms"}),
    frozenset({"fil", "tl"}),
    frozenset({"gl", "pt"}),
    frozenset({"ca", "es", "an"}),
    frozenset({"af", "nl"}),
    frozenset({"ru", "be", "bg"}),
    frozenset({"uk", "be"}),
    frozenset({"cs", "sk"}),
)
# Letters below which nothing is told; unspaced scripts say as much in fewer.
_LEAST_LETTERS, _LEAST_SIGNS = 14, 4
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Another language is told when it is at least so likely, and so many times likelier than the one asked for.
_SURE, _TIMES = 0.5, 3.0
# Or when the one asked for is hardly possible, whichever it is.
_HARDLY = 0.02
# A single sentence must be longer, and surer: an English line with three names in it is nothing else.
_SENTENCE_LETTERS, _SENTENCE_SURE = 28, 0.7


def spoken(text: str) -> str | None:
    """The language of a text (ISO 639), None where it is too short, or too much like several, to tell."""
    if not _long_enough(text):
        return None
    ranked = _ranked(text)
    best = max(ranked, key=lambda tag: ranked[tag])
    return best if ranked[best] >= _SURE else None


def is_in(text: str, tag: str) -> bool | None:
    """Whether a text is in the language of a BCP 47 tag, all of it; None where that cannot be told.

    One sentence that is surely in another language is enough for no. Closely related languages are not told apart.
    """
    wanted = _kin(tag)
    if not _long_enough(text) or not wanted & set(_model().labels):
        return None
    if _other(text, wanted, _SURE):
        return False
    parts = [part for part in split_sentences(text) if len(part) >= _SENTENCE_LETTERS or _UNSPACED.search(part)]
    return not any(_long_enough(part) and _other(part, wanted, _SENTENCE_SURE) for part in parts)


def same(one: str | None, other: str | None) -> bool | None:
    """Whether two tags are one language, or closely related; None if either is not known."""
    return bool(_kin(one) & _kin(other)) if one and other else None


def _other(text: str, wanted: frozenset[str], sure: float) -> bool:
    ranked = _ranked(text)
    best = max(ranked, key=lambda tag: ranked[tag])
    likely = max(ranked.get(tag, 0.0) for tag in wanted)
    clear = ranked[best] >= sure and ranked[best] >= _TIMES * likely
    return best not in wanted and (clear or likely <= min(_HARDLY, ranked[best] / 10))


def _kin(tag: str) -> frozenset[str]:
    language = tag.lower().partition("-")[0]
    return frozenset({language}).union(*(kin for kin in _KIN if language in kin))


def _long_enough(text: str) -> bool:
    letters = sum(character.isalpha() for character in text)
    return letters >= _LEAST_LETTERS or len(_UNSPACED.findall(text)) >= _LEAST_SIGNS


def _ranked(text: str) -> dict[str, float]:
    return {tag: float(likely) for tag, likely in _model().rank(text)}


@functools.cache
def _model() -> Any:
    """About a second and 120 MB, once a process."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
