"""Typed values of evaluations: what is compared with what, what each case showed, and the verdict."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal

import msgspec

from npcops.dialogue import Action, Citation, Degraded, NpcName, Usage
from npcops.dialogue import ShownPassage as ShownPassage
from npcops.golden import Bars, CaseKind, GoldenCase

EntryName = Annotated[str, msgspec.Meta(pattern=r"^(npcs|prompts|titles|examples|actions)/[a-z0-9][a-z0-9-]{0,62}$")]
Version = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Side = Literal["candidate", "baseline"]
State = Literal["queued", "running", "concluded", "failed"]
Outcome = Literal["passed", "failed", "incomplete"]


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what an NPC speaks: everything at `label`, but for what is named.

    `versions` maps `kind/name` to a version or label. `model` and `lore` (a snapshot) stand in the place of those that
    the title's entry, or the stage, has.
    """

    label: str = "production"
    versions: dict[EntryName, Version] = {}
    model: str = ""
    lore: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{16})?$")] = ""


class Subject(msgspec.Struct, frozen=True):
    """Exactly what was evaluated, or would be in production: the versions behind every word of one NPC.

    `versions` maps `kind/name` to version ids; `model` is the id of the model asked first; `lore` the snapshot, empty
    for the title's live lore.
    """

    npc: str
    versions: dict[str, str]
    model: str
    lore: str = ""

    @property
    def digest(self) -> str:
        """32 hexadecimal characters, equal for equal subjects."""
        encoded = msgspec.json.encode(self, order="deterministic")
        return hashlib.blake2b(encoded, digest_size=16).hexdigest()


class EvaluationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/evaluations`.

    Without `npcs`, those are played whose cards name suites (or who have cases in `suites` or `cases`); without
    `suites`, those that each card names; `cases` are played besides (alone, if neither `npcs` nor `suites` are given),
    and are not part of the canon gate. Without `baseline` (null) there is nothing to compare with. `greedy` has the
    model choose its likeliest words, so that a repetition gives the same; otherwise each case is played `repeats` times
    as players would hear it.
    """

    candidate: Configuration = Configuration()
    baseline: Configuration | None = Configuration()
    npcs: Annotated[tuple[NpcName, ...], msgspec.Meta(max_length=100)] = ()
    suites: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = ()
    cases: Annotated[tuple[GoldenCase, ...], msgspec.Meta(max_length=1000)] = ()
    greedy: bool = True
    repeats: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    judge: bool = True
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class SuiteRun(msgspec.Struct, frozen=True):
    """One suite as one NPC plays it: what the canon gate asks for."""

    npc: str
    suite: str
    suite_version: str
    cases: tuple[str, ...]


class JudgedBy(msgspec.Struct, frozen=True):
    """By what a judge model judges: its id, the version of prompt `judge`, and those of rubrics by name.

    What the catalogue did not have when this was fixed is empty or left out.
    """

    model: str
    prompt: str
    rubrics: dict[str, str]


class PlannedCase(msgspec.Struct, frozen=True):
    """A case and where it stands: `key` is unique in the evaluation, `suite` empty for a case that came with it.

    `judged_by` is None for a case of which the judge is asked nothing.
    """

    key: str
    suite: str
    case: GoldenCase
    judged_by: JudgedBy | None = None


class Change(msgspec.Struct, frozen=True):
    """What differs between candidate and baseline: an entry's field, or the model or lore; values as readable text."""

    entry: str
    field: str
    before: str
    after: str


class Plan(msgspec.Struct, frozen=True):
    """An evaluation with everything resolved, fixed when it is first loaded, so that a resumed one goes on as it began.

    `candidate` and `baseline` are the subjects by NPC, `bars` those of the suites by name.
    """

    title: str
    id: str
    request: EvaluationRequest
    candidate: dict[str, Subject]
    baseline: dict[str, Subject]
    runs: tuple[SuiteRun, ...]
    cases: tuple[PlannedCase, ...]
    bars: dict[str, Bars] = {}
    judge_model: str = ""
    changes: tuple[Change, ...] = ()


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
    """An NPC's figures in one concluded evaluation, of its candidate."""

    npc: str
    at: str
    evaluation: str
    outcome: Outcome
    cases: int
    pass_rate: float
    figures: dict[str, float]
    subject: str
    extra: dict[str, Any] = {}
