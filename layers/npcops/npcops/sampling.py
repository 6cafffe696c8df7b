"""Use case: some of the turns that players were given are put before reviewers, by rule, and some are counted.

What is left to chance is decided by a hash of the turn's id, so that an event delivered again is decided alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Protocol

import msgspec

from npcops.dialogue import Degraded, Spoken, SpokenTurn
from npcops.live_counting import CountLive
from npcops.people import ReviewItem, Rule
from npcops.queueing import queue
from npcops.studio_ports import ReviewStore, SpokenTurns
from npcops.turn_ids import now_iso

# Reviewers want to see each of these. Of other causes a share will do: an outage would fill the queue.
ALWAYS_SEEN = frozenset(("leak", "guardrail"))


class Shares(msgspec.Struct, frozen=True):
    """Which part (0 to 1) of all turns is reviewed, of the degraded ones, and of those whose groundedness is measured.

    An answer is `ungrounded` below `threshold`.
    """

    random: float
    degraded: float
    measured: float
    threshold: float


class Grounding(Protocol):
    """How well an answer is supported by the passages that it cites."""

    def __call__(self, title: str, spoken: SpokenTurn) -> float | None:
        """0 to 1; None where it claims or cites nothing. Raises ModelUnavailable."""


class SampleTurn:
    """Decides for one turn, from what was announced of it; nothing is read of a turn that no rule can concern.

    What cannot be counted now is tried again with the event, after reviewers have got their turns.
    """

    def __init__(
        self,
        spoken: SpokenTurns,
        reviews: ReviewStore,
        shares: Shares,
        grounding: Callable[[], Grounding],
        count: CountLive,
        days: int,
        now: Callable[[], str] = now_iso,
    ) -> None:
        """`grounding` is made when it is first needed. `days` is for how long turns are kept."""
        self._spoken, self._reviews, self._shares = spoken, reviews, shares
        self._grounding, self._count, self._days, self._now = cache(grounding), count, days, now

    def __call__(self, event: Spoken) -> tuple[Rule, ...]:
        """The rules by which the turn was queued. A turn that is not kept, or not any more, is not."""
        rules, measured = self._by_announcement(event), drawn("measured", event.turn_id, self._shares.measured)
        spoken = self._spoken.find(event.title, event.player, event.turn_id) if rules or measured else None
        if spoken is not None and rules and not self._queued(event, rules):
            spoken = None
        self._count.spoken(event, measured)
        if spoken is None:
            return ()
        # After what is known: a leak does not wait until a model can measure again.
        return self._measured(event, spoken, rules) if measured and spoken.passages else rules

    def _measured(self, event: Spoken, spoken: SpokenTurn, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        groundedness = self._grounding()(event.title, spoken)
        if groundedness is None:
            return rules
        if groundedness < self._shares.threshold:
            rules = (*rules, "ungrounded")
        if rules and not self._queued(event, rules, groundedness):
            return ()
        self._count.measured(event, groundedness)
        return rules

    def _queued(self, event: Spoken, rules: tuple[Rule, ...], groundedness: float | None = None) -> bool:
        item = ReviewItem(
            turn_id=event.turn_id,
            player=event.player,
            npc=event.npc,
            rules=rules,
            queued_at=self._now(),
            model=event.model,
            prompt_version=event.prompt_version,
            groundedness=groundedness,
        )
        return queue(self._spoken, self._reviews, event.title, item, self._days)

    def _by_announcement(self, event: Spoken) -> tuple[Rule, ...]:
        rules: tuple[Rule, ...] = ()
        if event.degraded and self._is_seen(event.degraded, event.turn_id):
            rules = ("degraded",)
        return (*rules, "random") if drawn("random", event.turn_id, self._shares.random) else rules

    def _is_seen(self, degraded: Degraded, turn_id: str) -> bool:
        return not ALWAYS_SEEN.isdisjoint(degraded.why) or drawn("degraded", turn_id, self._shares.degraded)


def drawn(lot: str, turn_id: str, share: float) -> bool:
    """Whether a turn is among the share that a lot draws, whenever it is asked."""
    number = hashlib.blake2b(f"{lot} {turn_id}".encode(), digest_size=8).digest()
    return int.from_bytes(number) < share * 2**64
