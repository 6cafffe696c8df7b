"""Reads what a character takes to heart out of what a model noted down."""

from __future__ import annotations

import math
from typing import Any

from npcops.characters import NpcCard
from npcops.leaks import LeakGuard
from npcops.memory import MOST_NOTES, NOTE_CHARACTERS, Note
from npcops.sentences import sentences
from npcops.spoken_words import clean, is_json

_USUAL = Note("").importance
_TEXT_KEYS = ("text", "fact", "note")


def read_notes(entries: list[Any], card: NpcCard, guard: LeakGuard) -> tuple[tuple[Note, ...], int]:
    """The first notes that make sense, one sentence each and none twice, and how many entries were left out."""
    notes: dict[str, Note] = {}
    for entry in entries:
        note = _note(entry, card)
        if note and len(notes) < MOST_NOTES and note.text not in notes and not guard.leaks(note.text):
            notes[note.text] = note
    return tuple(notes.values()), len(entries) - len(notes)


def _note(entry: Any, card: NpcCard) -> Note | None:
    """A note is a text, or an object of a text and how much it matters."""
    fields = entry if isinstance(entry, dict) else {"text": entry}
    written = next((value for key in _TEXT_KEYS if isinstance(value := fields.get(key), str)), "")
    text = _sentence(" ".join(clean(written, card).split()))
    if not any(sign.isalpha() for sign in text) or is_json(text):
        return None
    return Note(text, _importance(fields.get("importance", _USUAL)))


def _sentence(text: str) -> str:
    """The first sentence, if it is short enough to be one."""
    start, end = next(sentences(text, (0, len(text))), (0, 0))
    return text[start:end] if end - start <= NOTE_CHARACTERS else ""


def _importance(value: Any) -> int:
    """A number from 1 to 5; what is none is of the usual importance."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return _USUAL
    return min(5, max(1, round(value)))
