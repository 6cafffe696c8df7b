"""What the work of studios needs from the outside world: evaluations, their files, reviews.

As in `ports`, every method may raise the errors named in its docstring and `StoreUnavailable`; nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from npcops.evaluations import Evaluation, LivePoint, SuiteVerdict, TrendPoint
from npcops.golden import GoldenCase
from npcops.labelled import Judged, Labelled
from npcops.people import Agreement, Correction, Given, Pair, Preference, ReviewItem, SpokenTurn
from npcops.plans import Plan
from npcops.playings import CaseResult
from npcops.snapshots import Snapshot


class EvaluationStore(Protocol):
    """The table of evaluations and of what they said. No method crosses from one title to another."""

    def begin(self, evaluation: Evaluation) -> None:
        """Keep a new evaluation. Raises Conflict if there is one of this id."""

    def find(self, title: str, evaluation: str) -> Evaluation:
        """One evaluation, read consistently. Raises NotFound."""

    def replace(self, evaluation: Evaluation) -> None:
        """Put it in the place of the one of this id; nothing happens if that one is of a later attempt, or if it is
        concluded and this, of the same attempt, is not.
        """

    def newest(self, title: str, limit: int, before: str = "") -> list[Evaluation]:
        """The newest evaluations (before the one of id `before`), newest first."""

    def put_verdicts(self, title: str, verdicts: Sequence[SuiteVerdict]) -> None:
        """Keep the verdicts of suites; the newest of a subject and suite version counts."""

    def verdict(self, title: str, npc: str, suite: str, suite_version: str, subject_digest: str) -> SuiteVerdict | None:
        """The newest verdict of exactly this suite on exactly this subject."""

    def add_points(self, title: str, points: Sequence[TrendPoint]) -> None:
        """Keep figures for trends; the same evaluation's twice are kept once."""

    def points(self, title: str, npc: str, limit: int) -> list[TrendPoint]:
        """An NPC's newest figures, oldest first, without those of single cases."""

    def watched_points(self, title: str, npc: str, limit: int) -> list[TrendPoint]:
        """The newest of those that have figures by case, oldest first."""

    def add_live_points(self, title: str, points: Sequence[LivePoint]) -> None:
        """Keep what live turns showed; the same period's twice is kept once."""

    def live_points(self, title: str, npc: str, limit: int) -> list[LivePoint]:
        """The newest of an NPC, oldest first."""


class EvaluationFiles(Protocol):
    """What is too large for the table: `evaluations/{title}/{id}/...` in a bucket."""

    def put_cases(self, title: str, evaluation: str, cases: Sequence[GoldenCase]) -> None:
        """Keep the cases that came with the request."""

    def cases(self, title: str, evaluation: str) -> tuple[GoldenCase, ...]:
        """Those cases; none if there are none."""

    def put_plan(self, plan: Plan) -> None:
        """Write it, once: an evaluation that is loaded again keeps its first plan."""

    def plan(self, title: str, evaluation: str) -> Plan:
        """Read it. Raises NotFound."""

    def put_items(self, title: str, evaluation: str, keys: Sequence[str]) -> tuple[str, str]:
        """Write the cases to be played, a JSON line each, for the state machine; returns bucket and key."""

    def put_result(self, title: str, evaluation: str, result: CaseResult) -> None:
        """Write one case's result, in the place of an earlier one."""

    def done(self, title: str, evaluation: str) -> set[str]:
        """The keys of the cases that have a result."""

    def result(self, title: str, evaluation: str, key: str) -> CaseResult:
        """One case's result. Raises NotFound."""

    def results(self, title: str, evaluation: str, keys: Sequence[str] | None = None) -> Iterator[CaseResult]:
        """Those of `keys` that there are, in this order, or every result, in no promised order."""

    def put_report(self, title: str, evaluation: str, name: str, data: bytes, content_type: str) -> None:
        """Write a file of the report, such as `report.html`."""

    def report_url(self, title: str, evaluation: str, name: str, expires_seconds: int) -> str:
        """A presigned URL to read it. Raises NotFound if it has not been written."""

    def report_uri(self, title: str, evaluation: str, name: str) -> str:
        """Where it is, or will be, as an `s3://` URI."""

    def upload_url(self, title: str, name: str, expires_seconds: int) -> tuple[str, str]:
        """A presigned URL to put cases (JSON lines) at `cases/{title}/{name}.jsonl`, and that key."""

    def uploaded(self, key: str, limit: int) -> bytes:
        """Uploaded cases, of at most `limit` bytes. Raises NotFound or TooLarge."""


class EvaluationStarter(Protocol):
    """Starts the state machine `evaluate`."""

    def start(self, title: str, evaluation: str, attempt: int) -> None:
        """Start it, once per evaluation and attempt. Raises StoreUnavailable."""

    def running(self, evaluation: str, attempt: int) -> bool:
        """Whether this attempt is still under way. Raises StoreUnavailable."""


class ToxicityModel(Protocol):
    """A service that tells how toxic texts are."""

    def toxicity(self, texts: Sequence[str], language: str) -> list[float | None]:
        """A number from 0 to 1 for each text; None where it cannot tell, as in a language that it does not read."""


class JudgeAgreement(Protocol):
    """How far a judge model agrees with people, from answers that both have judged."""

    def of(self, title: str, rubric: str, rubric_version: str, prompt_version: str, model: str) -> Agreement | None:
        """Cohen's kappa of exactly this rubric, judge prompt and model; None where people have judged nothing."""


class SpokenTurns(Protocol):
    """Turns as they were spoken, in their players' partitions."""

    def keep(self, title: str, player: str, spoken: SpokenTurn, days: int) -> None:
        """Keep a turn; not if the player was erased after it began."""

    def find(self, title: str, player: str, turn_id: str) -> SpokenTurn | None:
        """One turn, read consistently; None if it has expired or its player was erased.

        A stream's turn is also found by the id by which it was announced, for an hour.
        """

    def rate(self, title: str, player: str, turn_id: str, given: Given) -> bool:
        """Keep a rating, one per rater and turn (the newest); False if the turn is not there."""

    def ratings(self, title: str, player: str, turn_id: str) -> list[Given]:
        """All ratings of a turn."""


class ReviewStore(Protocol):
    """The review queue, corrections, blind comparisons and judged answers of a title. No words of players are in it
    but in corrections, which name nobody.
    """

    def queue(self, title: str, item: ReviewItem, days: int) -> None:
        """Put a turn into the queue; one that is known gets the further rules and ratings (the newest of each rater).

        One that was done comes back only for a rule that it did not have.
        """

    def queued(self, title: str, limit: int, npc: str = "", reviewer: str = "") -> list[ReviewItem]:
        """The most urgent first (by rule, then the oldest), without those that `reviewer` has reviewed."""

    def review(self, title: str, turn_id: str) -> ReviewItem:
        """One turn that is in the queue, or was done. Raises NotFound."""

    def done(self, title: str, turn_id: str, given: Given, raters: int) -> bool:
        """Add a reviewer's rating, and take the turn off the queue if that makes `raters` of them; whether it is off.

        Raises NotFound.
        """

    def reviewed(self, title: str, limit: int) -> list[ReviewItem]:
        """Those taken off the queue by reviewers, newest first."""

    def forget(self, title: str, turn_id: str) -> None:
        """Remove a turn whose words are gone."""

    def forget_player(self, title: str, player: str) -> int:
        """Remove all turns of a player; returns how many."""

    def put_correction(self, title: str, correction: Correction, expected: str | None) -> None:
        """Keep a correction whose state is `expected` (None: it is new). Raises Conflict.

        It takes the place of other words of the same rater's on the same turn (see people.WORDED). One that nobody
        accepts is kept for 90 days.
        """

    def correction(self, title: str, correction: str) -> Correction:
        """One of them. Raises NotFound, also of one that is in other words by now."""

    def corrections(self, title: str, state: str, limit: int, before: str = "") -> list[Correction]:
        """Those in a state (after the one of id `before`), newest first. Raises NotFound: there is no such one."""

    def prefer(self, title: str, pair: Pair, rater: str, preference: Preference) -> None:
        """Keep what a rater prefers; one answer a rater and pair (the newest)."""

    def preferences(self, title: str, evaluation: str) -> list[tuple[str, Pair, Preference]]:
        """Who preferred what in an evaluation."""


class SnapshotStore(Protocol):
    """What is known of the lore snapshots of each title. No method crosses from one title to another."""

    def find(self, title: str, snapshot: str) -> Snapshot | None:
        """One of them, read consistently."""

    def all(self, title: str) -> list[Snapshot]:
        """All of them, in no promised order."""

    def put(self, title: str, snapshot: Snapshot, expected: int | None) -> None:
        """Keep it in the place of the one of this id and revision `expected` (None: it is new). Raises Conflict."""

    def remove(self, title: str, snapshot: str, expected: int) -> None:
        """Forget the one of this revision. Raises Conflict."""


class JudgementStore(Protocol):
    """What people and judges made of answers by rubrics."""

    def label(self, title: str, labelled: Sequence[Labelled]) -> None:
        """Keep what a person thinks; of each rubric, answer id and person the newest."""

    def labelled(self, title: str, rubric: str = "") -> list[Labelled]:
        """What people think, by one rubric or all."""

    def put_judged(self, title: str, judged: Judged) -> None:
        """Keep what a judge thinks of an answer by a rubric."""

    def judged(self, title: str, rubric: str = "") -> list[Judged]:
        """What judges think, by one rubric or all."""
