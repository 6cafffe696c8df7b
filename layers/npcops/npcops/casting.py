"""Which models a turn is asked of, in which order."""

from __future__ import annotations

from npcops.background import Background, TimedOut
from npcops.dialogue import Mode
from npcops.errors import NoTunedModel, StoreUnavailable
from npcops.ladder import Rung
from npcops.ports import TunedModels

# Part of a turn's time in which to learn which model a title has promoted.
SHARE = 0.1


class Casting:
    """The stage's model, a smaller one that answers in its place (empty: none), and the titles' tuned ones."""

    def __init__(self, stage: str, smaller: str, tuned: TunedModels, background: Background) -> None:
        self._stage, self._smaller, self._tuned, self._background = stage, smaller, tuned, background

    def rungs(self, title: str, mode: Mode, seconds: float, own: str = "") -> tuple[list[Rung], tuple[str, ...]]:
        """The models of a turn that has `seconds`, best first, and why the first is not the one it should be.

        `own` is the model that the title names in the place of the stage's. Raises NoTunedModel for mode `tuned` where
        none is promoted.
        """
        promoted, missing = self._promoted(title, mode, seconds)
        last = [Rung("smaller-model", self._smaller)] if self._smaller else []
        if promoted:
            return [Rung("model", promoted), *(last or [Rung("stage-model", self._stage)])], ()
        return [Rung("stage-model" if missing else "model", own or self._stage), *last], missing

    def _promoted(self, title: str, mode: Mode, seconds: float) -> tuple[str | None, tuple[str, ...]]:
        if mode in ("base", "rag"):
            return None, ()
        try:
            promoted = self._background.run(lambda: self._tuned.promoted(title), SHARE * seconds)
        except (TimedOut, StoreUnavailable):
            return None, ("tuned-unknown",)
        if mode == "tuned" and promoted is None:
            raise NoTunedModel("Promote a tuned model for this title first, or ask with mode base, rag or auto.")
        return promoted, ()
