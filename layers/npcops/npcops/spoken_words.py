"""Makes the words that a character speaks out of what a model wrote for them."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Collection

from npcops.characters import NpcCard
from npcops.loose_json import LONGEST, looks_like_object

SAY_CHARACTERS = 2000
SPEAKERS = "player|user|human|traveller|system|assistant"
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»]*(?=\s|$)")
QUOTES = {'"': '"', "“": "”", "«": "»", "„": "“", "'": "'", "‘": "’", "「": "」"}
_MARKUP = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>|<\|[^<>|]*\|>|\[/?INST\]|```\w*")
# Control characters that are no white space, halves of characters, and marks that reverse or hide text. Joiners stay:
# scripts and emoji need them.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_ANOTHER_SPEAKER = re.compile(rf"\n(?:{SPEAKERS})\s*[:：].*", re.S | re.I)
# 'Tis a letter left out, not the beginning of a quotation.
_ELISION = re.compile(
    r"['‘](?:t(?:is|was|were|will|would|ill?)|em|cause|ere|round|bout|cept|neath|gainst|twixt)\b", re.I
)
# Shorter ids might be words.
_ID_CHARACTERS = 8
_NO_WORDS = frozenset({"null", "undefined"})


def clean(text: str, card: NpcCard) -> str:
    """The spoken words alone: no markup, control characters, speaker's name, quotes or words of another speaker."""
    text = without_markup(text)
    while (shorter := _unquoted(without_label(text, card)).strip()) != text:
        text = shorter
    return "" if text.lower() in _NO_WORDS else text


def visible(text: str) -> str:
    """A text without what nobody sees."""
    return _UNSEEN.sub("", text[:LONGEST])


def without_markup(text: str) -> str:
    """A text without markup, control characters and words of another speaker; white space is single."""
    text = re.sub(r"[^\S\n]+", " ", _MARKUP.sub(" ", visible(text)).strip())
    return _ANOTHER_SPEAKER.sub("", re.sub(r" ?\n[ \n]*", "\n", text)).strip()


def without_label(text: str, card: NpcCard) -> str:
    """A text without the speaker's name before it."""
    return _label(names_of(card)).sub("", text)


def names_of(card: NpcCard) -> tuple[str, ...]:
    """What a model may call the speaker, the longest first."""
    return tuple(sorted({card.name, card.id, card.name.split(" ")[0]} - {""}, key=lambda name: (-len(name), name)))


@functools.lru_cache(maxsize=256)
def _label(names: tuple[str, ...]) -> re.Pattern[str]:
    """`Name:` in front of the words, perhaps emphasised, perhaps with a manner: `**Name** (smiling):`."""
    either = "|".join(re.escape(name) for name in names)
    label = rf"[*_\[(]{{0,3}}(?:{either})[*_\])]{{0,3}}\s?(?:\([^()]{{1,40}}\)\s?)?[:：][*_]{{0,3}}\s*"
    return re.compile(rf"^(?:{label})+", re.I)


def opening_quote(text: str) -> str:
    """The quotation mark that a text begins with, or nothing."""
    return text[:1] if text[:1] in QUOTES and not _ELISION.match(text) else ""


def _unquoted(text: str) -> str:
    """Without the one pair of quotes around all of it."""
    opening = opening_quote(text)
    closing = QUOTES.get(opening)
    if closing and len(text) > 1 and text.endswith(closing) and not {opening, closing} & set(text[1:-1]):
        return text[1:-1]
    return text


def clipped(text: str, limit: int, cut: bool = False) -> str:
    """At most `limit` characters. A text that is `cut`, here or before, ends with its last whole sentence if it can."""
    if len(text) <= limit and (not cut or SENTENCE_END.search(text[-3:])):
        return text
    ends = [match.end() for match in SENTENCE_END.finditer(text[:limit])]
    return text[: ends[-1]] if ends else text[: limit - 1].rstrip() + "…"


def without_citations(text: str, passage_ids: Collection[str]) -> tuple[str, list[str]]:
    """The text without the passage ids that the model wrote into it, in brackets or without, and these ids."""
    written = [re.escape(passage) for passage in passage_ids if len(passage) >= _ID_CHARACTERS and passage in text]
    if not written:
        return text, []
    one = "|".join(sorted(written, key=len, reverse=True))
    cited = re.compile(rf"\s*[\[(]\s*(?:{one})(?:\s*[,;]\s*(?:{one}))*\s*[\])]|\s*\b(?:{one})\b")
    quoted = [passage for found in cited.findall(text) for passage in re.findall(one, found)]
    return cited.sub("", text), quoted


def is_json(text: str) -> bool:
    """Whether a text is a JSON object or array, or begins as an object."""
    if looks_like_object(text):
        return True
    try:
        return isinstance(json.loads(text), dict | list)
    except RecursionError:
        return True
    except ValueError:
        return False
