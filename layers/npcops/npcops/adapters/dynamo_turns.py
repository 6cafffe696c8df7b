"""Turns of streams in DynamoDB: `reply#{turn id}` in the player's partition, so that they go when the player does."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import Item, available, expires, key, pack, unpack
from npcops.adapters.player_table import WHAT, PlayerTable, put
from npcops.dialogue import TurnRecord

KEPT_DAYS = 1 / 24


class DynamoTurns(PlayerTable):
    """`TurnRecords` on the players' table."""

    def begin(self, title: str, player: str, record: TurnRecord) -> None:
        """See TurnRecords."""
        pk = self._partition(title, player)
        self.write(pk, record.turn_id, put(_item(pk, record), ConditionExpression="attribute_not_exists(pk)"))

    def find(self, title: str, player: str, turn_id: str) -> TurnRecord | None:
        """See TurnRecords. DynamoDB may take days to delete what has expired."""
        with available(WHAT):
            found = self._client.get_item(
                TableName=self._table, Key=key(self._partition(title, player), reply_key(turn_id)), ConsistentRead=True
            )
        item = found.get("Item")
        if item is None or float(item["expires_at"]["N"]) <= time.time():
            return None
        return unpack(item, TurnRecord)

    def replace(self, title: str, player: str, before: TurnRecord, after: TurnRecord) -> bool:
        """See TurnRecords. A record that was erased has no version, so it cannot come back."""
        try:
            with available(WHAT):
                self._client.put_item(
                    TableName=self._table,
                    Item=_item(self._partition(title, player), after),
                    ConditionExpression="version = :before",
                    ExpressionAttributeValues={":before": _version(before)},
                )
        except ClientError:
            return False
        return True


def _item(pk: str, record: TurnRecord) -> Item:
    return key(pk, reply_key(record.turn_id)) | {
        "data": pack(record),
        "version": _version(record),
        "expires_at": expires(KEPT_DAYS),
    }


def reply_key(turn_id: str) -> str:
    """The sort key of a stream's turn."""
    return f"reply#{turn_id}"


def _version(record: TurnRecord) -> Any:
    return {"S": f"{record.speaker}#{record.state}"}
