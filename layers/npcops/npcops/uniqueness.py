"""Not saying the same twice: which of its own lines an NPC is to avoid, and whether it has repeated one after all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from npcops.likeness import normalised
from npcops.memory import RememberedTurn

# Lines to avoid take room in the prompt, and small models copy what they are shown much of.
MOST_LINES = 6
# A question at least this much like an earlier one is taken to ask the same again.
SAME_QUESTION = 0.6
# A line at least this much like an earlier one counts as the same words.
TOO_ALIKE = 0.8
_GRAM = 4


def lines_to_avoid(message: str, turns: Iterable[RememberedTurn]) -> tuple[str, ...]:
    """The NPC's own lines not to be said again, oldest first: its answers to questions like this one, and its last.

    `turns` are oldest first. Those that others spoke in its presence do not count.
    """
    own = [turn for turn in turns if not turn.speaker]
    asked = Counter(_grams(message))
    alike = [turn for turn in own if _overlap(asked, Counter(_grams(turn.player))) >= SAME_QUESTION]
    latest = {normalised(turn.npc): turn for turn in own}
    wanted = dict.fromkeys(normalised(turn.npc) for turn in (*reversed(alike), *own[:-3:-1]))
    chosen = [latest[line] for line in list(wanted)[:MOST_LINES]]
    return tuple(turn.npc for turn in sorted(chosen, key=own.index))


def too_alike(say: str, recent: Iterable[str]) -> bool:
    """Whether a line has nearly the words of a recent one: eight tenths of its runs of 4 characters, or more."""
    return alikeness(say, recent) >= TOO_ALIKE


def alikeness(say: str, recent: Iterable[str]) -> float:
    """How much a line has of the words of the recent one that is most like it, 0 (nothing) to 1 (all)."""
    grams = Counter(_grams(say))
    return max((_overlap(grams, Counter(_grams(line))) for line in recent), default=0.0)


def _grams(text: str) -> Sequence[str]:
    """Runs of characters, which need no words: they serve for all scripts. A shorter text is one run."""
    letters = " ".join("".join(c if c.isalnum() else " " for c in normalised(text)).split())
    return [letters[start : start + _GRAM] for start in range(max(len(letters) - _GRAM + 1, 1))] if letters else []


def _overlap(one: Counter[str], other: Counter[str]) -> float:
    """The share of runs in common, 0 to 1: of the shorter text's if that is at least half as long, else of both."""
    sizes = sorted((one.total(), other.total()))
    common = (one & other).total()
    if not sizes[0]:
        return 0.0
    return common / sizes[0] if 2 * sizes[0] >= sizes[1] else 2 * common / sum(sizes)
