"""Use case: somebody no longer wants a run."""

from __future__ import annotations

from collections.abc import Callable

from npcops.errors import Conflict
from npcops.tuning_ports import TuningPipeline, TuningStore
from npcops.tunings import Tuning
from npcops.turn_ids import now_iso

OPEN = ("proposed", "waiting", "running")


class StopTuning:
    """Stops runs."""

    def __init__(self, tunings: TuningStore, pipeline: TuningPipeline, now: Callable[[], str] = now_iso) -> None:
        self._tunings, self._pipeline, self._now = tunings, pipeline, now

    def __call__(self, title: str, tuning: str) -> Tuning:
        """The run: still `running` while its pipeline stops, which frees what it has.

        Raises NotFound, Conflict (it has ended) and StoreUnavailable.
        """
        known = self._tunings.find(title, tuning)
        if known.state not in OPEN:
            raise Conflict(f"This run has ended: it is {known.state}.")
        if not known.execution:
            known = self._tunings.change(title, tuning, state="stopped", ended_at=self._now())
        if known.execution:
            self._pipeline.stop(known.execution)
        return known
