"""Use case: people of the studio look at turns of the review queue and say what they think of them."""

from __future__ import annotations

from collections.abc import Callable

from npcops.corrections import propose
from npcops.errors import NotFound
from npcops.identity import Identity
from npcops.people import Rating, Reviewed, ReviewItem, ReviewList, ShownReview
from npcops.rate_turn import given_by, wordless
from npcops.studio_ports import ReviewStore, SpokenTurns
from npcops.turn_ids import now_iso

# How many turns are looked at for a page: the words of some have gone.
LOOKED_AT = 100


class Reviews:
    """The review queue with the words of its turns, which it does not hold itself.

    A turn whose words are gone, because they expired or the player was erased, is forgotten when it comes up. `raters`
    is how many reviewers a turn needs.
    """

    def __init__(
        self, spoken: SpokenTurns, reviews: ReviewStore, raters: int, now: Callable[[], str] = now_iso
    ) -> None:
        self._spoken, self._reviews, self._raters, self._now = spoken, reviews, raters, now

    def waiting(self, title: str, reviewer: str, limit: int, npc: str = "") -> ReviewList:
        """What this reviewer has not looked at yet, most urgent first."""
        shown: list[ShownReview] = []
        items = self._reviews.queued(title, LOOKED_AT, npc, reviewer)
        for item in items:
            if len(shown) == limit:
                return ReviewList(tuple(shown), more=True)
            if review := self._shown(title, item):
                shown.append(review)
        return ReviewList(tuple(shown), more=len(items) == LOOKED_AT)

    def review(self, title: str, reviewer: Identity, turn_id: str, rating: Rating) -> Reviewed:
        """Keep a reviewer's rating with the turn. Raises NotFound: the turn is not in the queue, or gone by now."""
        item = self._reviews.review(title, turn_id)
        given = given_by(reviewer, item.player, rating, self._now())
        spoken = self._spoken.find(title, item.player, turn_id)
        if spoken is None or not self._spoken.rate(title, item.player, turn_id, given):
            self._reviews.forget(title, turn_id)
            raise NotFound("The turn is not kept any more.")
        correction = propose(self._reviews, title, item.player, spoken, given)
        done = self._reviews.done(title, turn_id, wordless(given), self._raters)
        return Reviewed(turn_id, done, correction)

    def _shown(self, title: str, item: ReviewItem) -> ShownReview | None:
        spoken = self._spoken.find(title, item.player, item.turn_id)
        if spoken is None:
            self._reviews.forget(title, item.turn_id)
            return None
        return ShownReview(item, spoken, tuple(self._spoken.ratings(title, item.player, item.turn_id)))
