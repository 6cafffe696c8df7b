"""Use case of whoever reads how a tuning run went: the run, and if wanted its page with answers before and after."""

from __future__ import annotations

import msgspec

from npcops.errors import NotFound
from npcops.evaluations import Evaluation
from npcops.improvement import improvement
from npcops.playings import CaseResult
from npcops.studio_ports import EvaluationFiles, EvaluationStore
from npcops.tuning_state import DescribedTuning, Tunings


class ShowTuning:
    """Shows a run of a title."""

    def __init__(self, tunings: Tunings, evaluations: EvaluationStore, files: EvaluationFiles) -> None:
        self._tunings, self._evaluations, self._files = tunings, evaluations, files

    def __call__(self, title: str, tuning: str, page: bool = False) -> DescribedTuning:
        """With `page`, also as an HTML page. Raises NotFound and StoreUnavailable."""
        found = self._tunings.describe(title, tuning)
        evaluation = self._evaluation(title, found.tuning.evaluation)
        if evaluation:
            found = msgspec.structs.replace(found, better=improvement(evaluation.comparisons))
        return msgspec.structs.replace(found, page=self._page(found, evaluation)) if page else found

    def _page(self, found: DescribedTuning, evaluation: Evaluation | None) -> str:
        # The template engine is needed by few of those who look.
        from npcops.tuning_page import tuning_page

        results = self._results(evaluation) if evaluation else ()
        told = tuning_page(found.tuning, found.hyperparameters, found.losses, found.data, evaluation, results)
        return told.decode()

    def _evaluation(self, title: str, evaluation: str) -> Evaluation | None:
        """One that has come to its verdict."""
        try:
            found = self._evaluations.find(title, evaluation) if evaluation else None
        except NotFound:
            return None
        return found if found and found.verdict else None

    def _results(self, evaluation: Evaluation) -> tuple[CaseResult, ...]:
        """Answers are kept for a shorter time than what the table says of them."""
        return tuple(self._files.results(evaluation.title, evaluation.id))
