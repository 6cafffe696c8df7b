"""What surrounds a turn: where the player stands, what the NPC remembers, and the lore that bears on the question.

None of it is worth being late for: whatever does not come in its share of the time is left out, and said to be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from npcops.background import Background
from npcops.characters import Script
from npcops.dialogue import TurnRequest
from npcops.dispensable import attempt
from npcops.lore import Gate, Passage, Viewer, space_of
from npcops.memory import Standing
from npcops.recall import Recalled, recall
from npcops.retrieval import Found, Retriever
from npcops.turn_ports import PlayerStore

# Parts of a turn's time that may be waited; what is left, the better half, is the model's.
STANDING_SHARE = 0.15
RECALL_SHARE = 0.15
LORE_SHARE = 0.25


class Scene(msgspec.Struct, frozen=True):
    """Everything known at the beginning of a turn. `missing` names what could not be had, as causes of `Degraded`.

    Where the world is unknown, nothing gated may be shown, so `standing` is None and there is neither lore nor memory.
    """

    viewer: Viewer
    standing: Standing | None = None
    recalled: Recalled = Recalled()
    passages: tuple[Passage, ...] = ()
    vector: tuple[float, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def gate(self) -> Gate:
        """The gate of all that the model is given: its reply may quote any of it."""
        return Gate.all_of([*(passage.gate for passage in self.passages), *self.recalled.gates])


class SceneReader:
    """Reads scenes."""

    def __init__(
        self, players: PlayerStore, retriever: Callable[[], Retriever], background: Background, context_tokens: int
    ) -> None:
        self._players, self._retriever = players, retriever
        self._background, self._context_tokens = background, context_tokens

    def read(
        self, title: str, player: str, script: Script, request: TurnRequest, turn_id: str, seconds: float
    ) -> Scene:
        """The scene of a turn that has `seconds` in all. Raises nothing on purpose: what fails is missing."""
        card = script.card
        standing = attempt(
            self._background,
            "standing",
            lambda: self._players.standing(title, player, request.save),
            STANDING_SHARE * seconds,
        )
        if standing is None:
            return Scene(Viewer(card.id), missing=("world-unknown",))
        viewer = Viewer(card.id, standing.world.as_flags())
        found = attempt(
            self._background,
            "memory",
            lambda: recall(self._players, title, player, card, standing, viewer),
            RECALL_SHARE * seconds,
        )
        recalled, missing = found or Recalled(), () if found else ("memory-unavailable",)
        lore = self._lore(space_of(title, script.game.lore), request, viewer, recalled, LORE_SHARE * seconds)
        if lore is None:
            lore, missing = Found(), (*missing, "lore-unavailable")
        recalled = recalled.ranked(request.message, lore.vector, turn_id, card.memory.fact_tokens)
        return Scene(viewer, standing, recalled, lore.passages, lore.vector, missing)

    def _lore(
        self, space: str, request: TurnRequest, viewer: Viewer, recalled: Recalled, seconds: float
    ) -> Found | None:
        if request.mode not in ("rag", "auto"):
            return Found()
        # A follow-up ("And who built it?") is only found together with what it follows.
        history: Sequence[str] = [turn.player for turn in recalled.turns[-2:]]
        return attempt(
            self._background,
            "lore",
            lambda: self._retriever().find(space, request.message, viewer, self._context_tokens, history=history),
            seconds,
        )
