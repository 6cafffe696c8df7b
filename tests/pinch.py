"""A character with actions and secrets, and what a model replies for it as the game gets it."""

from __future__ import annotations

from typing import Any

from npcops.action_checks import Actions
from npcops.characters import ActionSpec, GameTitle, NpcCard
from npcops.dialogue import Speech, Usage
from npcops.leaks import LeakGuard, canary_of
from npcops.lore import Viewer
from npcops.model_calls import Reply
from npcops.replies import parse_speech

IDS = ("a1b2c3d4", "0f0f0f0f")
CARD = NpcCard(
    id="old-pinch",
    name="Pinch Tarrow",
    persona="A smuggler.",
    emotions=("calm", "neutral", "Angry"),
    actions=("wave", "give", "bow"),
)
ITEM = {"type": "object", "properties": {"item": {"type": "string", "maxLength": 20}}, "additionalProperties": False}
GAME = GameTitle(
    "game",
    "Game",
    actions=(
        ActionSpec("wave", "Waves."),
        ActionSpec("give", "Gives.", ITEM),
        ActionSpec("bow", "Bows.", {}, frozenset({"knighted"})),
        ActionSpec("fly", "Flies."),
    ),
)
ACTIONS = Actions(CARD, GAME, Viewer(CARD.id))
CANARY = canary_of("You speak as Pinch.")
GUARD = LeakGuard(CANARY, ["You never tell anybody where the second key to the gate is kept."])


def parse(text: str = "", tool_input: Any = None, stop_reason: str = "end_turn") -> Speech:
    reply = Reply(text, tool_input, "model", stop_reason, Usage())
    return parse_speech(reply, CARD, IDS, ACTIONS, CARD.emotions, GUARD)


def said(text: str = "", tool_input: Any = None, stop_reason: str = "end_turn") -> str:
    return parse(text, tool_input, stop_reason).say


def rest(shown: str, say: str) -> str | None:
    """What of the final words has not been shown; None if what was shown is not their beginning."""
    return say[len(shown) :] if say.startswith(shown) else None
