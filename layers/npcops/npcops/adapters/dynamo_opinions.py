"""Corrections and blind comparisons in DynamoDB."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import Any

import msgspec

from npcops.adapters.dynamodb import Item, expires, key, pack, unpack
from npcops.adapters.reviews_table import ReviewsTable
from npcops.errors import Conflict, NotFound
from npcops.people import WORDED, Correction, Pair, Preference

# How long what a player said stays in a correction that nobody accepts.
UNACCEPTED_DAYS = 90


class Preferred(msgspec.Struct, frozen=True):
    """What a rater prefers, with what they were shown."""

    rater: str
    pair: Pair
    preference: Preference


class DynamoCorrections(ReviewsTable):
    """The corrections of `ReviewStore`; `order` is `{state}#{proposed at}#{id}`."""

    def put_correction(self, title: str, correction: Correction, expected: str | None) -> None:
        """See ReviewStore."""
        item: Item = key(_corrections(title), _place(correction.id)) | {
            "data": pack(correction),
            "state": {"S": correction.state},
            "order": {"S": _order(correction, correction.state)},
        }
        if correction.state != "accepted":
            item["expires_at"] = expires(UNACCEPTED_DAYS)
        condition = "attribute_not_exists(pk)" if expected is None else "#state = :expected"
        values = {} if expected is None else {"ExpressionAttributeValues": {":expected": {"S": expected}}}
        names = {} if expected is None else {"ExpressionAttributeNames": {"#state": "state"}}
        if not self.put(item, ConditionExpression=condition, **values, **names):
            raise Conflict("The correction has been decided, or proposed, by somebody else; look again.")

    def correction(self, title: str, correction: str) -> Correction:
        """See ReviewStore."""
        found = self.item(_corrections(title), _place(correction))
        known = unpack(found, Correction) if found else None
        if known is None or known.id != correction:
            raise NotFound("There is no such correction, or whoever proposed it has reworded it: list them again.")
        return known

    def corrections(self, title: str, state: str, limit: int, before: str = "") -> list[Correction]:
        """See ReviewStore."""
        pk, start = _corrections(title), dict[str, Any]()
        if before:
            # It may have been decided meanwhile: where it would stand among those of this state is all that counts.
            last = self.correction(title, before)
            start["ExclusiveStartKey"] = key(pk, _place(last.id)) | {"order": {"S": _order(last, state)}}
        found = self.ordered(pk, f"{state}#", ScanIndexForward=False, **start)
        return [unpack(item, Correction) for item in islice(found, limit)]


class DynamoPreferences(ReviewsTable):
    """The blind comparisons of `ReviewStore`, at `{case}#{rater}`."""

    def prefer(self, title: str, pair: Pair, rater: str, preference: Preference) -> None:
        """See ReviewStore."""
        who = hashlib.blake2b(rater.encode(), digest_size=12).hexdigest()
        where = key(_preferences(title, pair.evaluation), f"{pair.case}#{who}")
        self.put(where | {"data": pack(Preferred(rater, pair, preference))})

    def preferences(self, title: str, evaluation: str) -> list[tuple[str, Pair, Preference]]:
        """See ReviewStore."""
        found = (unpack(item, Preferred) for item in self.items(_preferences(title, evaluation)))
        return [(one.rater, one.pair, one.preference) for one in found]


def _order(correction: Correction, state: str) -> str:
    return f"{state}#{correction.proposed_at}#{correction.id}"


def _place(correction: str) -> str:
    """One for all wordings of a correction, of which the newest is there."""
    return correction.partition(WORDED)[0]


def _corrections(title: str) -> str:
    return f"{title}#corrections"


def _preferences(title: str, evaluation: str) -> str:
    return f"{title}#preferences#{evaluation}"
