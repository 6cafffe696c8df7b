"""Chooses whose lines are learned by which NPC, and takes names off the front of what is said to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from npcops.errors import UnreadableDocument
from npcops.training_records import Dataset, Example, Exchange, Lesson
from npcops.training_request import TrainedNpc, TrainingRequest

OTHERS, NARRATED = "said by another speaker", "an answer to narration"
_NAMED = re.compile(r"\s*([^\W\d_][^:\n.!?]{0,39}):\s+(?=\S)")
_MOST_WORDS = 4
_SHOWN = 10
# What scripts call the voice that speaks to nobody.
_NARRATION = frozenset({"narrator", "narration"})
# If so many of the prompts begin with a name, that is how the data is written.
_WRITTEN_SO = 0.9


class Selection(msgspec.Struct, frozen=True):
    """What is learned; `dropped` counts exchanges by reason, `speakers` those that stayed, by who says them."""

    lessons: tuple[Lesson, ...]
    dropped: dict[str, int]
    speakers: dict[str, int]


def select(dataset: Dataset, wanted: TrainingRequest) -> Selection:
    """The lessons of the run's NPCs. Raises UnreadableDocument if nobody can be told whose the lines are, or if none
    are theirs.
    """
    named = [example for example in dataset.examples if example.speaker]
    if len(named) < len(dataset.examples) and len(wanted.npcs) != 1:
        raise UnreadableDocument(
            f"This data does not say who speaks, and the run is for {len(wanted.npcs)} NPCs. Name one of them in "
            "the request, or give each record a `speaker`."
        )
    prefix = _Prefix(named)
    dropped: Counter[str] = Counter()
    speakers: Counter[str] = Counter()
    lessons = []
    for example in dataset.examples:
        npc = _npc_of(example.speaker, wanted)
        if npc is None:
            dropped[OTHERS] += len(example.exchanges)
            continue
        exchanges = [each for each in map(prefix.without, example.exchanges) if each] if example.speaker else None
        kept = example.exchanges if exchanges is None else tuple(exchanges)
        dropped[NARRATED] += len(example.exchanges) - len(kept)
        speakers[example.speaker or npc.name] += len(kept)
        if kept:
            lessons.append(Lesson(npc.id, example.conversation, kept))
    if not lessons:
        raise UnreadableDocument(_nobody(named, wanted))
    return Selection(tuple(lessons), {why: count for why, count in dropped.items() if count}, dict(speakers))


def _nobody(named: Sequence[Example], wanted: TrainingRequest) -> str:
    speakers = [name for name, _ in Counter(example.speaker for example in named).most_common(_SHOWN)]
    asked = wanted.request.speakers or tuple(npc.name for npc in wanted.npcs)
    there = {_plain(name) for name in speakers}.intersection(map(_plain, wanted.request.speakers))
    if there and len(wanted.npcs) != 1:
        return f"None of the run's NPCs is called {' or '.join(asked)}. Name the one that is to learn these lines."
    return f"No line of this data is said by {', '.join(asked)} to somebody. Its speakers are: {', '.join(speakers)}."


def _npc_of(speaker: str, wanted: TrainingRequest) -> TrainedNpc | None:
    """Who learns the lines of a speaker: the NPC of that name or id, or the only one, if the speaker is asked for."""
    only = wanted.npcs[0] if len(wanted.npcs) == 1 else None
    if not speaker:
        return only
    called = _plain(speaker)
    asked = {_plain(name) for name in wanted.request.speakers}
    same = next((npc for npc in wanted.npcs if called in (_plain(npc.id), _plain(npc.name))), None)
    if asked:
        return (same or only) if called in asked else None
    return same


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("-", " ").replace("_", " ").split())


class _Prefix:
    """How prompts of this data name who says them (`Konrad: To where?`)."""

    def __init__(self, examples: Iterable[Example]) -> None:
        prompts = [exchange.prompt for example in examples for exchange in example.exchanges]
        named = [name for name in map(_name_of, prompts) if name]
        self._always = len(named) >= _WRITTEN_SO * len(prompts)
        self._known = {_plain(example.speaker) for example in examples} | _NARRATION

    def without(self, exchange: Exchange) -> Exchange | None:
        """The exchange as it is said, without a name; None if nobody said the prompt."""
        name = _name_of(exchange.prompt)
        if not name or not (self._always or name in self._known):
            return exchange
        if name in _NARRATION:
            return None
        return msgspec.structs.replace(exchange, prompt=_NAMED.sub("", exchange.prompt, count=1))


def _name_of(prompt: str) -> str:
    found = _NAMED.match(prompt)
    return _plain(found[1]) if found and len(found[1].split()) <= _MOST_WORDS else ""
