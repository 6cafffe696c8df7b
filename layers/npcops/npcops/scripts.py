"""Reads what is authored for one turn: the character, the prompt and the title, by the label that a stage serves."""

from __future__ import annotations

import msgspec

from npcops.characters import GameTitle, NpcCard, Script
from npcops.ports import ScriptSource

DIALOGUE, JUDGE = "dialogue", "judge"


def read_script(catalog: ScriptSource, label: str, title: str, npc: str) -> Script:
    """Raises NotFound (no such NPC, no prompt named `dialogue`, or a set that the card names) or StoreUnavailable."""
    card, card_version = catalog.npc(title, npc, label)
    template, prompt_version = catalog.prompt(title, DIALOGUE, label)
    game, game_version = catalog.game(title, label)
    versions = {f"npcs/{npc}": card_version, f"prompts/{DIALOGUE}": prompt_version}
    if game_version:
        versions[f"titles/{title}"] = game_version
    card = _with_examples(catalog, label, title, card, versions)
    game = _with_actions(catalog, label, title, game, versions)
    return Script(card, card_version, template, prompt_version, game, versions)


def _with_examples(catalog: ScriptSource, label: str, title: str, card: NpcCard, versions: dict[str, str]) -> NpcCard:
    examples = card.examples
    for name in card.example_sets:
        found, versions[f"examples/{name}"] = catalog.examples(title, name, label)
        examples += found.examples
    return msgspec.structs.replace(card, examples=examples) if card.example_sets else card


def _with_actions(
    catalog: ScriptSource, label: str, title: str, game: GameTitle, versions: dict[str, str]
) -> GameTitle:
    actions = game.actions
    for name in game.action_sets:
        found, versions[f"actions/{name}"] = catalog.actions(title, name, label)
        actions += found.actions
    return msgspec.structs.replace(game, actions=actions) if game.action_sets else game
