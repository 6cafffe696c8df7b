"""Turns free text into words that a full-text index can be asked for without any query syntax."""

from __future__ import annotations

import re
import unicodedata

MAX_WORDS = 64

_WORD = re.compile(r"[^\W_]+")
# Han, Hiragana, Katakana and Hangul: scripts whose words a tokeniser cannot find by looking for blanks.
_UNSPACED = re.compile(r"[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f]+")


def question_words(text: str) -> list[str]:
    """The distinct words of a question in their order, lower case, at most `MAX_WORDS`; letters and digits only."""
    return list(dict.fromkeys(_WORD.findall(_normal(text).lower())))[:MAX_WORDS]


def with_pairs(text: str) -> str:
    """The text with each run of unspaced script spelled as overlapping pairs of characters, separated by blanks."""
    return _UNSPACED.sub(lambda run: f" {_pairs(run[0])} ", _normal(text))


def _pairs(run: str) -> str:
    return " ".join(run[i : i + 2] for i in range(max(len(run) - 1, 1)))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text)
