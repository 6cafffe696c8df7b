"""The review queue in DynamoDB: ids and figures of turns, most urgent first, and what reviewers made of them.

`order` is `queue#{urgency}#{since}#{turn}` while a turn is in the queue, `done#{at}#{turn}` afterwards: an event that
is delivered again does not bring back what was looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import get_args

import msgspec

from npcops.adapters.dynamo_opinions import DynamoCorrections, DynamoPreferences
from npcops.adapters.dynamodb import Item, expires, pack, unpack
from npcops.adapters.reviews_table import ReviewsTable
from npcops.errors import NotFound
from npcops.people import Given, ReviewItem, Rule

RULES: tuple[Rule, ...] = get_args(Rule)
QUEUED, DONE = "queue", "done"
STUDIO = "studio"


class DynamoReviewQueue(ReviewsTable):
    """The queue of `ReviewStore`."""

    def queue(self, title: str, item: ReviewItem, days: int) -> None:
        """See ReviewStore."""

        def changed(before: Item | None) -> Item | None:
            if before is None:
                return _item(item, _waiting(item), expires(days))
            known = unpack(before, ReviewItem)
            merged = _merged(known, item)
            if merged == known:
                return None
            if _is_done(before) and merged.rules == known.rules:
                return _item(merged, before["order"]["S"], before["expires_at"])
            if _is_done(before):
                # Reviewers did not know of the new rule: all of them are asked again.
                players = tuple(given for given in merged.ratings if given.scope != STUDIO)
                merged = msgspec.structs.replace(merged, ratings=players)
            return _item(merged, _waiting(merged), before["expires_at"])

        self.change(_partition(title), item.turn_id, changed)

    def queued(self, title: str, limit: int, npc: str = "", reviewer: str = "") -> list[ReviewItem]:
        """See ReviewStore."""
        items = (unpack(item, ReviewItem) for item in self.ordered(_partition(title), f"{QUEUED}#"))
        wanted = (item for item in items if npc in ("", item.npc) and not _has_seen(reviewer, item))
        return list(islice(wanted, limit))

    def review(self, title: str, turn_id: str) -> ReviewItem:
        """See ReviewStore."""
        found = self.item(_partition(title), turn_id)
        if found is None:
            raise NotFound("This turn is not in the review queue.")
        return unpack(found, ReviewItem)

    def done(self, title: str, turn_id: str, given: Given, raters: int) -> bool:
        """See ReviewStore."""
        off = False

        def changed(before: Item | None) -> Item:
            nonlocal off
            if before is None:
                raise NotFound("This turn is not in the review queue.")
            known = unpack(before, ReviewItem)
            item = msgspec.structs.replace(known, ratings=_newest((*known.ratings, given)))
            off = _is_done(before) or len([one for one in item.ratings if one.scope == STUDIO]) >= raters
            order = f"{DONE}#{given.at}#{turn_id}" if off else before["order"]["S"]
            return _item(item, order, before["expires_at"])

        self.change(_partition(title), turn_id, changed)
        return off

    def reviewed(self, title: str, limit: int) -> list[ReviewItem]:
        """See ReviewStore."""
        found = self.ordered(_partition(title), f"{DONE}#", ScanIndexForward=False)
        return [unpack(item, ReviewItem) for item in islice(found, limit)]

    def forget(self, title: str, turn_id: str) -> None:
        """See ReviewStore."""
        self.delete(_partition(title), turn_id)

    def forget_player(self, title: str, player: str) -> int:
        """See ReviewStore. DynamoDB looks through the whole queue: players are erased rarely."""
        pk = _partition(title)
        theirs = [item["sk"]["S"] for item in self.items(pk, where=("player", player))]
        for turn_id in theirs:
            self.delete(pk, turn_id)
        return len(theirs)


class DynamoReviews(DynamoReviewQueue, DynamoCorrections, DynamoPreferences):
    """`ReviewStore` on the table of reviews."""


def _partition(title: str) -> str:
    return f"{title}#reviews"


def _item(item: ReviewItem, order: str, expires_at: Item) -> Item:
    return {"data": pack(item), "player": {"S": item.player}, "order": {"S": order}, "expires_at": expires_at}


def _is_done(item: Item) -> bool:
    return str(item["order"]["S"]).startswith(f"{DONE}#")


def _waiting(item: ReviewItem) -> str:
    return f"{QUEUED}#{min(map(RULES.index, item.rules))}#{item.queued_at}#{item.turn_id}"


def _has_seen(reviewer: str, item: ReviewItem) -> bool:
    return any((given.scope, given.by) == (STUDIO, reviewer) for given in item.ratings)


def _merged(known: ReviewItem, item: ReviewItem) -> ReviewItem:
    rules = tuple(rule for rule in RULES if rule in known.rules or rule in item.rules)
    groundedness = known.groundedness if item.groundedness is None else item.groundedness
    ratings = _newest((*known.ratings, *item.ratings))
    return msgspec.structs.replace(known, rules=rules, groundedness=groundedness, ratings=ratings)


def _newest(ratings: Sequence[Given]) -> tuple[Given, ...]:
    """The last one of each rater, in the order of the raters' first ones."""
    return tuple({(given.scope, given.by): given for given in ratings}.values())
