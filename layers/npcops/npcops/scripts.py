"""Reads what is authored for one turn: the character, the prompt and the title, by the label that a stage serves."""

from __future__ import annotations

from npcops.characters import Script
from npcops.ports import Catalog


def read_script(catalog: Catalog, label: str, title: str, npc: str) -> Script:
    """Raises NotFound (no such NPC, or no prompt named `dialogue`) or StoreUnavailable."""
    card, card_version = catalog.npc(title, npc, label)
    template, prompt_version = catalog.prompt(title, "dialogue", label)
    return Script(card, card_version, template, prompt_version, catalog.game(title, label))
