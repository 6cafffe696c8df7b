"""Use case: somebody says what they think of a turn."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from npcops.corrections import propose
from npcops.dialogue import SpokenTurn
from npcops.errors import NotFound
from npcops.identity import Identity
from npcops.live_counting import count_rating
from npcops.people import Given, Rated, Rating, ReviewItem, Rule
from npcops.queueing import queue
from npcops.studio_ports import ReviewStore, SpokenTurns
from npcops.tuning_ports import LiveFigures
from npcops.turn_ids import now_iso

PLAYER, STUDIO = "player", "studio"
# Ratings up to this bring a turn before a reviewer.
LOW = 2
GONE = "This player has no such turn, or it is not kept any more."


class RateTurn:
    """Keeps a rating with its turn; a bad one or a report queues a review, a corrected answer proposes a correction.

    What players think is counted.
    """

    def __init__(
        self,
        spoken: SpokenTurns,
        reviews: ReviewStore,
        live: LiveFigures,
        days: int,
        now: Callable[[], str] = now_iso,
    ) -> None:
        """`days` is for how long turns are kept, and so for how long they can be reviewed."""
        self._spoken, self._reviews, self._live = spoken, reviews, live
        self._days, self._now = days, now

    def __call__(self, title: str, player: str, turn_id: str, rater: Identity, rating: Rating) -> Rated:
        """Rating again replaces the rating. Raises NotFound: no such turn of this player, or it has expired."""
        spoken = self._spoken.find(title, player, turn_id)
        given = given_by(rater, player, rating, self._now())
        if spoken is None or not self._spoken.rate(title, player, spoken.turn.turn_id, given):
            raise NotFound(GONE)
        rules = _rules(rating)
        if rules and not queue(self._spoken, self._reviews, title, queued(spoken, player, rules, given), self._days):
            raise NotFound(GONE)
        correction = propose(self._reviews, title, player, spoken, given)
        if given.scope == PLAYER:
            count_rating(self._live, title, spoken, rating.score)
        return Rated(turn_id, bool(rules), correction)


def given_by(rater: Identity, player: str, rating: Rating, at: str) -> Given:
    """Whose rating it is: a person of the studio's, or the player's, also where the game's server passes it on."""
    if STUDIO in rater.scopes:
        return Given(rating, rater.subject, STUDIO, at)
    return Given(rating, player, PLAYER, at)


def queued(spoken: SpokenTurn, player: str, rules: tuple[Rule, ...], given: Given) -> ReviewItem:
    """A turn as the queue holds it, without words."""
    turn = spoken.turn
    return ReviewItem(
        turn_id=turn.turn_id,
        player=player,
        npc=turn.npc,
        rules=rules,
        queued_at=given.at,
        model=turn.model,
        prompt_version=turn.prompt_version,
        ratings=(wordless(given),),
    )


def wordless(given: Given) -> Given:
    """A rating without what was written to it."""
    return msgspec.structs.replace(given, rating=msgspec.structs.replace(given.rating, comment="", correction=""))


def _rules(rating: Rating) -> tuple[Rule, ...]:
    rules: tuple[Rule, ...] = ("reported",) if rating.report else ()
    return (*rules, "rated-low") if rating.score <= LOW else rules
