"""Figures of live turns in DynamoDB: sums that grow by atomic additions.

One partition a title, `{title}#live`: `window#{model}#{five minutes}#{shard}` are sums of a model, kept for 3 days,
`day#{npc}#{day}#{shard}` those of an NPC, kept for 400. `counted#{kind}#{turn}` says that a turn is in both, and is
written with them: what is delivered twice is counted once for as long as that is kept. No name has a `#`.
"""

from __future__ import annotations

import random
import time
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import Item, available, condition_failed, key, query
from npcops.errors import StoreUnavailable
from npcops.promotions import SideFigures

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The table of live figures"
WINDOW_MINUTES = 5
WINDOW_DAYS, DAY_DAYS = 3, 400
# Longer than a queue and its dead letters together keep an event that may be delivered again. Turns can be rated again
# for as long as they are kept, which is a year at most.
COUNTED_DAYS = {"turns": 30, "measured": 30, "rated": DAY_DAYS}
# Turns of a title come at once, and transactions on the same item refuse each other.
SHARDS = 4
ATTEMPTS = 6
# Which sums belong to which kind of figure.
KINDS = {
    "turns": ("turns", "failed", "ms", "slow", "cost_usd"),
    "measured": ("measured", "groundedness"),
    "rated": ("rated", "score"),
}
# Sorts after everything that begins with the same prefix.
LAST = "~"


class DynamoLiveFigures:
    """`LiveFigures` on one table with keys `pk`, `sk` and TTL attribute `expires_at`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def count(self, title: str, npc: str, model: str, at: str, figures: SideFigures, turn_id: str) -> None:
        """See LiveFigures."""
        moment, shard = datetime.fromisoformat(at).astimezone(UTC), zlib.crc32(turn_id.encode()) % SHARDS
        places = (
            (f"window#{model}#{_window(moment)}#{shard}", moment + timedelta(days=WINDOW_DAYS)),
            (f"day#{npc}#{moment:%Y-%m-%d}#{shard}", moment + timedelta(days=DAY_DAYS)),
        )
        for kind, names in KINDS.items():
            if getattr(figures, kind):
                sums = {name: value for name in names if (value := getattr(figures, name))}
                kept = datetime.now(UTC) + timedelta(days=COUNTED_DAYS[kind])
                marker = key(_partition(title), f"counted#{kind}#{turn_id}") | {"expires_at": _seconds(kept)}
                once = {"Item": marker, "ConditionExpression": "attribute_not_exists(pk)"}
                self._transact({"Put": once}, *(_addition(title, sk, sums, expires) for sk, expires in places))

    def window(self, title: str, model: str, since: str) -> SideFigures:
        """See LiveFigures."""
        first = _window(datetime.fromisoformat(since).astimezone(UTC))
        return _sum(self._items(title, f"window#{model}#{first}", f"window#{model}#{LAST}"))

    def days(self, title: str, npc: str, first: str, last: str) -> dict[str, SideFigures]:
        """See LiveFigures."""
        found: dict[str, list[Item]] = {}
        for item in self._items(title, f"day#{npc}#{first}", f"day#{npc}#{last}{LAST}"):
            found.setdefault(item["sk"]["S"].split("#")[2], []).append(item)
        return {day: _sum(items) for day, items in sorted(found.items())}

    def _items(self, title: str, first: str, last: str) -> list[Item]:
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": _partition(title)},
                ":first": {"S": first},
                ":last": {"S": last},
            },
            "ConsistentRead": True,
        }
        with available(WHAT):
            return list(query(self._client, **request))

    def _transact(self, *writes: dict[str, Any]) -> None:
        """All of these writes, or none where the turn was counted before."""
        request: Any = [{kind: {"TableName": self._table, **body} for kind, body in write.items()} for write in writes]
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with available(WHAT):
                    self._client.transact_write_items(TransactItems=request)
            except ClientError as error:
                if condition_failed(error):
                    return
                # Those who met once must not meet again.
                time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311 - it keeps no secret
            else:
                return
        raise StoreUnavailable(f"{WHAT} is contended.")


def _partition(title: str) -> str:
    return f"{title}#live"


def _window(moment: datetime) -> str:
    return f"{moment - timedelta(minutes=moment.minute % WINDOW_MINUTES):%Y-%m-%dT%H:%M}"


def _seconds(moment: datetime) -> Item:
    return {"N": str(int(moment.timestamp()))}


def _addition(title: str, sk: str, sums: dict[str, float], expires: datetime) -> dict[str, Any]:
    names = {f"#{name}": name for name in sums}
    values: Item = {f":{name}": {"N": f"{value:.9f}".rstrip("0").rstrip(".")} for name, value in sums.items()}
    return {
        "Update": {
            "Key": key(_partition(title), sk),
            "UpdateExpression": f"SET expires_at = :expires ADD {', '.join(f'#{name} :{name}' for name in sums)}",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values | {":expires": _seconds(expires)},
        }
    }


def _sum(items: list[Item]) -> SideFigures:
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(SideFigures):
        total = sum(float(item[field.name]["N"]) for item in items if field.name in item)
        found[field.name] = float(total) if isinstance(field.default, float) else int(total)
    return SideFigures(**found)
