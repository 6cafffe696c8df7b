"""Makes golden cases of exchanges that were held out: what the NPC should say is known, and no model has seen it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from npcops.golden import GoldenCase
from npcops.training_records import Lesson

KIND = "persona"
MOST_MESSAGES = 8
# An evaluation plays each of them with both models.
MOST_CASES = 200


def cases_of(lessons: Iterable[Lesson]) -> tuple[list[GoldenCase], int]:
    """One case for each lesson, about its last answer, MOST_CASES at most; and how many were too long for one.

    None of them is required: a good answer may be quite another one. They tell how near a model's answers come.
    """
    cases: dict[str, GoldenCase] = {}
    left_out = 0
    for lesson in lessons:
        turns = lesson.exchanges[-MOST_MESSAGES:]
        asked = [turn.prompt for turn in turns]
        whole = msgspec.json.encode((lesson.npc, asked, turns[-1].completion))
        case = {
            "id": f"heldout-{hashlib.blake2b(whole, digest_size=6).hexdigest()}",
            "npc": lesson.npc,
            "kind": KIND if len(asked) == 1 else "conversation",
            "messages": asked,
            "required": False,
            "reference": turns[-1].completion,
            "note": f"Held out of training data: {lesson.conversation}"[:500],
        }
        try:
            made = msgspec.convert(case, GoldenCase)
        except msgspec.ValidationError:
            left_out += 1
            continue
        cases.setdefault(made.id, made)
    # Of more than that those with the lowest ids, which are hashes: a fair choice, and always the same one.
    chosen = set(sorted(cases)[:MOST_CASES])
    return [case for name, case in cases.items() if name in chosen], left_out
