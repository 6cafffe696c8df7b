"""The table of what people think, with an index by which documents of a partition are read in another order.

Partitions `{title}#reviews` (sort key: turn id), `{title}#corrections` (id), `{title}#preferences#{evaluation}` and
`{title}#judgements`. Index `by_order` (local, so that it can be read consistently) has the documents with an
attribute `order`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import Item, available, key, query
from npcops.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
WHAT = "The table of reviews"
INDEX = "by_order"
ATTEMPTS = 6


class ReviewsTable:
    """One table with keys `pk`, `sk`, local index `by_order` on `order`, and TTL attribute `expires_at`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def item(self, pk: str, sk: str) -> Item | None:
        """One item, read consistently, if it is there and has not expired."""
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=key(pk, sk), ConsistentRead=True)
        item = found.get("Item")
        return item if item and _lasts(item) else None

    def put(self, item: Item, **condition: Any) -> bool:
        """Write an item; False if its condition does not hold."""
        try:
            with available(WHAT):
                self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError:
            return False
        return True

    def change(self, pk: str, sk: str, changed: Callable[[Item | None], Item | None]) -> None:
        """Put what `changed` makes of an item in its place, whoever else changes it meanwhile; None leaves it."""
        for attempt in range(1, ATTEMPTS + 1):
            before = self.item(pk, sk)
            after = changed(before)
            if after is None:
                return
            version = int(before["version"]["N"]) if before else 0
            if self.put(key(pk, sk) | after | {"version": {"N": str(version + 1)}}, **_unchanged(version)):
                return
            time.sleep(0.01 * attempt)
        raise StoreUnavailable(f"{WHAT} is contended.")

    def delete(self, pk: str, sk: str) -> None:
        """Remove an item; a missing one is no error."""
        with available(WHAT):
            self._client.delete_item(TableName=self._table, Key=key(pk, sk))

    def items(self, pk: str, prefix: str = "", where: tuple[str, str] | None = None) -> Iterator[Item]:
        """The items of a partition that have not expired, by sort key; only those with this value of an attribute."""
        yield from self._query(pk, "sk", prefix, where)

    def ordered(self, pk: str, prefix: str, **request: Any) -> Iterator[Item]:
        """The same by `order`."""
        yield from self._query(pk, "order", prefix, IndexName=INDEX, **request)

    def _query(
        self, pk: str, by: str, prefix: str, where: tuple[str, str] | None = None, **request: Any
    ) -> Iterator[Item]:
        condition: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        names = {}
        if prefix:
            condition["KeyConditionExpression"] += " AND begins_with(#by, :prefix)"
            condition["ExpressionAttributeValues"][":prefix"], names["#by"] = {"S": prefix}, by
        if where:
            # Left out where they are read: handing thousands of items over is what takes the time.
            condition["FilterExpression"] = "#where = :where"
            condition["ExpressionAttributeValues"][":where"], names["#where"] = {"S": where[1]}, where[0]
        if names:
            condition["ExpressionAttributeNames"] = names
        with available(WHAT):
            for item in query(self._client, **condition, **request):
                if _lasts(item):
                    yield item


def _unchanged(version: int) -> dict[str, Any]:
    """The condition that an item still has this version, or is (0) not there; what has expired may still be there."""
    if version:
        return {
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": {":version": {"N": str(version)}},
        }
    return {
        "ConditionExpression": "attribute_not_exists(pk) OR expires_at <= :now",
        "ExpressionAttributeValues": {":now": {"N": str(int(time.time()))}},
    }


def _lasts(item: Item) -> bool:
    return "expires_at" not in item or float(item["expires_at"]["N"]) > time.time()
