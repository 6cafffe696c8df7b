"""Typed values of evaluations: what the cases showed together, and the verdict."""

from __future__ import annotations

from typing import Literal

import msgspec

from npcops.golden import CaseKind
from npcops.plans import Change, EvaluationRequest, Subject, SuiteRun

State = Literal["queued", "running", "concluded", "failed"]
Outcome = Literal["passed", "failed", "incomplete"]


class Comparison(msgspec.Struct, frozen=True):
    """A metric of both sides over the cases in which both have it.

    `low` and `high` bound the paired difference (candidate minus baseline) at 95 %, by bootstrap; None where there is
    no baseline or fewer than 2 pairs.
    """

    metric: str
    candidate: float
    baseline: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    pairs: int = 0
    higher_is_better: bool = True


class Reason(msgspec.Struct, frozen=True):
    """Why a verdict is what it is: a stable `kind`, a sentence, and the keys of the cases that show it."""

    kind: str
    told: str
    cases: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """`regressed` passed before and fail now, `improved` the other way round, `failing` fail; all are keys of cases."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    failing: tuple[str, ...] = ()
    regressed: tuple[str, ...] = ()
    improved: tuple[str, ...] = ()


class SuiteVerdict(msgspec.Struct, frozen=True):
    """The verdict of one suite on one subject: what the canon gate looks up.

    `baseline` is the digest of the subject that it was compared with; empty if there was none.
    """

    run: SuiteRun
    subject: Subject
    verdict: Verdict
    evaluation: str
    at: str
    baseline: str = ""


class KindCount(msgspec.Struct, frozen=True):
    """How many cases of a kind passed on each side."""

    kind: CaseKind
    cases: int
    candidate: int
    baseline: int | None = None


class Evaluation(msgspec.Struct, frozen=True):
    """What the table keeps of an evaluation: everything but the single answers. Times are ISO 8601, UTC.

    `request` is without its cases, which may be too many for a table. `attempt` counts how often it was started; what
    an older attempt still has to say does not count. `upload` is the key of uploaded cases, if it waits, or waited, for
    any.
    """

    title: str
    id: str
    requested_by: str
    requested_at: str
    request: EvaluationRequest
    state: State = "queued"
    total: int = 0
    npcs: tuple[str, ...] = ()
    verdict: Verdict | None = None
    comparisons: tuple[Comparison, ...] = ()
    kinds: tuple[KindCount, ...] = ()
    failure: str = ""
    concluded_at: str = ""
    changes: tuple[Change, ...] = ()
    attempt: int = 1
    upload: str = ""


class TrendPoint(msgspec.Struct, frozen=True):
    """An NPC's figures in one concluded evaluation, of its candidate.

    Those of a scheduled evaluation (see npcops.drifts) are kept `by_case` too: case digest, figure, value.
    """

    npc: str
    at: str
    evaluation: str
    outcome: Outcome
    cases: int
    pass_rate: float
    figures: dict[str, float]
    subject: str
    by_case: dict[str, dict[str, float]] = {}


class LivePoint(msgspec.Struct, frozen=True):
    """What an NPC's live turns showed from day `first` to day `last`, both included; `period` names it.

    Of the turns that were counted, `failed` were not answered by the model that they were to be answered by.
    `groundedness` and `rating` (1 to 5, by players) are means over `measured` and `rated` turns, None over none.
    """

    npc: str
    period: str
    first: str
    last: str
    turns: int
    failed: int
    measured: int
    rated: int
    groundedness: float | None = None
    rating: float | None = None
