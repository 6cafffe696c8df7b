"""One turn that a model has to answer before anybody hears it: a real prompt of one of its characters."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from npcops.action_checks import Actions
from npcops.characters import NpcCard
from npcops.errors import ModelFailed, NotFound
from npcops.leaks import Leaked
from npcops.lore import Viewer
from npcops.ports import Catalog, ChatModel
from npcops.prompting import build_prompt, for_model, guard_of
from npcops.replies import parse_speech
from npcops.scripts import read_script
from npcops.templates import Moment


class CanaryTurn:
    """Asks such turns, by what stands at `label`."""

    def __init__(self, catalog: Catalog, label: str, chat: ChatModel) -> None:
        self._catalog, self._label, self._chat = catalog, label, chat

    def __call__(self, title: str, npcs: Sequence[str], model: str) -> str:
        """Who has answered: the first of `npcs` (without these, of all) who is in production.

        Raises ModelFailed (no words in the reply, or words that nobody may hear), ModelUnavailable, NotFound (there is
        nobody to speak), InvalidTemplate and InvalidRequest (what is authored is broken) and StoreUnavailable.
        """
        npc = self._speaker(title, npcs)
        script = read_script(self._catalog, self._label, title, npc)
        script = msgspec.structs.replace(script, template=for_model(script.template, model))
        attribution = {"title": title, "npc": npc, "turn": "canary"}
        prompt = build_prompt(script, Moment(), (), _asked(script.card), (), attribution)
        reply = self._chat.reply(prompt, model)
        card, game = script.card, script.game
        actions = Actions(card, game, Viewer(npc))
        try:
            parse_speech(reply, card, (), actions, game.emotions_of(card), guard_of(script, prompt))
        except Leaked:
            raise ModelFailed("The model gave away its instructions.") from None
        return npc

    def _speaker(self, title: str, npcs: Sequence[str]) -> str:
        for found in self._catalog.names(title, "npcs"):
            if self._label in found["labels"] and (not npcs or found["name"] in npcs):
                return str(found["name"])
        raise NotFound(f"None of its NPCs is labelled {self._label}.")


def _asked(card: NpcCard) -> str:
    """What its writers have players ask it; a card without examples is called by name."""
    return card.examples[0].player if card.examples else f"{card.name}?"
