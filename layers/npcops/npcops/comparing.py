"""Use case: people compare what two versions said to the same case, without knowing which is which."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Literal

from npcops.agreement import alpha, wilson
from npcops.errors import Conflict, InvalidRequest
from npcops.people import Agreement, NextPair, Pair, Preference, Preferences
from npcops.playings import CaseResult, Playing
from npcops.studio_ports import EvaluationFiles, EvaluationStore, ReviewStore

# Of a harmless change most answers are equal: one by one, thousands of them would take longer than a call may.
READ_AT_ONCE = 16
Choice = Literal["candidate", "baseline", "neither"]
_WORTH: dict[Choice, float] = {"candidate": 1.0, "neither": 0.5, "baseline": 0.0}


class Comparing:
    """Blind comparisons of the sides of one evaluation.

    Who is shown what, in which order and on which side, is decided by hashes of rater and case: nobody sees a pattern,
    and a call that is repeated shows the same.
    """

    def __init__(self, evaluations: EvaluationStore, files: EvaluationFiles, reviews: ReviewStore) -> None:
        self._evaluations, self._files, self._reviews = evaluations, files, reviews
        # Cases to which both sides said the same. Most do; results do not change, so a process need not look again.
        self._equal: set[tuple[str, str, str]] = set()

    def next_pair(self, title: str, evaluation: str, rater: str) -> NextPair:
        """A pair that this rater has not judged, None if there is no more.

        Raises NotFound (no such evaluation) and Conflict (it has no baseline, or is not concluded).
        """
        self._check(title, evaluation)
        judged = {pair.case for by, pair, _ in self._reviews.preferences(title, evaluation) if by == rater}
        waiting = sorted(
            (
                key
                for key in self._files.done(title, evaluation) - judged
                if (title, evaluation, key) not in self._equal
            ),
            key=lambda key: _hash(evaluation, rater, key),
        )
        for start in range(0, len(waiting), READ_AT_ONCE):
            found = self._files.results(title, evaluation, waiting[start : start + READ_AT_ONCE])
            for place, result in enumerate(found, start + 1):
                pair = self._pair(title, evaluation, result, rater, len(waiting) - place)
                if pair:
                    return NextPair(pair)
        return NextPair(None)

    def prefer(self, title: str, evaluation: str, rater: str, preference: Preference) -> NextPair:
        """Keep what a rater prefers, the newest; returns the next pair. Raises as `next_pair`, and InvalidRequest."""
        self._check(title, evaluation)
        pair = self._pair(title, evaluation, self._files.result(title, evaluation, preference.case), rater, 0)
        if pair is None:
            raise InvalidRequest("Both sides have said the same in this case.")
        self._reviews.prefer(title, pair, rater, preference)
        return self.next_pair(title, evaluation, rater)

    def preferences(self, title: str, evaluation: str) -> Preferences:
        """What all raters prefer. Raises NotFound."""
        self._evaluations.find(title, evaluation)
        by_case: dict[str, dict[str, Choice]] = defaultdict(dict)
        for rater, pair, preference in self._reviews.preferences(title, evaluation):
            by_case[pair.case][rater] = _choice(evaluation, rater, preference)
        choices = [choice for units in by_case.values() for choice in units.values()]
        raters = {rater for units in by_case.values() for rater in units}
        worth = [sum(_WORTH[choice] for choice in units.values()) / len(units) for units in by_case.values()]
        share = sum(worth) / len(worth) if worth else None
        # Several raters of one case tell little more of other cases: what is counted is cases.
        bounds = wilson(share, len(worth)) if share is not None else None
        low, high = bounds or (None, None)
        return Preferences(
            evaluation=evaluation,
            cases=len(by_case),
            candidate=choices.count("candidate"),
            baseline=choices.count("baseline"),
            neither=choices.count("neither"),
            share=share,
            low=low,
            high=high,
            agreement=Agreement("preferences", "alpha", alpha(by_case.values()), len(by_case), len(raters)),
        )

    def _check(self, title: str, evaluation: str) -> None:
        found = self._evaluations.find(title, evaluation)
        if found.request.baseline is None:
            raise Conflict("This evaluation has no baseline to compare with.")
        if found.state != "concluded":
            raise Conflict("This evaluation is not concluded yet.")

    def _pair(self, title: str, evaluation: str, result: CaseResult, rater: str, left: int) -> Pair | None:
        key, case, sides = result.planned.key, result.planned.case, _said(result)
        if sides is None:
            self._equal.add((title, evaluation, key))
            return None
        first, second = sides if _candidate_first(evaluation, rater, key) else sides[::-1]
        return Pair(evaluation, key, case.npc, case.messages, first, second, left)


def _said(result: CaseResult) -> tuple[str, str] | None:
    """What candidate and baseline said, None where that is the same or one of them said nothing."""
    if not result.candidate or not result.baseline:
        return None
    candidate, baseline = (_answers(side[0]) for side in (result.candidate, result.baseline))
    return None if candidate == baseline else (candidate, baseline)


def _answers(playing: Playing) -> str:
    """The answer to each message, a line each."""
    return "\n".join(turn.say for turn in playing.turns)


def _choice(evaluation: str, rater: str, preference: Preference) -> Choice:
    if preference.choice == "neither":
        return "neither"
    is_first = preference.choice == "first"
    return "candidate" if is_first == _candidate_first(evaluation, rater, preference.case) else "baseline"


def _candidate_first(evaluation: str, rater: str, case: str) -> bool:
    return bool(_hash(evaluation, rater, case)[-1] & 1)


def _hash(evaluation: str, rater: str, case: str) -> bytes:
    return hashlib.blake2b(f"{evaluation}\0{rater}\0{case}".encode(), digest_size=12).digest()
