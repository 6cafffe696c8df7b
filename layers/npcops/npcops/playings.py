"""Typed values of golden cases as they were played: what was said, and how it scored."""

from __future__ import annotations

import msgspec

from npcops.dialogue import Action, Citation, Degraded, ShownPassage, Usage
from npcops.plans import PlannedCase


class Check(msgspec.Struct, frozen=True):
    """One thing a case expects, and whether it held; `told` is a sentence for a writer.

    One that does not `count` is shown only: a judge whose agreement with people is not known to suffice.
    """

    name: str
    passed: bool
    told: str
    counts: bool = True


class Claim(msgspec.Struct, frozen=True):
    """A sentence of an answer, and how well what the NPC knows supports it (0 to 1).

    `source` is the passage's id, or `card`, that supports it best; `cited` is its best support among what it cites.
    """

    text: str
    support: float
    source: str = ""
    cited: float | None = None


class Judgement(msgspec.Struct, frozen=True):
    """The judge's answer to a rubric. `agreement` is its kappa with people, if they have judged enough."""

    rubric: str
    passed: bool
    why: str
    agreement: float | None = None


class PlayedTurn(msgspec.Struct, frozen=True):
    """One exchange of a played case."""

    message: str
    say: str
    emotion: str
    actions: tuple[Action, ...]
    citations: tuple[Citation, ...]
    degraded: Degraded | None
    dropped: tuple[str, ...]
    model: str
    usage: Usage
    ms: int
    first_ms: int | None
    turn_id: str = ""


class Playing(msgspec.Struct, frozen=True):
    """A case as one side played it once, scored.

    `metrics` are numbers by name: `groundedness`, `citation_support`, `relevance`, `rouge_l`, `similarity`, `toxicity`,
    `input_tokens`, `output_tokens`, `cost_usd`, `ms`, `first_ms`; one that does not apply is absent. `judging` is what
    the judge took.
    """

    turns: tuple[PlayedTurn, ...]
    passages: tuple[ShownPassage, ...]
    checks: tuple[Check, ...]
    claims: tuple[Claim, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    metrics: dict[str, float] = {}
    judging: Usage = Usage()

    @property
    def passed(self) -> bool:
        """Whether all held that counts."""
        return all(check.passed for check in self.checks if check.counts)


class CaseResult(msgspec.Struct, frozen=True):
    """What one case showed; each side has as many playings as were asked for, the baseline none if there is none."""

    planned: PlannedCase
    candidate: tuple[Playing, ...]
    baseline: tuple[Playing, ...] = ()
