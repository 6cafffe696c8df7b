"""The lore ledger in DynamoDB: one item per document, every change a conditional write.

Manifests are kept as one comma-separated string: 5,000 ids of 24 characters are 125 KB, well under an item's 400 KB
even while two manifests (`manifest` and `planned`) stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import Item, available, query
from npcops.errors import Superseded
from npcops.hydration import LedgerEntry, Outcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WHAT = "The lore ledger"
# A document that only reconciliations have seen has no sequencer yet. `status` is a reserved word of DynamoDB's.
NEWER = (
    "attribute_not_exists(sequencer) OR sequencer < :seq OR generation = :gen"
    " OR (sequencer = :seq AND #status = :hydrating)"
)

# All of an entry but the ids of its chunks. `path` is a reserved word too.
LISTED = "title, #path, #status, sequencer, generation, etag, chunks, embedded, reason, lasting, updated_at"


class DynamoLedger:
    """`LoreLedger` on a table with keys `title`, `path`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def claim(self, title: str, path: str, sequencer: str, generation: str) -> LedgerEntry | None:
        """See LoreLedger. S3 sequencers of different lengths compare after padding the shorter one with zeros."""
        assignments = "#status = :hydrating, generation = :gen, updated_at = :now"
        values: Item = {":gen": _s(generation), ":now": _s(_now()), ":hydrating": _s("hydrating")}
        request: dict[str, Any] = {"ExpressionAttributeNames": {"#status": "status"}}
        if sequencer:
            assignments += ", sequencer = :seq"
            values[":seq"] = _s(sequencer.ljust(64, "0"))
            request["ConditionExpression"] = NEWER
        try:
            with available(WHAT):
                before = self._client.update_item(
                    TableName=self._table,
                    Key=_key(title, path),
                    UpdateExpression=f"SET {assignments}",
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_OLD",
                    **request,
                ).get("Attributes")
        except ClientError:
            raise Superseded("A newer change of this document was already seen.") from None
        return _entry(before) if before else None

    def plan(self, title: str, path: str, generation: str, planned: Sequence[str], etag: str) -> None:
        """See LoreLedger."""
        values = {":planned": _s(",".join(planned)), ":etag": _s(etag), ":now": _s(_now())}
        self._update(title, path, generation, "SET planned = :planned, etag = :etag, updated_at = :now", values)

    def finish(self, title: str, path: str, generation: str, outcome: Outcome) -> None:
        """See LoreLedger."""
        values: Item = {
            ":status": _s(outcome.status),
            ":chunks": {"N": str(outcome.chunks)},
            ":embedded": {"N": str(outcome.embedded)},
            ":reason": _s(outcome.reason or ""),
            ":lasting": {"BOOL": outcome.lasting},
            ":now": _s(_now()),
        }
        changes = "#status = :status, reason = :reason, lasting = :lasting, updated_at = :now"
        if outcome.status == "failed":
            expression = f"SET {changes} REMOVE planned"
            del values[":chunks"], values[":embedded"]
        else:
            expression = f"SET {changes}, chunks = :chunks, embedded = :embedded, manifest = planned REMOVE planned"
        self._update(title, path, generation, expression, values, {"#status": "status"})

    def get(self, title: str, path: str) -> LedgerEntry | None:
        """See LoreLedger."""
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=_key(title, path), ConsistentRead=True)
        return _entry(found["Item"]) if "Item" in found else None

    def entries(self, title: str, after: str = "") -> Iterator[LedgerEntry]:
        """See LoreLedger."""
        condition, values = "title = :title", {":title": _s(title)}
        if after:
            condition, values = f"{condition} AND #path > :after", values | {":after": _s(after)}
        with available(WHAT):
            for item in query(
                self._client,
                TableName=self._table,
                KeyConditionExpression=condition,
                ProjectionExpression=LISTED,
                ExpressionAttributeNames={"#path": "path", "#status": "status"},
                ExpressionAttributeValues=values,
            ):
                yield _entry(item)

    def titles(self) -> Iterator[str]:
        """See LoreLedger. Partition keys can be had by reading every item only; this is done once a night."""
        seen = set()
        with available(WHAT):
            pages = self._client.get_paginator("scan").paginate(TableName=self._table, ProjectionExpression="title")
            for page in pages:
                for item in page["Items"]:
                    title = item["title"]["S"]
                    if title not in seen:
                        seen.add(title)
                        yield title

    def _update(
        self,
        title: str,
        path: str,
        generation: str,
        expression: str,
        values: Item,
        names: dict[str, str] | None = None,
    ) -> None:
        request: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        try:
            with available(WHAT):
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(title, path),
                    UpdateExpression=expression,
                    ConditionExpression="generation = :gen",
                    ExpressionAttributeValues=values | {":gen": _s(generation)},
                    **request,
                )
        except ClientError:
            raise Superseded("A newer hydration of this document has taken over.") from None


def _s(value: str) -> dict[str, str]:
    return {"S": value}


def _key(title: str, path: str) -> Item:
    return {"title": _s(title), "path": _s(path)}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _ids(item: Item, attribute: str) -> tuple[str, ...]:
    joined = item.get(attribute, {}).get("S", "")
    return tuple(joined.split(",")) if joined else ()


def _entry(item: Item) -> LedgerEntry:
    return LedgerEntry(
        title=item["title"]["S"],
        path=item["path"]["S"],
        status=item["status"]["S"],
        sequencer=item.get("sequencer", {}).get("S", ""),
        generation=item["generation"]["S"],
        etag=item.get("etag", {}).get("S", ""),
        manifest=_ids(item, "manifest"),
        planned=_ids(item, "planned"),
        chunks=int(item.get("chunks", {}).get("N", "0")),
        embedded=int(item.get("embedded", {}).get("N", "0")),
        reason=item.get("reason", {}).get("S") or None,
        lasting=item.get("lasting", {}).get("BOOL", False),
        updated_at=item["updated_at"]["S"],
    )
