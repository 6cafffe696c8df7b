"""The lines that writers gave a character for when no model can answer."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence

from npcops.characters import NpcCard
from npcops.dialogue import Speech

SILENCE = "…"
# The mood that suits best, then those that will do: nobody who was only not understood in time is refused.
_MOODS: dict[str, tuple[str, ...]] = {
    "refuse": ("refuse", "unsure", "default", "busy"),
    "busy": ("busy", "default", "unsure"),
    "default": ("default", "unsure", "busy"),
}
_REFUSING = frozenset({"guardrail", "leak"})
_WAITING = frozenset({"model-slow", "model-unavailable", "model-resting"})


def authored_speech(
    card: NpcCard, emotions: Sequence[str], why: Collection[str], said: Sequence[str], turn_id: str
) -> Speech:
    """A line of the card that suits the causes `why` (those of Degraded) for which no model answers.

    `emotions` are those that the character shows, `said` what it said in recent turns, oldest first: a line that was
    not said lately is taken before one that was. A card without lines for the occasion is silent: "…".
    """
    return Speech(_line(card, _mood(why), said, turn_id), calm(emotions))


def calm(emotions: Sequence[str]) -> str:
    """The emotion of words that came with none."""
    return "neutral" if "neutral" in emotions or not emotions else emotions[0]


def _mood(why: Collection[str]) -> str:
    if not _REFUSING.isdisjoint(why):
        return "refuse"
    return "default" if _WAITING.isdisjoint(why) else "busy"


def _line(card: NpcCard, mood: str, said: Sequence[str], turn_id: str) -> str:
    for suiting in _MOODS[mood]:
        if lines := [line.strip() for line in card.fallbacks.get(suiting, ()) if line.strip()]:
            ages = {text.strip(): len(said) - place for place, text in enumerate(said)}
            oldest = max(ages.get(line, len(said) + 1) for line in lines)
            free = [line for line in lines if ages.get(line, len(said) + 1) == oldest]
            return free[zlib.crc32(turn_id.encode()) % len(free)]
    return SILENCE
