"""What an NPC has taken to heart: notes of turns become facts, which are merged, capped, and ranked when recalled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from npcops.errors import ModelFailed, ModelUnavailable
from npcops.memory import Fact, RememberedTurn
from npcops.ports import EmbeddingModel
from npcops.tokens import estimate
from npcops.turn_ids import moment
from npcops.vectors import cosine, pack

# More than a prompt will ever show, so that there is something to choose from; with their vectors and usual gates they
# are a third of what an item of the table can hold. The bytes are a bound for unusual gates.
MOST_FACTS = 60
MOST_BYTES = 250_000
# Sentences above this say the same thing in other words; below, `has a brother` and `has a sister` would become one.
SAME = 0.92
# What the player asks about counts most. A fact of importance 5 that has nothing to do with the question beats one of
# importance 1 that has little to do with it, and age decides between facts that are alike otherwise.
RELEVANCE, IMPORTANCE, RECENCY = 0.6, 0.25, 0.15
# A week: what was said in the last session is fresh, what was said a month ago is not, unless it matters.
HALF_LIFE_MS = 7 * 86_400_000


def noted(turns: Iterable[RememberedTurn]) -> list[Fact]:
    """The notes of an NPC's own turns as facts whose meaning is not known yet."""
    return [
        Fact(note.text, note.importance, turn.turn_id, turn.gate)
        for turn in turns
        if not turn.speaker
        for note in turn.notes
        if note.text.strip()
    ]


def gathered(known: Sequence[Fact], turns: Sequence[RememberedTurn], embeddings: EmbeddingModel) -> tuple[Fact, ...]:
    """The facts after these turns, oldest first: near-identical ones merged, the least of too many forgotten.

    Facts keep their gates: only those with the same gate are merged. Facts whose meaning cannot be had now, because the
    model fails, have none until the next time.
    """
    facts = _merged(_with_meaning([*known, *noted(turns)], embeddings))
    now = max((fact.turn_id for fact in facts), default="")
    best = sorted(facts, key=lambda fact: (worth(fact, now), fact.turn_id), reverse=True)[:MOST_FACTS]
    kept: list[Fact] = []
    room = MOST_BYTES
    for fact in best:
        if (size := len(msgspec.json.encode(fact)) + 1) <= room:
            room -= size
            kept.append(fact)
    return tuple(sorted(kept, key=lambda fact: fact.turn_id))


def rank(facts: Iterable[Fact], vector: bytes, question: str, now: str, budget: int) -> tuple[Fact, ...]:
    """Those facts that matter most to a question and fit a budget of tokens, oldest first.

    `vector` is the packed meaning of the question, b"" if it is not known: then shared words count. `now` is the id of
    the turn that is spoken. The same text is told once.
    """
    letters = _trigrams(question)

    def score(fact: Fact) -> tuple[float, str]:
        alike = cosine(fact.vector, vector)
        relevance = _shared(letters, _trigrams(fact.text)) if alike is None else max(alike, 0.0)
        return RELEVANCE * relevance + worth(fact, now), fact.turn_id

    chosen: dict[str, Fact] = {}
    for fact in sorted(facts, key=score, reverse=True):
        if fact.text not in chosen and (size := estimate(fact.text)) <= budget:
            budget -= size
            chosen[fact.text] = fact
    return tuple(sorted(chosen.values(), key=lambda fact: fact.turn_id))


def worth(fact: Fact, now: str) -> float:
    """What a fact is worth whatever is asked, 0 to IMPORTANCE + RECENCY."""
    age = max(moment(now) - moment(fact.turn_id), 0)
    return IMPORTANCE * (fact.importance - 1) / 4 + RECENCY * float(0.5 ** (age / HALF_LIFE_MS))


def _with_meaning(facts: Sequence[Fact], embeddings: EmbeddingModel) -> list[Fact]:
    missing = [fact.text for fact in facts if not fact.vector]
    if not missing:
        return list(facts)
    try:
        vectors = iter(embeddings.embed_documents(missing))
    except (ModelFailed, ModelUnavailable):
        return list(facts)
    return [fact if fact.vector else msgspec.structs.replace(fact, vector=pack(next(vectors))) for fact in facts]


def _merged(facts: Sequence[Fact]) -> list[Fact]:
    """The newest of facts that say the same, as important as the most important of them."""
    kept: list[Fact] = []
    for fact in sorted(facts, key=lambda fact: fact.turn_id, reverse=True):
        place = next((place for place, newer in enumerate(kept) if _same(newer, fact)), None)
        if place is None:
            kept.append(fact)
        elif fact.importance > kept[place].importance:
            kept[place] = msgspec.structs.replace(kept[place], importance=fact.importance)
    return kept


def _same(one: Fact, other: Fact) -> bool:
    if one.gate != other.gate:
        return False
    alike = cosine(one.vector, other.vector)
    return one.text.casefold() == other.text.casefold() or (alike is not None and alike > SAME)


def _trigrams(text: str) -> frozenset[str]:
    """Three letters in a row, which words of one stem share, in any script."""
    folded = f" {' '.join(text.casefold().split())} "
    return frozenset(folded[place : place + 3] for place in range(len(folded) - 2))


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one) * len(other)) ** 0.5 if one and other else 0.0
