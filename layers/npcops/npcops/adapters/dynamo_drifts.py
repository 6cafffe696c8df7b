"""What is known of drift in DynamoDB: an item for each NPC, in partition `{title}#drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import available, key, pack, unpack
from npcops.drifts import NpcDrift
from npcops.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The table of drift"


class DynamoDrifts:
    """`DriftStore` on one table with keys `pk`, `sk`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def find(self, title: str, npc: str) -> NpcDrift:
        """See DriftStore."""
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=_key(title, npc), ConsistentRead=True)
        return unpack(found["Item"], NpcDrift) if "Item" in found else NpcDrift()

    def put(self, title: str, npc: str, known: NpcDrift) -> NpcDrift:
        """See DriftStore."""
        after = msgspec.structs.replace(known, revision=known.revision + 1)
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if known.revision:
            condition = {
                "ConditionExpression": "revision = :before",
                "ExpressionAttributeValues": {":before": {"N": str(known.revision)}},
            }
        item = _key(title, npc) | {"data": pack(after), "revision": {"N": str(after.revision)}}
        try:
            with available(WHAT):
                self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError:
            raise Conflict("Somebody else has just looked at this NPC's drift.") from None
        return after


def _key(title: str, npc: str) -> dict[str, Any]:
    return key(f"{title}#drift", npc)
