"""Typed values of what people think of turns: ratings, reviews, blind comparisons and corrections."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from npcops.dialogue import NpcName
from npcops.dialogue import SpokenTurn as SpokenTurn
from npcops.golden import CaseId, GoldenCase, Message

Reason = Literal[
    "wrong",
    "out-of-character",
    "spoiler",
    "made-up",
    "unhelpful",
    "refused",
    "offensive",
    "language",
    "repetitive",
    "other",
]
# Before it, the id of a correction tells whose of which turn it is; after it, in which words.
WORDED = "-"
Rule = Literal["reported", "rated-low", "degraded", "ungrounded", "random"]
"""Why a turn is in the queue, most urgent first."""


class Rating(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/turns/{turn}/rating`: 1 (bad) to 5 (good). `correction` is what should have been said."""

    score: Annotated[int, msgspec.Meta(ge=1, le=5)]
    reasons: Annotated[tuple[Reason, ...], msgspec.Meta(max_length=5)] = ()
    comment: Annotated[str, msgspec.Meta(max_length=500)] = ""
    correction: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    report: bool = False


class Given(msgspec.Struct, frozen=True):
    """A rating and who gave it, in which scope, when (ISO 8601, UTC)."""

    rating: Rating
    by: str
    scope: str
    at: str


class ReviewItem(msgspec.Struct, frozen=True):
    """A turn in the review queue. It holds ids and figures; the words stay with the player (`SpokenTurn`)."""

    turn_id: str
    player: str
    npc: str
    rules: tuple[Rule, ...]
    queued_at: str
    model: str
    prompt_version: str
    groundedness: float | None = None
    ratings: tuple[Given, ...] = ()


class Correction(msgspec.Struct, frozen=True):
    """A corrected answer, proposed by a rater, to be accepted by a person as a golden case, a training pair or both.

    Nothing of it names the player.
    """

    id: str
    npc: str
    message: str
    said: str
    corrected: str
    proposed_by: str
    proposed_at: str
    reasons: tuple[Reason, ...] = ()
    flags: tuple[str, ...] = ()
    state: Literal["proposed", "accepted", "rejected"] = "proposed"
    decided_by: str = ""
    decided_at: str = ""
    why: str = ""
    case: GoldenCase | None = None
    training: bool = False


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/corrections/{correction}`.

    An accepted one becomes the case `case` of suite `suite` (a new version of it, no label moved), a training pair, or
    both. `corrected` and `message` replace the proposed words.
    """

    accept: bool
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""
    suite: CaseId | None = None
    case: CaseId | None = None
    training: bool = False
    corrected: Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S")] | None = None
    message: Message | None = None


class Preference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a blind comparison's answer: which of the two shown answers is better, and why."""

    case: Annotated[str, msgspec.Meta(max_length=200)]
    choice: Literal["first", "second", "neither"]
    reasons: Annotated[tuple[Reason, ...], msgspec.Meta(max_length=5)] = ()


class Pair(msgspec.Struct, frozen=True):
    """Two answers to the same messages, in an order that tells nothing of their sides."""

    evaluation: str
    case: str
    npc: NpcName
    messages: tuple[str, ...]
    first: str
    second: str
    left: int


class Agreement(msgspec.Struct, frozen=True):
    """How far raters, or a judge and raters, agree: Krippendorff's alpha or Cohen's kappa.

    None where there is too little to tell: fewer than 2 raters, or everybody always says the same.
    """

    what: str
    measure: Literal["alpha", "kappa"]
    value: float | None
    items: int
    raters: int


class Rated(msgspec.Struct, frozen=True):
    """What a rating has led to: whether it brought the turn before reviewers, and the id of the proposed correction."""

    turn_id: str
    queued: bool
    correction: str | None = None


class Reviewed(msgspec.Struct, frozen=True):
    """What a review has led to: whether the turn is off the queue, and the id of the proposed correction."""

    turn_id: str
    done: bool
    correction: str | None = None


class ShownReview(msgspec.Struct, frozen=True):
    """A turn of the queue with its words, for a reviewer. `ratings` are all that it has got so far."""

    item: ReviewItem
    spoken: SpokenTurn
    ratings: tuple[Given, ...] = ()


class ReviewList(msgspec.Struct, frozen=True):
    """What waits for a reviewer, most urgent first; `more` tells that there is more than this."""

    reviews: tuple[ShownReview, ...]
    more: bool = False


class CorrectionList(msgspec.Struct, frozen=True):
    """Corrections in one state, newest first; `more` tells that there are older ones."""

    corrections: tuple[Correction, ...]
    more: bool = False


class Decided(msgspec.Struct, frozen=True):
    """A decided correction, and the version of the suite that has its case."""

    correction: Correction
    suite_version: str = ""


class NextPair(msgspec.Struct, frozen=True):
    """The next two answers to compare; null when a rater has compared all that differ."""

    pair: Pair | None


class Preferences(msgspec.Struct, frozen=True):
    """What raters prefer: how often each side, and over the cases the candidate's share (neither counts half).

    `low` and `high` bound the share at 95 %; None where nothing was compared.
    """

    evaluation: str
    cases: int
    candidate: int
    baseline: int
    neither: int
    share: float | None
    low: float | None
    high: float | None
    agreement: Agreement
