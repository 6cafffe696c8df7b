"""Answers for reuse in DynamoDB: one partition a shelf, so that one query finds all that may serve.

Sort keys begin with the time, so the newest are read first. Nothing in an item names a player or holds their words.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from npcops.adapters.dynamodb import available, expires, key, pack, unpack
from npcops.answers import Answer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The table of answers"
_DAY = 86400


class DynamoAnswers:
    """`AnswerStore` on one table with keys `pk`, `sk` and TTL attribute `expires_at`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def newest(self, shelf: str, limit: int) -> list[Answer]:
        """See AnswerStore. DynamoDB deletes what has expired in its own time: days may pass."""
        with available(WHAT):
            page = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": shelf}},
                ScanIndexForward=False,
                Limit=limit,
            )
        now = time.time()
        kept = [item for item in page["Items"] if float(item["expires_at"]["N"]) > now]
        return [msgspec.structs.replace(unpack(item, Answer), vector=item["vector"]["B"]) for item in kept]

    def add(self, shelf: str, answer: Answer, seconds: int) -> None:
        """See AnswerStore. The vector is an attribute of its own: as bytes it takes the least room."""
        item = key(shelf, f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}") | {
            "data": pack(msgspec.structs.replace(answer, vector=b"")),
            "vector": {"B": answer.vector},
            "expires_at": expires(seconds / _DAY),
        }
        with available(WHAT):
            self._client.put_item(TableName=self._table, Item=item)
