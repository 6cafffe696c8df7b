"""The table of the catalogue: one partition per (title, kind), and what every process keeps of it.

Sort keys: `head#{name}` (where its labels point), `version#{name}#{version}` (content), `move#{name}#{number}`
(the history of the labels). Versions never change, so a process keeps those it has read; heads are read again after
`label_seconds` (0: always, and nothing older is used). Reads are consistent, because a label is moved to a version, and
an entry read, right after it was written. While the table does not answer, what was known within the last hour is used.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from npcops.adapters.dynamodb import Item, available, key, query, unpack
from npcops.errors import NotFound, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The catalogue"
STALE_SECONDS = 3600.0
# The table has no longer sort keys, and is not asked for what it cannot have.
LONGEST_KEY = 1024


class Head(msgspec.Struct, frozen=True):
    """Where the labels of a name point, the version stored last, and how often its labels were moved."""

    labels: dict[str, str]
    latest: str
    moves: int = 0


class Known(msgspec.Struct, frozen=True):
    """A head (None: there was none), and the moment when it was read."""

    head: Head | None
    read: float


class CatalogTable:
    """One table with keys `pk`, `sk`."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        label_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._table = client, table
        self._label_seconds, self._clock = label_seconds, clock
        self._heads: dict[tuple[str, str, str], Known] = {}
        # When the read of a head began that has not come to an answer; the distant past if all have.
        self._unanswered = -math.inf

    def head(self, title: str, kind: str, name: str) -> Head:
        """As it is, or was a moment ago. Raises NotFound."""
        known, now = self._heads.get((title, kind, name)), self._clock()
        # Whoever does not wait until a table that hangs has failed finds what is known when asking again.
        hanging = now - self._unanswered < self._label_seconds
        seconds = STALE_SECONDS if hanging else self._label_seconds
        # That there is none is relied upon only then: a title that gets its entry has it at once.
        if not known or now - known.read >= seconds or not (known.head or hanging):
            known = self._read_head(title, kind, name, known)
        return _there(known.head, kind, name)

    def head_now(self, title: str, kind: str, name: str) -> Head:
        """As the table has it at this moment. Raises NotFound."""
        return _there(self._ask_for_head(title, kind, name), kind, name)

    def forget_head(self, title: str, kind: str, name: str) -> None:
        """It has changed: whoever asks next reads it."""
        self._heads.pop((title, kind, name), None)

    def content(self, title: str, kind: str, name: str, version: str) -> dict[str, Any]:
        """What a version holds. Raises NotFound."""
        found = self.item(title, kind, f"version#{name}#{version}")
        if found is None:
            raise NotFound(f"{name} has no version or label {version}.")
        return unpack(found, dict[str, Any])

    def items(self, title: str, kind: str, prefix: str, **request: Any) -> Iterator[Item]:
        """All items of a title's kind whose sort key begins with `prefix`, by sort key."""
        condition = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": f"{title}#{kind}"}, ":prefix": {"S": prefix}},
            "ConsistentRead": True,
        }
        with available(WHAT):
            yield from query(self._client, **condition, **request)

    def _read_head(self, title: str, kind: str, name: str, known: Known | None) -> Known:
        """The head as it is now, or as it is known if the table does not answer."""
        started = self._unanswered = self._clock()
        try:
            found = self._ask_for_head(title, kind, name)
        except StoreUnavailable:
            if known and started - known.read < STALE_SECONDS:
                return known
            raise
        self._unanswered = -math.inf
        known = Known(found, started)
        if self._label_seconds:
            self._heads[(title, kind, name)] = known
        return known

    def _ask_for_head(self, title: str, kind: str, name: str) -> Head | None:
        found = self.item(title, kind, f"head#{name}")
        return None if found is None else head_of(found)

    def item(self, title: str, kind: str, sk: str) -> Item | None:
        """One item of a title's kind, if it is there."""
        if len(sk.encode()) > LONGEST_KEY:
            return None
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=key(f"{title}#{kind}", sk), ConsistentRead=True)
        return found.get("Item")


def head_of(item: Item) -> Head:
    """A head as the table has it."""
    labels = {label: value["S"] for label, value in item.get("labels", {}).get("M", {}).items()}
    return Head(labels=labels, latest=item["latest"]["S"], moves=int(item.get("moves", {}).get("N", 0)))


def _there(head: Head | None, kind: str, name: str) -> Head:
    if head is None:
        raise NotFound(f"There is no {name} among the {kind} of this title.")
    return head
