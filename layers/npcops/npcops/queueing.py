"""Putting a turn before reviewers, so that nothing of an erased player comes into the queue."""

from __future__ import annotations

from npcops.people import ReviewItem
from npcops.studio_ports import ReviewStore, SpokenTurns


def queue(spoken: SpokenTurns, reviews: ReviewStore, title: str, item: ReviewItem, days: int) -> bool:
    """Queue a turn for `days`; False if its player was erased meanwhile.

    An erasure removes the turn first and then what is queued of it. So a turn that is still there after it was queued
    will be found by any later erasure.
    """
    reviews.queue(title, item, days)
    if spoken.find(title, item.player, item.turn_id):
        return True
    reviews.forget(title, item.turn_id)
    return False
