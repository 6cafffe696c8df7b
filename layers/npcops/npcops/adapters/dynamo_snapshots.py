"""Lore snapshots in the catalogue's table: partition `{title}#snapshots`, which is no kind of its entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import Item, available, key, pack, query, unpack
from npcops.errors import Conflict
from npcops.snapshots import Snapshot

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The catalogue"


class DynamoSnapshots:
    """`SnapshotStore` on a table with keys `pk`, `sk`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def find(self, title: str, snapshot: str) -> Snapshot | None:
        """See SnapshotStore."""
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=_key(title, snapshot), ConsistentRead=True)
        return unpack(found["Item"], Snapshot) if "Item" in found else None

    def all(self, title: str) -> list[Snapshot]:
        """See SnapshotStore."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"{title}#snapshots"}},
            "ConsistentRead": True,
        }
        with available(WHAT):
            return [unpack(item, Snapshot) for item in query(self._client, **request)]

    def put(self, title: str, snapshot: Snapshot, expected: int | None) -> None:
        """See SnapshotStore."""
        item = _key(title, snapshot.id) | {"data": pack(snapshot), "revision": {"N": str(snapshot.revision)}}
        try:
            with available(WHAT):
                self._client.put_item(TableName=self._table, Item=item, **_condition(expected))
        except ClientError:
            raise _moved() from None

    def remove(self, title: str, snapshot: str, expected: int) -> None:
        """See SnapshotStore."""
        try:
            with available(WHAT):
                self._client.delete_item(TableName=self._table, Key=_key(title, snapshot), **_condition(expected))
        except ClientError:
            raise _moved() from None


def _key(title: str, snapshot: str) -> Item:
    return key(f"{title}#snapshots", f"snapshot#{snapshot}")


def _condition(expected: int | None) -> dict[str, Any]:
    if expected is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    values = {":expected": {"N": str(expected)}}
    return {"ConditionExpression": "revision = :expected", "ExpressionAttributeValues": values}


def _moved() -> Conflict:
    return Conflict("Somebody else is at work on this snapshot; try again in a moment.")
