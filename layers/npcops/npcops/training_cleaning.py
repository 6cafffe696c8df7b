"""Drops from training data what must not, or need not, be learned: duplicates, personal data, toxic answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from npcops.training_duplicates import Duplicates
from npcops.training_records import Exchange, Lesson, Passage
from npcops.training_request import TrainingRequest
from npcops.training_safety import Judged, Safety

MOST_NAMED = 20


class CleanLessons(msgspec.Struct, frozen=True):
    """The lessons that stay; `dropped` counts exchanges by reason."""

    lessons: tuple[Lesson, ...]
    dropped: dict[str, int]
    notes: tuple[str, ...]


class CleanPassages(msgspec.Struct, frozen=True):
    """The passages that stay."""

    passages: tuple[Passage, ...]
    dropped: dict[str, int]
    notes: tuple[str, ...]


def clean_lessons(lessons: Sequence[Lesson], wanted: TrainingRequest, safety: Safety) -> CleanLessons:
    """Lessons without what is dropped. One that loses an exchange in its middle becomes two: what follows a gap was
    not said after what precedes it.
    """
    turns = [(lesson.npc, turn) for lesson in lessons for turn in lesson.exchanges]
    why = _repeated(lessons)
    notes = _unsafe(turns, why, wanted, safety)
    found, place = [], 0
    for lesson in lessons:
        told = why[place : place + len(lesson.exchanges)]
        place += len(told)
        for stays, run in groupby(zip(lesson.exchanges, told, strict=True), key=lambda each: not each[1]):
            if stays:
                found.append(Lesson(lesson.npc, lesson.conversation, tuple(turn for turn, _ in run)))
    return CleanLessons(tuple(found), _counted(why), (*notes, *_lines([turn for _, turn in turns], why)))


def clean_passages(passages: Sequence[Passage], wanted: TrainingRequest, safety: Safety) -> CleanPassages:
    """Passages without duplicates and without those that hold personal data or are toxic."""
    duplicates, language = Duplicates(), wanted.npcs[0].language if wanted.npcs else "en"
    turns = [Exchange("", passage.text, passage.line) for passage in passages]
    why = [duplicates.why(turn) for turn in turns]
    notes = _judge(turns, range(len(turns)), why, language, safety)
    kept = tuple(passage for passage, reason in zip(passages, why, strict=True) if not reason)
    return CleanPassages(kept, _counted(why), (*notes, *_lines(turns, why)))


def _repeated(lessons: Sequence[Lesson]) -> list[str]:
    """Why exchanges need not be learned. A conversation is a duplicate as a whole, or else it stays as a whole: with a
    greeting taken out that others begin with as well, it would be none.
    """
    known: dict[str, Duplicates] = defaultdict(Duplicates)
    why: list[str] = []
    for lesson in lessons:
        told = [known[lesson.npc].why(turn) for turn in lesson.exchanges]
        why += told if all(told) else [""] * len(told)
    return why


def _unsafe(
    turns: Sequence[tuple[str, Exchange]], why: list[str], wanted: TrainingRequest, safety: Safety
) -> list[str]:
    """Gives reasons to exchanges, each looked at in the language of its NPC; returns what could not be told."""
    notes = dict[str, None]()
    for npc in wanted.npcs:
        places = [place for place, (whose, _) in enumerate(turns) if whose == npc.id]
        notes |= dict.fromkeys(_judge([turn for _, turn in turns], places, why, npc.language, safety))
    return list(notes)


def _judge(
    turns: Sequence[Exchange], places: Iterable[int], why: list[str], language: str, safety: Safety
) -> tuple[str, ...]:
    """Gives a reason to those of these places that have none yet."""
    told: tuple[str, ...] = ()
    left = [place for place in places if not why[place]]
    for judged in (_personal, _toxic):
        found = judged([turns[place] for place in left], language, safety)
        for place, reason in zip(left, found.why, strict=True):
            why[place] = reason
        left = [place for place in left if not why[place]]
        told += found.notes
    return told


def _personal(turns: Sequence[Exchange], language: str, safety: Safety) -> Judged:
    return safety.personal_data([f"{turn.prompt}\n{turn.completion}" for turn in turns], language)


def _toxic(turns: Sequence[Exchange], language: str, safety: Safety) -> Judged:
    return safety.toxic(turns, language)


def _counted(why: Iterable[str]) -> dict[str, int]:
    return dict(Counter(reason for reason in why if reason))


def _lines(turns: Sequence[Exchange], why: Sequence[str]) -> list[str]:
    """Where what was dropped for its content stands, so that a writer can look at it; the content is not repeated."""
    named = [f"Line {turn.line}: {reason}." for turn, reason in zip(turns, why, strict=True) if reason]
    return [
        *named[:MOST_NAMED],
        *([f"{len(named) - MOST_NAMED} more lines were dropped."] if named[MOST_NAMED:] else []),
    ]
