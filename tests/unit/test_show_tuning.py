"""A tuning run as it is shown: whether it is better once it was judged, and its page only for whoever wants it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from npcops.errors import NotFound
from npcops.evaluations import Comparison, Evaluation
from npcops.playings import CaseResult
from npcops.show_tuning import ShowTuning
from npcops.tuning_state import DescribedTuning
from npcops.tunings import Tuning, TuningRequest
from tests.evaluating import ID, TITLE, failed_evaluation
from tests.gating import MemoryEvaluations

RUN = "019a9f3c2b1d7e5a90c4f1"
BETTER = Comparison("similarity", 0.8, 0.6, 0.2, 0.1, 0.3, 10)


class Runs:
    """Describes one run."""

    def __init__(self, run: Tuning) -> None:
        self.run = run

    def describe(self, title: str, tuning: str) -> DescribedTuning:
        if (title, tuning) != (TITLE, RUN):
            raise NotFound("no such run")
        return DescribedTuning(self.run)


class Answers:
    """The results of evaluations, and how often somebody asked for them."""

    def __init__(self, results: list[CaseResult]) -> None:
        self.kept, self.asked = results, 0

    def results(self, title: str, evaluation: str, keys: Any = None) -> Iterator[CaseResult]:
        self.asked += 1
        return iter(self.kept)


def shown(
    judged: Evaluation | None, results: list[CaseResult], evaluation: str = ID, page: bool = False
) -> tuple[DescribedTuning, Answers]:
    """The run, judged by this evaluation, as it is shown."""
    request = TuningRequest("d", ("wenna-tull",))
    run = Tuning(TITLE, RUN, "ada", "2026-11-20T12:00:00.000+00:00", request, "registered", evaluation=evaluation)
    store, answers = MemoryEvaluations(), Answers(results)
    if judged:
        store.evaluations[ID] = judged
    ports: tuple[Any, Any, Any] = (Runs(run), store, answers)
    return ShowTuning(*ports)(TITLE, RUN, page), answers


def test_a_judged_run_says_whether_it_is_better_and_no_answer_is_read_for_that() -> None:
    judged, _, results, _ = failed_evaluation()
    found, answers = shown(msgspec.structs.replace(judged, comparisons=(BETTER,)), results)
    assert (found.better, found.page, answers.asked) == ("yes", "", 0)


@pytest.mark.parametrize("evaluation", ["", "gone"])
def test_a_run_without_an_evaluation_says_nothing_of_it(evaluation: str) -> None:
    found, _ = shown(None, [], evaluation, page=True)
    assert found.better is None
    assert "cannot be read any more" in found.page


def test_an_evaluation_that_is_under_way_has_shown_nothing() -> None:
    judged, _, _, _ = failed_evaluation()
    found, answers = shown(msgspec.structs.replace(judged, verdict=None, state="running"), [], page=True)
    assert (found.better, answers.asked) == (None, 0)


def test_the_page_has_both_answers_and_does_without_when_they_have_expired() -> None:
    judged, _, results, _ = failed_evaluation()
    compared = msgspec.structs.replace(judged, comparisons=(BETTER,))
    with_answers, _ = shown(compared, results, page=True)
    assert "A crossing costs nine crowns." in with_answers.page
    without, _ = shown(compared, [], page=True)
    assert ("Likeness to the reference" in without.page, "Before and after" in without.page) == (True, False)


def test_no_title_is_shown_another_s_run() -> None:
    run = Tuning(TITLE, RUN, "ada", "", TuningRequest("d"))
    ports: tuple[Any, Any, Any] = (Runs(run), MemoryEvaluations(), Answers([]))
    with pytest.raises(NotFound):
        ShowTuning(*ports)("another", RUN)
