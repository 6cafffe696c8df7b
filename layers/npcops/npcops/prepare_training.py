"""Use case: make of uploaded data what a base model is tuned with, what it is judged by, and a report about both."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from npcops.errors import InvalidRequest, UnreadableDocument
from npcops.family_formats import Written, lesson_records, passage_record
from npcops.golden import GoldenCase
from npcops.recipes import Recipe, Training, recipe
from npcops.training_cases import cases_of
from npcops.training_cleaning import clean_lessons, clean_passages
from npcops.training_data import read_training, where
from npcops.training_records import Dataset, Exchange, Lesson, Passage
from npcops.training_request import TrainingRequest
from npcops.training_safety import Safety
from npcops.training_selection import select
from npcops.training_split import Part, split
from npcops.tunings import DataReport

TOO_LONG, TOO_MANY = "longer than the model takes", "more than the model takes"
UNREADABLE = "cannot be read"
MOST_NAMED = 20


class Prepared(msgspec.Struct, frozen=True):
    """The files of a run: lines of training and validation data, held-out cases, and the report."""

    train: list[bytes]
    validation: list[bytes]
    heldout: list[GoldenCase]
    report: DataReport


class _Kept(msgspec.Struct):
    """What is learned, part by part, and what was said of it on the way."""

    parts: dict[Part, list[Lesson]] | dict[Part, list[Passage]]
    dropped: Counter[str]
    speakers: dict[str, int]
    notes: list[str]


def prepare(files: Mapping[str, bytes], wanted: TrainingRequest, safety: Safety) -> Prepared:
    """Raises UnreadableDocument (nothing, or too little, of the data can be used), InvalidRequest (the base model
    cannot be tuned so), ModelFailed and ModelUnavailable (personal data cannot be looked for).
    """
    base = recipe(wanted.request.base)
    training = base.training(wanted.request.type)
    dataset = read_training(files)
    kept = _texts(dataset, wanted, safety) if _plain(wanted) else _lessons(dataset, wanted, safety)
    written = _written(kept, wanted, base, training)
    cases, left_out = cases_of(record for record in kept.parts["heldout"] if isinstance(record, Lesson))
    if left_out:
        kept.notes.append(f"{left_out} held-out exchanges are too long for a golden case.")
    _enough(written, training, base)
    report = _report(dataset, base, kept, written, len(cases))
    lines = {part: [each.line for each in written[part]] for part in written}
    return Prepared(lines["train"], lines["validation"], cases, report)


def _plain(wanted: TrainingRequest) -> bool:
    return wanted.request.type == "continued-pre-training"


def _lessons(dataset: Dataset, wanted: TrainingRequest, safety: Safety) -> _Kept:
    if not dataset.examples:
        raise UnreadableDocument(
            "This is plain text: nobody answers anybody in it. Tune with type continued-pre-training, or upload pairs."
        )
    selected = select(dataset, wanted)
    cleaned = clean_lessons(selected.lessons, wanted, safety)
    dropped = Counter(selected.dropped) + Counter(cleaned.dropped)
    if dataset.passages:
        dropped["plain text among pairs"] += len(dataset.passages)
    return _Kept(dict(split(cleaned.lessons)), dropped, selected.speakers, list(cleaned.notes))


def _texts(dataset: Dataset, wanted: TrainingRequest, safety: Safety) -> _Kept:
    """Texts are learned whole; nothing is held out, since there is nothing that an NPC could be asked."""
    said = (
        Passage(example.conversation, f"{turn.prompt}\n{turn.completion}", turn.line)
        for example in dataset.examples
        for turn in example.exchanges
    )
    cleaned = clean_passages([*dataset.passages, *said], wanted, safety)
    notes = [*cleaned.notes, "Nothing is held out of plain text: the model is judged by golden cases alone."]
    return _Kept(dict(split(cleaned.passages, heldout=0)), Counter(cleaned.dropped), {}, notes)


def _written(kept: _Kept, wanted: TrainingRequest, base: Recipe, training: Training) -> dict[Part, list[Written]]:
    """The records of both parts, within what the model takes."""
    systems = {npc.id: npc.system for npc in wanted.npcs}
    found: dict[Part, list[Written]] = {}
    parts: tuple[Part, ...] = ("train", "validation")
    for part in parts:
        records: list[Written] = []
        for record in kept.parts[part]:
            if isinstance(record, Passage):
                records.append(passage_record(record, base))
            else:
                records += _fitting(record, systems[record.npc], base, training)
        fitting = [each for each in records if each.tokens <= training.most_tokens]
        kept.dropped[TOO_LONG] += len(records) - len(fitting)
        found[part] = fitting
    return _few(found, kept, training)


def _fitting(lesson: Lesson, system: str, base: Recipe, training: Training) -> list[Written]:
    """The records of a lesson; a conversation that is too long is learned without its beginning."""
    turns: Sequence[Exchange] = lesson.exchanges
    records = lesson_records(turns, system, base)
    while len(turns) > 1 and any(each.tokens > training.most_tokens for each in records):
        turns = turns[(len(turns) + 1) // 2 :]
        records = lesson_records(turns, system, base)
    return records


def _few(found: dict[Part, list[Written]], kept: _Kept, training: Training) -> dict[Part, list[Written]]:
    """No more records than the model takes: those that are left out are told by their hash, not by their place."""
    total = sum(map(len, found.values()))
    if not training.most_records or total <= training.most_records:
        return found
    kept.dropped[TOO_MANY] += total - training.most_records
    fewer: dict[Part, list[Written]] = {}
    for part, records in found.items():
        allowed = training.most_records * len(records) // total
        chosen = set(sorted(range(len(records)), key=lambda place: _hash(records[place].line))[:allowed])
        fewer[part] = [record for place, record in enumerate(records) if place in chosen]
    return fewer


def _hash(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=8).digest()


def _enough(written: dict[Part, list[Written]], training: Training, base: Recipe) -> None:
    """Raises UnreadableDocument or InvalidRequest."""
    records = sum(map(len, written.values()))
    if not written["train"] or records < training.least_records:
        least = max(training.least_records, 1)
        raise UnreadableDocument(
            f"After all that was dropped {records} records are left to learn from; {base.base} needs {least} or more."
        )
    bounds: dict[Part, int] = {"train": training.training_bytes, "validation": training.validation_bytes}
    for part, most in bounds.items():
        size = sum(len(each.line) + 1 for each in written[part])
        if most and size > most:
            raise InvalidRequest(f"The {part} data has {size:,} bytes; {base.base} takes {most:,}.")


def _report(dataset: Dataset, base: Recipe, kept: _Kept, written: dict[Part, list[Written]], cases: int) -> DataReport:
    records = [each for part in written.values() for each in part]
    dropped = kept.dropped + Counter({UNREADABLE: len(dataset.unread)})
    return DataReport(
        format=", ".join(dataset.formats),
        family=base.family,
        read=dataset.read,
        dropped={why: count for why, count in sorted(dropped.items()) if count},
        examples={"train": len(written["train"]), "validation": len(written["validation"]), "heldout": cases},
        conversations={part: len({each.conversation for each in kept.parts[part]}) for part in kept.parts},
        characters=sum(each.characters for each in records),
        longest=max(each.characters for each in records),
        speakers=kept.speakers,
        notes=(*kept.notes, *_left_empty(written, cases, kept), *_named(dataset), *((base.note,) if base.note else ())),
    )


def _left_empty(written: dict[Part, list[Written]], cases: int, kept: _Kept) -> Iterable[str]:
    if not written["validation"]:
        yield "There is too little data for a validation part: no validation loss is measured."
    if not cases and any(isinstance(record, Lesson) for record in kept.parts["train"]):
        yield "There is too little data to hold some of it out: the model is judged by golden cases alone."


def _named(dataset: Dataset) -> Iterable[str]:
    """What could not be read, by line."""
    for unread in dataset.unread[:MOST_NAMED]:
        yield f"{where(unread)}{unread.why}"
    if len(dataset.unread) > MOST_NAMED:
        yield f"{len(dataset.unread) - MOST_NAMED} more records cannot be read."
