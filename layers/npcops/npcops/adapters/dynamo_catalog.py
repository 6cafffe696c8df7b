"""The catalogue in DynamoDB: immutable versions named by their content, and labels that move by conditional writes.

Partition `{title}#{kind}`; sort keys `head#{name}` (labels) and `version#{name}#{version}` (content). Versions never
change, so a process keeps those it has read; labels are read again after `label_seconds`. Reads are consistent, because
a label is moved to a version, and an entry read, right after it was written. While the table does not answer, what was
known within the last hour is used.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import available, key, pack, query, unpack
from npcops.characters import GameTitle, NpcCard, PromptTemplate
from npcops.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
WHAT = "The catalogue"
STALE_SECONDS = 3600.0


class Head(msgspec.Struct, frozen=True):
    """Where the labels of a name point, and the version stored last."""

    labels: dict[str, str]
    latest: str


class Known(msgspec.Struct, frozen=True):
    """A head (None: there was none), and the moment when it was read."""

    head: Head | None
    read: float


class DynamoCatalog:
    """`Catalog` on a table with keys `pk`, `sk`."""

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
        self._versions: dict[tuple[str, str, str, str], Any] = {}

    def put(self, title: str, kind: str, name: str, content: dict[str, Any], author: str, note: str) -> str:
        """See Catalog."""
        version = hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=8).hexdigest()
        pk = f"{title}#{kind}"
        item = key(pk, f"version#{name}#{version}") | {
            "data": pack(content),
            "author": {"S": author},
            "note": {"S": note},
            "created_at": {"S": datetime.now(UTC).isoformat(timespec="seconds")},
        }
        try:
            with available(WHAT):
                self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError:
            pass  # The same content is the same version: it is there already.
        with available(WHAT):
            self._client.update_item(
                TableName=self._table,
                Key=key(pk, f"head#{name}"),
                UpdateExpression="SET latest = :version, labels = if_not_exists(labels, :none)",
                ExpressionAttributeValues={":version": {"S": version}, ":none": {"M": {}}},
            )
        self._heads.pop((title, kind, name), None)
        return version

    def label(self, title: str, kind: str, name: str, label: str, version: str, expected: str | None) -> None:
        """See Catalog. `expected` None means that the label does not exist yet."""
        self._version(title, kind, name, version)
        condition = "labels.#label = :expected" if expected else "attribute_not_exists(labels.#label)"
        values: dict[str, Any] = {":version": {"S": version}}
        if expected:
            values[":expected"] = {"S": expected}
        try:
            with available(WHAT):
                self._client.update_item(
                    TableName=self._table,
                    Key=key(f"{title}#{kind}", f"head#{name}"),
                    UpdateExpression="SET labels.#label = :version",
                    ConditionExpression=condition,
                    ExpressionAttributeNames={"#label": label},
                    ExpressionAttributeValues=values,
                )
        except ClientError:
            raise Conflict(f"Label {label} of {name} was moved by somebody else; look again.") from None
        self._heads.pop((title, kind, name), None)

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        """See Catalog."""
        return self._labelled(title, "npcs", name, label, NpcCard)

    def prompt(self, title: str, name: str, label: str) -> tuple[PromptTemplate, str]:
        """See Catalog."""
        return self._labelled(title, "prompts", name, label, PromptTemplate)

    def game(self, title: str, label: str) -> GameTitle:
        """See Catalog."""
        try:
            return self._labelled(title, "titles", title, label, GameTitle)[0]
        except NotFound:
            return GameTitle(id=title, name=title)

    def get(self, title: str, kind: str, name: str, version_or_label: str) -> tuple[dict[str, Any], str]:
        """See Catalog."""
        head = self._head(title, kind, name)
        version = head.labels.get(version_or_label) or (
            head.latest if version_or_label == "latest" else version_or_label
        )
        return self._version(title, kind, name, version), version

    def names(self, title: str, kind: str) -> list[dict[str, Any]]:
        """See Catalog."""
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :head)",
            "ExpressionAttributeValues": {":pk": {"S": f"{title}#{kind}"}, ":head": {"S": "head#"}},
            "ConsistentRead": True,
        }
        with available(WHAT):
            return [
                {"name": item["sk"]["S"].removeprefix("head#"), **msgspec.to_builtins(_head(item))}
                for item in query(self._client, **request)
            ]

    def _labelled(self, title: str, kind: str, name: str, label: str, shape: type[T]) -> tuple[T, str]:
        head = self._head(title, kind, name)
        version = head.labels.get(label)
        if not version:
            raise NotFound(f"{name} has no version labelled {label} among the {kind} of this title.")
        cached = self._versions.get((title, kind, name, version))
        if not isinstance(cached, shape):
            try:
                cached = msgspec.convert(self._version(title, kind, name, version), shape, strict=False)
            except msgspec.ValidationError as error:
                raise InvalidRequest(f"Version {version} of {name} is not a valid entry of {kind}: {error}.") from None
            self._versions[(title, kind, name, version)] = cached
        return cached, version

    def _head(self, title: str, kind: str, name: str) -> Head:
        known, now = self._heads.get((title, kind, name)), self._clock()
        # Whoever does not wait until a table that hangs has failed finds what is known when asking again.
        hanging = now - self._unanswered < self._label_seconds
        seconds = STALE_SECONDS if hanging else self._label_seconds
        # That there is none is relied upon only then: a title that gets its entry has it at once.
        if not known or now - known.read >= seconds or not (known.head or hanging):
            known = self._read_head(title, kind, name, known)
        if known.head is None:
            raise NotFound(f"There is no {name} among the {kind} of this title.")
        return known.head

    def _read_head(self, title: str, kind: str, name: str, known: Known | None) -> Known:
        """The head as it is now, or as it is known if the table does not answer."""
        started = self._unanswered = self._clock()
        where = key(f"{title}#{kind}", f"head#{name}")
        try:
            with available(WHAT):
                found = self._client.get_item(TableName=self._table, Key=where, ConsistentRead=True)
        except StoreUnavailable:
            if known and started - known.read < STALE_SECONDS:
                return known
            raise
        self._unanswered = -math.inf
        known = Known(_head(found["Item"]) if "Item" in found else None, started)
        self._heads[(title, kind, name)] = known
        return known

    def _version(self, title: str, kind: str, name: str, version: str) -> dict[str, Any]:
        with available(WHAT):
            where = key(f"{title}#{kind}", f"version#{name}#{version}")
            found = self._client.get_item(TableName=self._table, Key=where, ConsistentRead=True)
        if "Item" not in found:
            raise NotFound(f"{name} has no version or label {version}.")
        return unpack(found["Item"], dict[str, Any])


def _head(item: dict[str, Any]) -> Head:
    labels = {label: value["S"] for label, value in item.get("labels", {}).get("M", {}).items()}
    return Head(labels=labels, latest=item["latest"]["S"])
