"""What a request for tuning comes to: which base model, run on what, and how those who will speak are prompted."""

from __future__ import annotations

import msgspec

from npcops.errors import InvalidRequest, NotFound
from npcops.ports import Catalog
from npcops.prompting import for_model
from npcops.recipes import Recipe, recipe
from npcops.scripts import read_script
from npcops.templates import Moment, render
from npcops.training_request import TrainedNpc
from npcops.tunings import TuningRequest

# The registry keeps texts of so many characters, without commas. No NPC is called so as the marks are.
REGISTERED_CHARACTERS = 256
ALL, MORE = "@all", "@more"


def settled(request: TuningRequest, base: str) -> tuple[TuningRequest, Recipe]:
    """The request with its base (default `base`) and throughput named, and the recipe of that base.

    Raises InvalidRequest: no such base, or it cannot be tuned so.
    """
    found = recipe(request.base or base)
    found.hyperparameters(request.type, request.hyperparameters)
    return msgspec.structs.replace(
        request, base=found.base, throughput=found.runs_on(request.throughput), npcs=tuple(dict.fromkeys(request.npcs))
    ), found


def registered_npcs(npcs: tuple[str, ...]) -> str:
    """Those who speak by a model, as the registry shows them: by spaces, as many as fit; the run knows them all."""
    found = ""
    for npc in npcs:
        longer = f"{found} {npc}".strip()
        if len(longer) + len(f" {MORE}") > REGISTERED_CHARACTERS:
            return f"{found} {MORE}"
        found = longer
    return found or ALL


class Prompting:
    """How the NPCs of a title are prompted at a label."""

    def __init__(self, catalog: Catalog, label: str) -> None:
        self._catalog, self._label = catalog, label

    def check(self, title: str, npcs: tuple[str, ...]) -> None:
        """Raises InvalidRequest if one of them is none, or if none are named and the title has none."""
        if not npcs and not self.everybody(title):
            raise InvalidRequest(f"This title has no NPC labelled {self._label}.")
        for npc in npcs:
            try:
                self._catalog.npc(title, npc, self._label)
            except NotFound:
                raise InvalidRequest(f"There is no NPC {npc} to be tuned.") from None

    def everybody(self, title: str) -> tuple[str, ...]:
        """All NPCs of a title, by name; none of a title that nobody knows."""
        found = self._catalog.names(title, "npcs")
        return tuple(sorted(each["name"] for each in found if self._label in each["labels"]))

    def __call__(self, title: str, npcs: tuple[str, ...], base: str) -> tuple[TrainedNpc, ...]:
        """What is constant in what models of the base's family are told in production.

        Raises InvalidRequest (no such NPC), NotFound (it has no prompt) and InvalidTemplate.
        """
        self.check(title, npcs)
        return tuple(self._prompted(title, npc, base) for npc in npcs or self.everybody(title))

    def _prompted(self, title: str, npc: str, base: str) -> TrainedNpc:
        script = read_script(self._catalog, self._label, title, npc)
        system, _ = render(for_model(script.template, base), script.card, script.game, Moment())
        return TrainedNpc(npc, script.card.name, system, script.card.language)
