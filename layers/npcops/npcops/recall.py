"""What an NPC remembers here and now: turns, summaries and facts whose gates admit the player as they are."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from npcops.characters import NpcCard
from npcops.facts import noted, rank
from npcops.lore import Gate, Viewer
from npcops.memory import Fact, RememberedTurn, Standing, Summary
from npcops.tokens import estimate
from npcops.turn_ports import PlayerStore
from npcops.vectors import pack

# More turns than any sensible token budget holds; a bound for the read, not a policy.
RECENT_TURNS = 40


class Recalled(msgspec.Struct, frozen=True):
    """Memory that may be part of a prompt, all of it admitted by its gates, oldest first (summaries newest first).

    `turns` are the NPC's own; `heard` are what others said to the player while it was present. `facts` are all that are
    known besides the turns, until `ranked` leaves those that fit. `spoken` are the NPC's latest lines, those of turns
    that no longer fit too; they are for comparison, and no part of a prompt.
    """

    turns: tuple[RememberedTurn, ...] = ()
    heard: tuple[RememberedTurn, ...] = ()
    summaries: tuple[Summary, ...] = ()
    facts: tuple[Fact, ...] = ()
    spoken: tuple[str, ...] = ()

    @property
    def gates(self) -> list[Gate]:
        """The gates of all that is remembered: a reply may quote any of it."""
        turns = (turn.gate for turn in (*self.turns, *self.heard))
        return [*turns, *(summary.gate for summary in self.summaries), *(fact.gate for fact in self.facts)]

    def ranked(self, question: str, vector: Sequence[float] | None, now: str, budget: int) -> Recalled:
        """The same with only those facts that matter to a question most and fit `budget` tokens.

        `vector` is the question's embedding if there is one, `now` the id of the turn that is spoken.
        """
        chosen = rank(self.facts, pack(vector) if vector else b"", question, now, budget)
        return msgspec.structs.replace(self, facts=chosen)


def recall(
    players: PlayerStore, title: str, player: str, card: NpcCard, standing: Standing, viewer: Viewer
) -> Recalled:
    """What `card`'s NPC remembers of the save in which the player stands, within the card's budgets but for facts.

    Turns that no longer fit verbatim and are not summarised yet still count by their notes. Raises StoreUnavailable.
    """
    memory, turns = players.recent(title, player, card.id, standing.save.lineage, RECENT_TURNS)
    admitted = [turn for turn in turns if turn.gate.admits(viewer)]
    verbatim = _within(admitted, card.memory.recent_tokens)
    left_out = admitted[: len(admitted) - len(verbatim)]
    summaries = [summary for summary in memory.summaries if summary.gate.admits(viewer)]
    return Recalled(
        turns=tuple(turn for turn in verbatim if not turn.speaker),
        heard=tuple(turn for turn in verbatim if turn.speaker),
        summaries=_newest(summaries, card.memory.summary_tokens),
        facts=tuple(fact for fact in (*memory.facts, *noted(left_out)) if fact.gate.admits(viewer)),
        spoken=tuple(turn.npc for turn in admitted if not turn.speaker),
    )


def _within(turns: Sequence[RememberedTurn], budget: int) -> Sequence[RememberedTurn]:
    """The longest run of latest turns that fits the budget, oldest first."""
    first = len(turns)
    while first and (budget := budget - estimate(turns[first - 1].player) - estimate(turns[first - 1].npc)) >= 0:
        first -= 1
    return turns[first:]


def _newest(summaries: Sequence[Summary], budget: int) -> tuple[Summary, ...]:
    """The summaries that fit the budget, newest first. Each stands by itself: one too large makes way for the next."""
    kept: list[Summary] = []
    for summary in reversed(summaries):
        if (size := estimate(summary.text)) <= budget:
            budget -= size
            kept.append(summary)
    return tuple(kept)
