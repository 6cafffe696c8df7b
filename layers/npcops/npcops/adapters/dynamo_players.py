"""`PlayerStore` in DynamoDB: world states and erasure, and what `dynamo_talk` and `dynamo_saves` keep."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from npcops.adapters.dynamo_saves import DynamoSaves
from npcops.adapters.dynamo_talk import DynamoTalk
from npcops.adapters.dynamodb import Item, available, expires, key, pack, query
from npcops.adapters.player_table import WHAT, put
from npcops.errors import StoreUnavailable
from npcops.memory import WorldState
from npcops.turn_ids import new_turn_id

# What an item counts as when it is erased. What an NPC remembers of a turn is counted by the turn, a Memory by what it
# holds.
_KINDS = {
    "world": "world",
    "save": "saves",
    "snapshot": "snapshots",
    "turn": "turns",
    "spoken": "spoken",
    "rating": "ratings",
}
_UNCOUNTED = ("talk", "memory")


class DynamoPlayers(DynamoTalk, DynamoSaves):
    """`PlayerStore` on one table with keys `pk`, `sk` and TTL attribute `expires_at`."""

    def world(self, title: str, player: str) -> WorldState:
        """See PlayerStore. Read consistently: a gate that the game has just closed must not be open still."""
        return self.read(self._partition(title, player), "world", WorldState) or WorldState()

    def set_world(self, title: str, player: str, state: WorldState) -> None:
        """See PlayerStore. A state that an erasure overtakes on its way does not come back."""
        pk = self._partition(title, player)
        self.write(pk, new_turn_id(), put(key(pk, "world") | {"data": pack(state)}))

    def erase(self, title: str, player: str) -> dict[str, int]:
        """See PlayerStore. A marker stays for a day, so that a turn which is being answered leaves nothing behind.

        Kinds: `world`, `saves`, `snapshots`, `turns`, `summaries` and `facts` (every copy that older saves go back to),
        `spoken` and `ratings` (what is kept of turns for those who judge them), `replies` (what the API keeps for calls
        that are repeated).
        """
        pk = self._partition(title, player)
        self.mark_erased(pk, expires(1))
        with available(WHAT):
            found = query(
                self._client,
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": pk}},
                ProjectionExpression="pk, sk, summaries, facts",
                ConsistentRead=True,
            )
            items = [item for item in found if item["sk"]["S"] != "erased"]
            for start in range(0, len(items), 25):
                self._delete([{"pk": item["pk"], "sk": item["sk"]} for item in items[start : start + 25]])
        removed: Counter[str] = Counter()
        for item in items:
            removed.update(_counted(item))
        return dict(removed)

    def _delete(self, keys: list[Item]) -> None:
        pending: Any = {self._table: [{"DeleteRequest": {"Key": item}} for item in keys]}
        for attempt in range(8):
            pending = self._client.batch_write_item(RequestItems=pending).get("UnprocessedItems", {})
            if not pending:
                return
            # botocore's own retries do not cover what a batch left over.
            time.sleep(min(0.01 * 2**attempt, 0.2))
        raise StoreUnavailable("Some of the player's data could not be removed yet; please erase the player again.")


def _counted(item: Item) -> dict[str, int]:
    head = item["sk"]["S"].split("#", 1)[0]
    if head in _UNCOUNTED:
        held = {kind: int(item[kind]["N"]) for kind in ("summaries", "facts") if kind in item}
        return {kind: number for kind, number in held.items() if number}
    return {_KINDS.get(head, "replies"): 1}
