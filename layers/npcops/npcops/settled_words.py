"""Tells which of the words that have come so far will be spoken, whatever comes after them."""

from __future__ import annotations

import re
from collections.abc import Collection

from npcops.characters import NpcCard
from npcops.shown_parts import last_word
from npcops.spoken_words import QUOTES, SPEAKERS, names_of, opening_quote, visible, without_label, without_markup

_OPEN_TAG = re.compile(r"<(?:/?(?:[A-Za-z][\w-]*(?:\s[^<>]*)?/?)?|\|[^<>|]*\|?)\Z")
_OPEN_BRACKET = re.compile(r"[\[(]([^\[\]()]*)\Z")
_SPEAKER = re.compile(rf"\n(?:{SPEAKERS})\Z", re.I)
_BEFORE_NAME = re.compile(r"[*_\[(]{0,3}")
_BEHIND_NAME = re.compile(r"[*_\])]{0,3}\s?(?:\([^()]{0,40}(?:\)\s?)?)?")


def settled_words(text: str, card: NpcCard, passage_ids: Collection[str]) -> str:
    """The beginning of what `spoken_words.clean` will make of any text that begins with this one."""
    text = visible(text)
    text = _SPEAKER.sub("", without_markup(text[: _settled_length(text, passage_ids)])).rstrip()
    while not _is_open(text, card):
        shorter = without_label(text, card).strip()
        if shorter == text:
            return text
        text = shorter
    return ""


def _settled_length(text: str, passage_ids: Collection[str]) -> int:
    """What stands before the last word, and before anything that is cut out once it is complete."""
    text = text[: last_word(text)]
    # What the last word may have completed is open now.
    if tag := _OPEN_TAG.search(text):
        text = text[: tag.start()]
    bracket = _OPEN_BRACKET.search(text)
    return bracket.start() if bracket and _may_be_citations(bracket[1], passage_ids) else len(text)


def _may_be_citations(text: str, passage_ids: Collection[str]) -> bool:
    """Whether every part of a list begins a passage's id."""
    parts = [part.strip() for part in re.split("[,;]", text)]
    return all(any(passage.startswith(part) for passage in passage_ids) for part in parts)


def _is_open(text: str, card: NpcCard) -> bool:
    """Whether it is not known yet if the text begins with a quotation to its end, or with the speaker's name."""
    if quote := opening_quote(text):
        return not {quote, QUOTES[quote]} & set(text[1:-1])
    before = _BEFORE_NAME.match(text)
    rest = text[before.end() if before else 0 :].lower()
    for name in (name.lower() for name in names_of(card)):
        if name.startswith(rest) or (rest.startswith(name) and _BEHIND_NAME.fullmatch(rest, len(name))):
            return True
    return False
