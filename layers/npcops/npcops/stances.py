"""What an answer does besides telling something: it says that it does not know, refuses, greets, feels, or asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from npcops.characters import NpcCard
from npcops.expressions import CLAUSE, FEELING, MACHINE, OTHERS, OWN_REFUSING, OWN_UNSURE, REFUSING, SUBJECT, UNSURE
from npcops.meanings import Meanings
from npcops.wording import content, numbers, plain, split_sentences

Stance = Literal["unsure", "refuse"]
# How near a sentence is to a line of the card that says so (docs/decisions/0020).
LIKE_A_LINE = 0.62
# With fewer words that tell something, and no number or name, nothing is claimed.
_LEAST_CONTENT = 3
_SAID: dict[Stance, re.Pattern[str]] = {"unsure": UNSURE, "refuse": REFUSING}
_SAID_OF_ONESELF: dict[Stance, re.Pattern[str]] = {"unsure": OWN_UNSURE, "refuse": OWN_REFUSING}


def lines_of(card: NpcCard, stance: Stance) -> tuple[str, ...]:
    """The card's own lines that say so, a sentence each."""
    lines = dict.fromkeys(s for line in card.fallbacks.get(stance, ()) for s in (line, *split_sentences(line)))
    return tuple(line for line in lines if len(line) > 12 and not line.endswith("?"))


def taken(answer: str, card: NpcCard, stance: Stance, meanings: Meanings) -> str:
    """The sentence of an answer by which it says that it does not know, or refuses; empty if none does.

    Known expressions of some languages count, and what is nearly a line that the card has for the occasion.
    `meanings` has learned the sentences of the answer and `lines_of(card, stance)`.
    """
    lines = lines_of(card, stance)
    for sentence in split_sentences(answer):
        if says(sentence, stance):
            return sentence
        # Whoever does not know seems to refuse, by vectors alone; and the other way round.
        told = bool(numbers(sentence)) or says(sentence, "refuse" if stance == "unsure" else "unsure")
        if lines and not told and meanings.nearest(sentence, lines) >= LIKE_A_LINE:
            return sentence
    return ""


def says(sentence: str, stance: Stance) -> bool:
    """Whether a sentence has a known expression, and not of somebody else."""
    bare = _bare(sentence)
    return _SAID[stance].search(bare) is not None or any(
        _of_oneself(bare[: found.start()]) for found in _SAID_OF_ONESELF[stance].finditer(bare)
    )


def _of_oneself(before: str) -> bool:
    """Whether what follows is said by the speaker of themselves; where nobody is named (`Won't say.`) it is."""
    clause = CLAUSE.split(before)[-1]
    subjects = list(SUBJECT.finditer(clause))
    return subjects[-1]["own"] is not None if subjects else OTHERS.search(clause) is None


def of_a_machine(answer: str) -> bool:
    """Whether an answer speaks of being a program, or as one."""
    return MACHINE.search(_bare(answer)) is not None


def states_something(sentence: str, names: Sequence[str]) -> bool:
    """Whether a sentence claims something of the world; a question, a greeting, a feeling and not knowing do not."""
    bare = _bare(sentence)
    if sentence.rstrip("\"'”’» )").endswith(("?", "？", "؟")) or says(sentence, "unsure") or says(sentence, "refuse"):
        return False
    telling = len(content(sentence))
    detailed = bool(names) or bool(numbers(sentence))
    if FEELING.match(bare) and not detailed:
        return False
    return telling >= _LEAST_CONTENT or (detailed and telling >= 1)


def _bare(text: str) -> str:
    return plain(text).replace("’", "'")
