"""Use case: how far judge models agree with people, and people with each other.

People judge answers by a rubric; the judge judges the same. What a judge says in an evaluation counts only where that
agreement is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from npcops.agreement import alpha, kappa
from npcops.errors import ModelFailed, ModelUnavailable
from npcops.labelled import (
    Agreements,
    Differing,
    Judged,
    JudgedSoFar,
    JudgeVersions,
    Labelled,
    LabelledAnswer,
    NewJudgements,
)
from npcops.people import Agreement, ReviewItem
from npcops.studio_ports import JudgementStore, ReviewStore
from npcops.turn_ids import now_iso

SCORES = (1, 2, 3, 4, 5)
# Reviewed turns, the newest, over which reviewers are compared.
MOST_REVIEWED = 1000


class Judge(Protocol):
    """Puts an answer before the judge model (npcops.judging)."""

    def versions(self, title: str, rubric: str) -> JudgeVersions:
        """By what it would judge now. Raises NotFound."""

    def judge(self, title: str, rubric: str, answer: LabelledAnswer) -> tuple[bool, str]:
        """Whether the answer is good, and why. Raises ModelFailed, ModelUnavailable, NotFound."""


class KnownAgreement:
    """`JudgeAgreement` from what is stored."""

    def __init__(self, judgements: JudgementStore) -> None:
        self._judgements = judgements

    def of(self, title: str, rubric: str, rubric_version: str, prompt_version: str, model: str) -> Agreement | None:
        """See JudgeAgreement."""
        judge = JudgeVersions(rubric_version, prompt_version, model)
        found = _agreement(
            rubric, judge, self._judgements.labelled(title, rubric), self._judgements.judged(title, rubric)
        )
        return found if found.items else None


class JudgeAnswers:
    """Takes in what people judged, and has the judge judge the same."""

    def __init__(self, judgements: JudgementStore, judge: Judge, now: Callable[[], str] = now_iso) -> None:
        self._judgements, self._judge, self._now = judgements, judge, now

    def __call__(
        self, title: str, rubric: str, by: str, new: NewJudgements, may_go_on: Callable[[], bool]
    ) -> JudgedSoFar:
        """Judge what is not judged yet, one by one while `may_go_on`; a person's newest verdict on an answer counts.

        An answer that the judge cannot read is left for the next call. Raises NotFound: no such rubric.
        """
        judge = self._judge.versions(title, rubric)
        at = self._now()
        self._judgements.label(title, [Labelled(rubric, answer, by, at) for answer in new.answers])
        labelled, judged = self._judgements.labelled(title, rubric), self._judgements.judged(title, rubric)
        known = {one.about for one in judged if one.judge == judge}
        waiting = {one.answer.about: one.answer for one in labelled if one.answer.about not in known}
        for about, answer in list(waiting.items()):
            if not may_go_on():
                break
            try:
                verdict, why = self._judge.judge(title, rubric, answer)
            except ModelUnavailable:
                break
            except ModelFailed:
                continue
            judged.append(Judged(rubric, about, judge, verdict, why))
            self._judgements.put_judged(title, judged[-1])
            del waiting[about]
        agreement = _agreement(rubric, judge, labelled, judged)
        differing = tuple(
            Differing(person.answer.id, person.answer.verdict, one.verdict, one.why)
            for person, one in _both(judge, labelled, judged)
            if person.answer.verdict != one.verdict
        )
        answers = len({one.answer.about for one in labelled})
        return JudgedSoFar(rubric, judge, answers, len(waiting), agreement, differing)


class ShowAgreement:
    """Everything that is known of agreement in a title."""

    def __init__(self, reviews: ReviewStore, judgements: JudgementStore) -> None:
        self._reviews, self._judgements = reviews, judgements

    def __call__(self, title: str) -> Agreements:
        """That of reviewers first, then that of each judge."""
        labelled, judged = self._judgements.labelled(title), self._judgements.judged(title)
        judges = sorted({(one.rubric, one.judge) for one in judged}, key=str)
        return Agreements(
            (
                _reviewers(self._reviews.reviewed(title, MOST_REVIEWED)),
                *(
                    _agreement(
                        rubric,
                        judge,
                        [one for one in labelled if one.rubric == rubric],
                        [one for one in judged if one.rubric == rubric],
                    )
                    for rubric, judge in judges
                ),
            )
        )


def _reviewers(items: Sequence[ReviewItem]) -> Agreement:
    units = [{given.by: given.rating.score for given in item.ratings if given.scope == "studio"} for item in items]
    together = [unit for unit in units if len(unit) > 1]
    raters = {rater for unit in together for rater in unit}
    return Agreement("reviews", "alpha", alpha(together, "ordinal", SCORES), len(together), len(raters))


def _agreement(rubric: str, judge: JudgeVersions, labelled: Sequence[Labelled], judged: Sequence[Judged]) -> Agreement:
    both = _both(judge, labelled, judged)
    return Agreement(
        what=f"rubric {rubric}@{judge.rubric_version}, judge@{judge.prompt_version}, {judge.model}",
        measure="kappa",
        value=kappa([(person.answer.verdict, one.verdict) for person, one in both]),
        items=len({one.about for _, one in both}),
        raters=len({person.by for person, _ in both}) + bool(both),
    )


def _both(
    judge: JudgeVersions, labelled: Sequence[Labelled], judged: Sequence[Judged]
) -> list[tuple[Labelled, Judged]]:
    by_about = {one.about: one for one in judged if one.judge == judge}
    # Whoever judges the same words under two ids has judged them once.
    newest = {(one.by, one.answer.about): one for one in sorted(labelled, key=lambda one: one.at)}
    return [(person, by_about[about]) for (_, about), person in newest.items() if about in by_about]
