"""Shows what a character says while the model is still writing it, and nothing that would have to be taken back."""

from __future__ import annotations

import re
from collections.abc import Collection

from npcops.characters import NpcCard
from npcops.json_field import JsonField
from npcops.leaks import Leaked, LeakGuard
from npcops.loose_json import LONGEST
from npcops.model_calls import Delta
from npcops.sentences import sentences
from npcops.settled_words import settled_words
from npcops.shown_parts import last_word
from npcops.spoken_words import SAY_CHARACTERS, SENTENCE_END, clean, clipped, is_json, without_citations

# Beyond this length an answer is shown sentence by sentence, for it may have to end with one.
_LONG = 1600
# The part of what was shown that is looked through again with what is new; all of it is when the reply is whole.
_LOOKED_THROUGH = 500
_LEAD = re.compile(r"\s*(?:```\w*\s*)?")
_OBJECT = re.compile(r"\{\s*[\"'}{]")
# An object among words, and one that has lost its brace.
_OBJECT_INSIDE = re.compile(r"\{\s*(?:[\"'}{]|\Z)|[\"']say[\"']\s*:")
_ARRAY = re.compile(r"\[\s*[\[\"{\]\d\-tfnNI]")
_UNDECIDED = re.compile(r"`{0,2}|[{\[]\s*")


class Saying:
    """What of one reply has been shown. It is fed the reply's pieces in order."""

    def __init__(self, card: NpcCard, guard: LeakGuard, passage_ids: Collection[str]) -> None:
        self._card, self._guard, self._passage_ids = card, guard, tuple(passage_ids)
        self._written = {"text": _Written(), "tool_input": _Written()}
        self._known = self._shown = ""

    def feed(self, delta: Delta) -> str:
        """What more may be shown now, possibly nothing. Raises Leaked."""
        written = self._written[delta.kind]
        written.add(delta.text)
        if delta.kind == "text" and self._written["tool_input"].begun:
            return ""
        if not written.news:
            return ""
        say = self._whole(written.words) if written.closed else self._settled(written.words)
        # Words that changed are no longer shown: what is said in the end will tell.
        if len(say) <= len(self._known) or not say.startswith(self._known):
            return ""
        start = max(0, len(self._known) - _LOOKED_THROUGH)
        if self._guard.leaks(say[start:]):
            raise Leaked
        self._known = say
        # What is settled ends with a whole word.
        return self._show(say if written.closed else say[: self._guard.safe_length(f"{say} ")].rstrip())

    def sentences(self) -> str:
        """The whole sentences among what was shown."""
        ends = [end for _, end in sentences(self._shown, (0, len(self._shown)))]
        if ends and not SENTENCE_END.search(self._shown, max(0, ends[-1] - 3)):
            ends.pop()
        return self._shown[: ends[-1]] if ends else ""

    def _show(self, text: str) -> str:
        if len(text) <= len(self._shown):
            return ""
        more, self._shown = text[len(self._shown) :], text
        return more

    def _whole(self, words: str) -> str:
        """As parse_speech says it."""
        said = clean(words, self._card)
        if is_json(said):
            return ""
        say, _ = without_citations(said, self._passage_ids)
        return clipped(say.strip(), SAY_CHARACTERS)

    def _settled(self, words: str) -> str:
        """The beginning of it that no further words change."""
        text = settled_words(words, self._card, self._passage_ids)
        if _ARRAY.match(text) or _OBJECT_INSIDE.match(text):
            return ""
        say, _ = without_citations(text, self._passage_ids)
        say = say.strip()
        if len(say) <= _LONG:
            return say
        ends = [match.end() for match in SENTENCE_END.finditer(say[:SAY_CHARACTERS])]
        return say[: max([_LONG, *ends[-1:]])] if ends and ends[-1] < len(say) else say[:_LONG]


class _Written:
    """The words in what a model writes in one place: JSON that holds them, or the words themselves."""

    def __init__(self) -> None:
        self._text = self._form = ""
        self._whole_words = 0
        self._field = JsonField("say")

    @property
    def begun(self) -> bool:
        """Whether there is anything."""
        return bool(self._text)

    @property
    def news(self) -> bool:
        """Whether a word was completed since this was asked last."""
        before, self._whole_words = self._whole_words, last_word(self.words)
        return self.closed or self._whole_words != before

    @property
    def words(self) -> str:
        """What is to be spoken, as far as it has come."""
        if self._form == "words":
            inside = _OBJECT_INSIDE.search(self._text)
            return self._text[: inside.start()] if inside else self._text
        return self._field.text

    @property
    def closed(self) -> bool:
        """Whether no words can follow."""
        return self._field.closed

    def add(self, piece: str) -> None:
        """The next piece."""
        if self._form == "object":
            self._field.feed(piece)
            return
        self._text = (self._text + piece)[:LONGEST]
        if not self._form:
            lead = _LEAD.match(self._text)
            start = self._text[lead.end() :] if lead else self._text
            self._form = _form(start)
            if self._form == "object":
                self._field.feed(start)


def _form(start: str) -> str:
    """`object`, `array` or `words`; nothing while it cannot be told."""
    if _UNDECIDED.fullmatch(start):
        return ""
    if _OBJECT.match(start):
        return "object"
    return "array" if _ARRAY.match(start) else "words"
