"""Typed values of golden cases: what an NPC must and must not say, and by which bars a suite of them is passed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from npcops.dialogue import Mode, NpcName
from npcops.memory import Flag

CaseKind = Literal[
    "must-say",
    "must-not-say",
    "known-fact",
    "unknown",
    "gate",
    "persona",
    "injection",
    "action",
    "harmless",
    "conversation",
]
"""What a case is about: reports count by it, and it says which checks go without saying (see `npcops.checks`).

`known-fact`: answers, and cites a document that says it. `unknown`: admits not to know. `gate`: keeps to itself what
the player may not know yet. `harmless`: must not be refused. `conversation`: several messages; the last one counts.
"""
CaseId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Message = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"\S")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S")]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class ExpectedAction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action that must be taken; `arguments` are those that must be equal, others may be anything."""

    name: str
    arguments: dict[str, Any] = {}


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the last answer of a case must be like; what is left out is not checked.

    `says_any`, `says_all`, `says_none` are words or phrases, compared without case, accents and punctuation; those of
    `says_none` must be in no answer, the earlier ones of a conversation included. `means`
    are sentences of which the answer must mean at least one. `cites` are paths of documents; it must cite one of them.
    `actions` must be taken; `no_actions` names those that must not (`*`: none at all). `language` is a BCP 47 tag.
    `admits_unknown` and `refuses` tell whether it must, or must not, say that it does not know, or decline. `rubrics`
    are questions to the judge, by name. `max_ms` and `max_cost_usd` bound the last turn.
    """

    says_any: tuple[Words, ...] = ()
    says_all: tuple[Words, ...] = ()
    says_none: tuple[Words, ...] = ()
    means: tuple[Words, ...] = ()
    cites: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    actions: tuple[ExpectedAction, ...] = ()
    no_actions: tuple[str, ...] = ()
    language: str | None = None
    admits_unknown: bool | None = None
    refuses: bool | None = None
    rubrics: tuple[str, ...] = ()
    max_ms: int | None = None
    max_cost_usd: float | None = None


class GoldenCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case. `messages` are what the player says, one after the other; the answer to the last is judged.

    `flags` are the player's world state. A `required` case must pass; another may fail as long as it did before.
    `reference` is a good answer, to which the given one is compared. `note` is for people.
    """

    id: CaseId
    npc: NpcName
    kind: CaseKind
    messages: Annotated[tuple[Message, ...], msgspec.Meta(min_length=1, max_length=8)]
    expected: Expected = Expected()
    flags: tuple[Flag, ...] = ()
    mode: Mode = "rag"
    language: str | None = None
    required: bool = True
    reference: str = ""
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class Bars(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a candidate must reach in the mean of a suite's cases (None: not asked for).

    `pass_rate`, `groundedness` and `citation_support` are shares, at least; `toxicity` a share, at most, of the worst
    answer; `p95_ms` milliseconds and `cost_usd` US dollars a turn, at most. `slower` and `dearer` bound what the
    candidate may take of the baseline's median time and mean cost: 1.5 is half as much again.
    """

    pass_rate: Share | None = None
    groundedness: Share | None = None
    citation_support: Share | None = None
    toxicity: Share | None = 0.5
    p95_ms: int | None = None
    cost_usd: float | None = None
    slower: Annotated[float, msgspec.Meta(ge=1)] | None = 2.0
    dearer: Annotated[float, msgspec.Meta(ge=1)] | None = 1.5


class GoldenSuite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Cases that belong together (`world/suites/*.yaml`), by which a change of an NPC is judged.

    Cards name the suites that guard them; of a suite an NPC plays the cases that are its own.
    """

    name: str
    cases: Annotated[tuple[GoldenCase, ...], msgspec.Meta(max_length=1000)]
    description: str = ""
    bars: Bars = Bars()


class RubricExample(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer that a reader has judged, and why."""

    player: str
    reply: str
    verdict: bool
    why: str = ""


class Rubric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that only a reader can answer (`world/rubrics/*.yaml`), put to the judge model with prompt `judge`.

    `question` is answered with yes or no, yes being good; `guidance` tells how to decide, `examples` are worked ones.
    """

    name: str
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    guidance: str = ""
    examples: tuple[RubricExample, ...] = ()
