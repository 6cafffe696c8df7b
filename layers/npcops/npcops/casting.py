"""Which models a turn is asked of, in which order."""

from __future__ import annotations

import hashlib

from npcops.background import Background, TimedOut
from npcops.dialogue import Mode
from npcops.errors import NoTunedModel, StoreUnavailable
from npcops.ladder import Rung
from npcops.ports import TunedModels
from npcops.promotions import Promoted, Served, Shift

# Part of a turn's time in which to learn which model a title has promoted.
SHARE = 0.1


class Casting:
    """The stage's model, a smaller one that answers in its place (empty: none), and the titles' tuned ones."""

    def __init__(self, stage: str, smaller: str, tuned: TunedModels, background: Background) -> None:
        self._stage, self._smaller, self._tuned, self._background = stage, smaller, tuned, background

    def rungs(
        self, title: str, npc: str, player: str, mode: Mode, seconds: float, own: str = ""
    ) -> tuple[list[Rung], tuple[str, ...]]:
        """The models of a turn that has `seconds`, best first, and why the first is not the one it should be.

        `own` is the model that the title names in the place of the stage's. Raises NoTunedModel for mode `tuned` where
        this NPC speaks by none.
        """
        served, missing = self._served(title, npc, player, mode, seconds)
        last = [Rung("smaller-model", self._smaller)] if self._smaller else []
        if served:
            return [Rung("model", served.model), *(last or [Rung("stage-model", own or self._stage)])], ()
        return [Rung("stage-model" if missing else "model", own or self._stage), *last], missing

    def _served(
        self, title: str, npc: str, player: str, mode: Mode, seconds: float
    ) -> tuple[Served | None, tuple[str, ...]]:
        if mode in ("base", "rag"):
            return None, ()
        try:
            promoted = self._background.run(lambda: self._tuned.promoted(title), SHARE * seconds)
        except (TimedOut, StoreUnavailable):
            return None, ("tuned-unknown",)
        served = served_to(promoted, npc, player)
        if mode == "tuned" and served is None:
            raise NoTunedModel(
                "This NPC speaks by no tuned model. Promote one for it first, or ask with mode base, rag or auto."
            )
        return served, ()


def served_to(promoted: Promoted, npc: str, player: str) -> Served | None:
    """The tuned model by which this NPC answers this player; None: by the stage's own."""
    shift = promoted.shift
    served = shift.to if shift and is_shifted(shift, player) else promoted.current
    return served.of(npc) if served else None


def is_shifted(shift: Shift, player: str) -> bool:
    """Whether a player is among those who are answered by the new model already.

    Who is among 10 percent is among 50 as well; each promotion draws its own.
    """
    drawn = hashlib.blake2b(f"{shift.id} {player}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn) % 100 < shift.percent
