"""Players in DynamoDB: one partition per (title, player), so that erasing a player is one query and never a scan.

Sort keys: `world`, `erased`, `memory#{npc}#{save}`, `turn#{npc}#{save}#{turn id}`; turn ids sort by time.
Idempotency records of the API live in the same partition and go with it.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import available, condition_failed, expires, key, pack, query, unpack
from npcops.dialogue import Memory, RememberedTurn, WorldState
from npcops.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The player table"


def partition(title: str, player: str) -> str:
    """The partition of a player. A title has no `#`, so two titles can never share one."""
    return f"{title}#{player}"


class DynamoPlayers:
    """`PlayerStore` on one table with keys `pk`, `sk` and TTL attribute `expires_at`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def world(self, title: str, player: str) -> WorldState:
        """See PlayerStore. Read consistently: a gate that the game has just closed must not be open still."""
        where = key(partition(title, player), "world")
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=where, ConsistentRead=True)
        return unpack(found["Item"], WorldState) if "Item" in found else WorldState()

    def set_world(self, title: str, player: str, state: WorldState) -> None:
        """See PlayerStore."""
        with available(WHAT):
            self._client.put_item(
                TableName=self._table, Item=key(partition(title, player), "world") | {"data": pack(state)}
            )

    def append_turn(self, title: str, player: str, npc: str, save: str, turn: RememberedTurn, ttl_days: int) -> None:
        """See PlayerStore. The erasure marker is checked in the same transaction, so an erasure cannot be undone."""
        pk = partition(title, player)
        item = key(pk, f"turn#{npc}#{save}#{turn.turn_id}") | {"data": pack(turn), "expires_at": expires(ttl_days)}
        writes: list[Any] = [
            self._not_erased_since(pk, turn.turn_id),
            {"Put": {"TableName": self._table, "Item": item}},
        ]
        try:
            with available(WHAT):
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if not condition_failed(error):
                raise StoreUnavailable(f"{WHAT} is contended.") from None

    def turns(
        self, title: str, player: str, npc: str, save: str, after: str, limit: int, newest: bool
    ) -> list[RememberedTurn]:
        """See PlayerStore."""
        prefix = f"turn#{npc}#{save}#"
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": partition(title, player)},
                # "!" sorts right after the id itself and before any longer id.
                ":first": {"S": f"{prefix}{after}!" if after else prefix},
                ":last": {"S": f"{prefix}~"},
            },
            "ScanIndexForward": not newest,
            "Limit": limit,
        }
        with available(WHAT):
            found = [unpack(item, RememberedTurn) for item in islice(query(self._client, **request), limit)]
        return found[::-1] if newest else found

    def memory(self, title: str, player: str, npc: str, save: str) -> Memory:
        """See PlayerStore."""
        sk = f"memory#{npc}#{save}"
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=key(partition(title, player), sk))
        return unpack(found["Item"], Memory) if "Item" in found else Memory()

    def save_memory(self, title: str, player: str, npc: str, save: str, memory: Memory, ttl_days: int) -> bool:
        """See PlayerStore. The turn alone would not do: while an erasure is under way it may still be there."""
        pk = partition(title, player)
        item = key(pk, f"memory#{npc}#{save}") | {
            "data": pack(memory),
            "revision": {"N": str(memory.revision)},
            "expires_at": expires(ttl_days),
        }
        put = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": "revision = :previous" if memory.revision > 1 else "attribute_not_exists(pk)",
        }
        if memory.revision > 1:
            put["ExpressionAttributeValues"] = {":previous": {"N": str(memory.revision - 1)}}
        still_there = {
            "TableName": self._table,
            "Key": key(pk, f"turn#{npc}#{save}#{memory.until}"),
            "ConditionExpression": "attribute_exists(pk)",
        }
        writes: list[Any] = [self._not_erased_since(pk, memory.until), {"ConditionCheck": still_there}, {"Put": put}]
        try:
            with available(WHAT):
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if condition_failed(error):
                return False
            raise StoreUnavailable(f"{WHAT} is contended.") from None
        return True

    def erase(self, title: str, player: str) -> dict[str, int]:
        """See PlayerStore. A marker stays for a day, so that a turn which is being answered leaves nothing behind."""
        pk = partition(title, player)
        until = f"{time.time_ns() // 1_000_000:012x}~"
        removed: Counter[str] = Counter()
        with available(WHAT):
            marker = key(pk, "erased") | {"until": {"S": until}, "expires_at": expires(1)}
            self._client.put_item(TableName=self._table, Item=marker)
            found = query(
                self._client,
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": pk}},
                ProjectionExpression="pk, sk",
                ConsistentRead=True,
            )
            keys = [item for item in found if item["sk"]["S"] != "erased"]
            for start in range(0, len(keys), 25):
                self._delete(keys[start : start + 25])
        for item in keys:
            removed[_kind(item["sk"]["S"])] += 1
        return dict(removed)

    def _not_erased_since(self, pk: str, turn_id: str) -> dict[str, Any]:
        """A condition of a transaction: the player was not erased after the turn had begun."""
        return {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": key(pk, "erased"),
                "ConditionExpression": "attribute_not_exists(#until) OR #until < :begun",
                "ExpressionAttributeNames": {"#until": "until"},
                "ExpressionAttributeValues": {":begun": {"S": turn_id}},
            }
        }

    def _delete(self, keys: list[dict[str, dict[str, str]]]) -> None:
        pending: Any = {self._table: [{"DeleteRequest": {"Key": item}} for item in keys]}
        for attempt in range(8):
            pending = self._client.batch_write_item(RequestItems=pending).get("UnprocessedItems", {})
            if not pending:
                return
            # botocore's own retries do not cover what a batch left over.
            time.sleep(min(0.01 * 2**attempt, 0.2))
        raise StoreUnavailable("Some of the player's data could not be removed yet; please erase the player again.")


def _kind(sk: str) -> str:
    head = sk.split("#", 1)[0]
    return {"turn": "turns", "memory": "summaries", "world": "world"}.get(head, "replies")
