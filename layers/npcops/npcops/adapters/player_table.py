"""The table of players: one partition per (title, player), so that erasing a player is one query and never a scan.

Sort keys: `world`, `save#{name}`, `snapshot#{name}`, `erased`; for each turn `turn#{branch}#{turn}`, and as every NPC
remembers it `talk#{playthrough}#{npc}#{turn}`; for each Memory `talk#{playthrough}#{npc}#{until}#memory` and its text
at `memory#{playthrough}#{npc}#{until}`; turns as they were spoken at `spoken#{turn}`, what is thought of them at
`rating#{turn}#{rater}`. Turn ids sort by time; no name has a `#`. Idempotency records of the API and finished turns
live in the same partition and go with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import available, condition_failed, key, unpack
from npcops.errors import StoreUnavailable
from npcops.turn_ids import new_turn_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
WHAT = "The player table"
ATTEMPTS = 3


def partition(title: str, player: str) -> str:
    """The partition of a player. A title has no `#`, so two titles can never share one."""
    return f"{title}#{player}"


def trial_partition(title: str, player: str) -> str:
    """That of a player who exists only for a trial: no title is empty, so it is no player's, whatever their id is."""
    return f"#trial#{partition(title, player)}"


class PlayerTable:
    """One table with keys `pk`, `sk` and TTL attribute `expires_at`, and its erasure marker."""

    def __init__(self, client: DynamoDBClient, table: str, of: Callable[[str, str], str] = partition) -> None:
        """`of` tells the partition of a title's player."""
        self._client, self._table, self._partition = client, table, of

    def read(self, pk: str, sk: str, kind: type[T]) -> T | None:
        """One document, read consistently; None if it is not there."""
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=key(pk, sk), ConsistentRead=True)
        return unpack(found["Item"], kind) if "Item" in found else None

    def write(self, pk: str, begun: str, *writes: dict[str, Any]) -> bool:
        """All of these writes (of `TransactWriteItems`, without a table) or none, unless the player was erased.

        `begun` is an id of the moment at which the work began that is to be written: what an erasure has overtaken is
        not written any more. Returns False then, and when a condition of the writes does not hold.
        """
        marker = {
            "Key": key(pk, "erased"),
            "ConditionExpression": "attribute_not_exists(#until) OR #until < :begun",
            "ExpressionAttributeNames": {"#until": "until"},
            "ExpressionAttributeValues": {":begun": {"S": begun}},
        }
        return self._transact(
            [
                {kind: {"TableName": self._table, **body} for kind, body in write.items()}
                for write in ({"ConditionCheck": marker}, *writes)
            ]
        )

    def mark_erased(self, pk: str, expires_at: dict[str, str]) -> None:
        """From now on nothing is written that began before now."""
        marker = key(pk, "erased") | {"until": {"S": f"{new_turn_id()[:12]}~"}, "expires_at": expires_at}
        with available(WHAT):
            self._client.put_item(TableName=self._table, Item=marker)

    def _transact(self, writes: Any) -> bool:
        """Several turns of a player at once check the same marker, which DynamoDB takes for a conflict."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with available(WHAT):
                    self._client.transact_write_items(TransactItems=writes)
            except ClientError as error:
                if condition_failed(error):
                    return False
                time.sleep(0.02 * attempt)
            else:
                return True
        raise StoreUnavailable(f"{WHAT} is contended.")


def put(item: dict[str, Any], **condition: Any) -> dict[str, Any]:
    """A `Put` of a transaction."""
    return {"Put": {"Item": item, **condition}}
