"""Turns as they were spoken, and what is thought of them, in DynamoDB: in the player's partition, to go with it.

The classes of ratings are imported when one is asked for: function Converse, which only keeps turns, never does.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from npcops.adapters.dynamo_turns import reply_key
from npcops.adapters.dynamodb import Item, available, expires, key, pack, query, unpack
from npcops.adapters.player_table import WHAT, PlayerTable, put
from npcops.dialogue import SpokenTurn, TurnRecord

if TYPE_CHECKING:
    from npcops.people import Given


class DynamoSpoken(PlayerTable):
    """`SpokenTurns` on the players' table."""

    def keep(self, title: str, player: str, spoken: SpokenTurn, days: int) -> None:
        """See SpokenTurns."""
        pk = self._partition(title, player)
        self.write(pk, spoken.turn.turn_id, put(spoken_item(pk, spoken, days)))

    def find(self, title: str, player: str, turn_id: str) -> SpokenTurn | None:
        """See SpokenTurns."""
        pk = self._partition(title, player)
        found = self._item(pk, turn_id)
        if found is None:
            announced = self.read(pk, reply_key(turn_id), TurnRecord)
            found = self._item(pk, announced.kept_as) if announced and announced.kept_as else None
        return unpack(found, SpokenTurn) if found else None

    def rate(self, title: str, player: str, turn_id: str, given: Given) -> bool:
        """See SpokenTurns. The rating expires with the turn, and cannot come back after an erasure."""
        pk = self._partition(title, player)
        spoken = self._item(pk, turn_id)
        if spoken is None:
            return False
        rating = key(pk, f"{_ratings(turn_id)}{_rater(given)}")
        return self.write(
            pk,
            turn_id,
            {"ConditionCheck": {"Key": key(pk, _sort_key(turn_id)), "ConditionExpression": "attribute_exists(pk)"}},
            put(rating | {"data": pack(given), "expires_at": spoken["expires_at"]}),
        )

    def ratings(self, title: str, player: str, turn_id: str) -> list[Given]:
        """See SpokenTurns, oldest first."""
        from npcops.people import Given

        with available(WHAT):
            found = query(
                self._client,
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
                ExpressionAttributeValues={
                    ":pk": {"S": self._partition(title, player)},
                    ":prefix": {"S": _ratings(turn_id)},
                },
                ConsistentRead=True,
            )
            return sorted((unpack(item, Given) for item in found), key=lambda given: given.at)

    def _item(self, pk: str, turn_id: str) -> Item | None:
        """The item of a turn, unless it has expired: DynamoDB may take days to delete it."""
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=key(pk, _sort_key(turn_id)), ConsistentRead=True)
        item = found.get("Item")
        return item if item and float(item["expires_at"]["N"]) > time.time() else None


def spoken_item(pk: str, spoken: SpokenTurn, days: int) -> Item:
    """The item of a turn in the partition of its player."""
    return key(pk, _sort_key(spoken.turn.turn_id)) | {"data": pack(spoken), "expires_at": expires(days)}


def _sort_key(turn_id: str) -> str:
    return f"spoken#{turn_id}"


def _ratings(turn_id: str) -> str:
    return f"rating#{turn_id}#"


def _rater(given: Given) -> str:
    """One for each rater, whatever characters their ids have."""
    return hashlib.blake2b(f"{given.scope} {given.by}".encode(), digest_size=12).hexdigest()
