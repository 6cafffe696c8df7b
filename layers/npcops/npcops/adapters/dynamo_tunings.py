"""Tuning runs in DynamoDB.

One partition a title: `tuning#{id}` is a run, ids sorting by time; `data#{digest}` tells the run of an upload. Runs
that have a deployment are also named in the partition `#deployments`, by the same write: work over all titles reads no
whole table.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import Item, available, condition_failed, key, pack, query, unpack
from npcops.errors import Conflict, NotFound, StoreUnavailable
from npcops.tunings import Tuning

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The table of tuning runs"
PREFIX = "tuning#"
# No title has such a name.
DEPLOYED = "#deployments"
# Sorts after every id.
LAST = "~"
# Steps of one run change it beside each other: few, but a callback must not be lost to another.
ATTEMPTS = 12
PAUSE_SECONDS = 0.05


class DynamoTunings:
    """`TuningStore` on one table with keys `pk`, `sk`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def begin(self, tuning: Tuning) -> None:
        """See TuningStore."""
        if not self._put(tuning, None):
            raise Conflict(f"There is a tuning run {tuning.id} already.")

    def begin_for(self, tuning: Tuning, of: str) -> Tuning:
        """See TuningStore. Whoever names a run first, and then ends, leaves it to the next one to begin it."""
        where = key(tuning.title, f"data#{of}")
        named = where | {"tuning": {"S": tuning.id}}
        with available(WHAT):
            try:
                new = "attribute_not_exists(pk)"
                self._client.put_item(TableName=self._table, Item=named, ConditionExpression=new)
            except ClientError as error:
                if not condition_failed(error):
                    raise
            found = self._client.get_item(TableName=self._table, Key=where, ConsistentRead=True)
        kept = msgspec.structs.replace(tuning, id=found["Item"]["tuning"]["S"])
        with suppress(Conflict):
            self.begin(kept)
        return self.find(kept.title, kept.id)

    def find(self, title: str, tuning: str) -> Tuning:
        """See TuningStore."""
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=_key(title, tuning), ConsistentRead=True)
        if "Item" not in found:
            raise NotFound("There is no tuning run of this id.")
        return unpack(found["Item"], Tuning)

    def change(self, title: str, tuning: str, **fields: Any) -> Tuning:
        """See TuningStore."""
        return self._changed(title, tuning, lambda known: msgspec.structs.replace(known, **fields))

    def claim(self, title: str, tuning: str, key: str, version: str) -> Tuning:
        """See TuningStore."""

        def claimed(known: Tuning) -> Tuning:
            if known.key or known.state not in ("proposed", "waiting"):
                return known
            return msgspec.structs.replace(known, state="running", key=key, object_version=version)

        return self._changed(title, tuning, claimed)

    def newest(self, title: str, limit: int, before: str = "") -> list[Tuning]:
        """See TuningStore."""
        # The upper bound itself is in the range, so one more is read and left out.
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": title},
                ":first": {"S": PREFIX},
                ":last": {"S": f"{PREFIX}{before or LAST}"},
            },
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit + 1,
        }
        found: list[Tuning] = []
        with available(WHAT):
            for item in query(self._client, **request):
                tuning = unpack(item, Tuning)
                if tuning.id != before:
                    found.append(tuning)
                if len(found) == limit:
                    break
        return found

    def everywhere(self) -> Iterable[Tuning]:
        """See TuningStore."""
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": DEPLOYED}},
            "ConsistentRead": True,
        }
        with available(WHAT):
            named = [item["sk"]["S"].partition("#") for item in query(self._client, **request)]
        for title, _, tuning in named:
            # Its deployment may have been freed in between.
            with suppress(NotFound):
                found = self.find(title, tuning)
                if found.deployment:
                    yield found

    def _changed(self, title: str, tuning: str, change: Callable[[Tuning], Tuning]) -> Tuning:
        for attempt in range(ATTEMPTS):
            known = self.find(title, tuning)
            wanted = change(known)
            if wanted == known:
                return known
            wanted = msgspec.structs.replace(wanted, revision=known.revision + 1)
            if self._put(wanted, known):
                return wanted
            _pause(attempt)
        raise StoreUnavailable(f"{WHAT} is contended.")

    def _put(self, tuning: Tuning, before: Tuning | None) -> bool:
        """Whether nothing had changed the run since it was `before` (None: there was none)."""
        write: dict[str, Any] = {"TableName": self._table, "Item": _item(tuning)}
        if before is None:
            write["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            write["ConditionExpression"] = "revision = :before"
            write["ExpressionAttributeValues"] = {":before": {"N": str(before.revision)}}
        named = bool(before and before.deployment)
        try:
            with available(WHAT):
                if bool(tuning.deployment) == named:
                    self._client.put_item(**write)
                else:
                    writes: Any = [{"Put": write}, self._naming(tuning)]
                    self._client.transact_write_items(TransactItems=writes)
        except ClientError:
            return False
        return True

    def _naming(self, tuning: Tuning) -> Any:
        where: Any = {"TableName": self._table}
        name = key(DEPLOYED, f"{tuning.title}#{tuning.id}")
        return {"Put": where | {"Item": name}} if tuning.deployment else {"Delete": where | {"Key": name}}


def _key(title: str, tuning: str) -> Item:
    return key(title, f"{PREFIX}{tuning}")


def _item(tuning: Tuning) -> Item:
    return _key(tuning.title, tuning.id) | {"data": pack(tuning), "revision": {"N": str(tuning.revision)}}


def _pause(attempt: int) -> None:
    """Writers who met once must not meet again."""
    time.sleep(random.uniform(0, PAUSE_SECONDS * (attempt + 1)))  # noqa: S311 - it keeps no secret
