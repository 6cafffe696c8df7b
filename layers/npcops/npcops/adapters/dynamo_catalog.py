"""The catalogue in DynamoDB: immutable versions named by their content, and labels that move by conditional writes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from botocore.exceptions import ClientError

from npcops.adapters.catalog_labels import ATTEMPTS, CatalogLabels
from npcops.adapters.catalog_table import WHAT, head_of
from npcops.adapters.dynamodb import Item, available, condition_failed, key, pack
from npcops.catalogue import VersionInfo
from npcops.characters import ActionSet, ExampleSet, GameTitle, NpcCard, PromptTemplate
from npcops.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")


class DynamoCatalog(CatalogLabels):
    """`Catalog` on a table with keys `pk`, `sk` (see catalog_table)."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        label_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client, table, label_seconds, clock)
        self._versions: dict[tuple[str, str, str, str], Any] = {}

    def put(
        self,
        title: str,
        kind: str,
        name: str,
        content: dict[str, Any],
        author: str,
        note: str,
        origin: str = "",
        after: str = "",
    ) -> str:
        """See Catalog."""
        version = hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=8).hexdigest()
        item = key(f"{title}#{kind}", f"version#{name}#{version}") | {
            "data": pack(content),
            "author": {"S": author},
            "note": {"S": note},
            "created_at": {"S": datetime.now(UTC).isoformat(timespec="microseconds")},
            "origin": {"S": origin},
        }
        try:
            with available(WHAT):
                self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError:
            pass  # The same content is the same version: it is there already.
        try:
            self._make_latest(title, kind, name, version, after)
        finally:
            self.forget_head(title, kind, name)
        return version

    def npc(self, title: str, name: str, label: str) -> tuple[NpcCard, str]:
        """See ScriptSource."""
        return self._labelled(title, "npcs", name, label, NpcCard)

    def prompt(self, title: str, name: str, label: str) -> tuple[PromptTemplate, str]:
        """See ScriptSource."""
        return self._labelled(title, "prompts", name, label, PromptTemplate)

    def game(self, title: str, label: str) -> tuple[GameTitle, str]:
        """See ScriptSource."""
        try:
            return self._labelled(title, "titles", title, label, GameTitle)
        except NotFound:
            return GameTitle(id=title, name=title), ""

    def examples(self, title: str, name: str, label: str) -> tuple[ExampleSet, str]:
        """See ScriptSource."""
        return self._labelled(title, "examples", name, label, ExampleSet)

    def actions(self, title: str, name: str, label: str) -> tuple[ActionSet, str]:
        """See ScriptSource."""
        return self._labelled(title, "actions", name, label, ActionSet)

    def get(self, title: str, kind: str, name: str, version_or_label: str) -> tuple[dict[str, Any], str]:
        """See Catalog."""
        head = self.head(title, kind, name)
        version = head.labels.get(version_or_label) or (
            head.latest if version_or_label == "latest" else version_or_label
        )
        return self.content(title, kind, name, version), version

    def names(self, title: str, kind: str) -> list[dict[str, Any]]:
        """See Catalog."""
        heads = ((item["sk"]["S"].removeprefix("head#"), head_of(item)) for item in self.items(title, kind, "head#"))
        return [{"name": name, "labels": head.labels, "latest": head.latest} for name, head in heads]

    def versions(self, title: str, kind: str, name: str) -> list[VersionInfo]:
        """See Catalog."""
        labels = self.head_now(title, kind, name).labels
        wanted = {
            "ProjectionExpression": "sk, author, #note, created_at, origin",
            "ExpressionAttributeNames": {"#note": "note"},
        }
        prefix = f"version#{name}#"
        found = [_info(item, prefix, labels) for item in self.items(title, kind, prefix, **wanted)]
        return sorted(found, key=lambda info: info.created_at, reverse=True)

    def _labelled(self, title: str, kind: str, name: str, label: str, shape: type[T]) -> tuple[T, str]:
        head = self.head(title, kind, name)
        version = head.labels.get(label)
        if not version:
            raise NotFound(f"{name} has no version labelled {label} among the {kind} of this title.")
        cached = self._versions.get((title, kind, name, version))
        if not isinstance(cached, shape):
            try:
                cached = msgspec.convert(self.content(title, kind, name, version), shape, strict=False)
            except msgspec.ValidationError as error:
                raise InvalidRequest(f"Version {version} of {name} is not a valid entry of {kind}: {error}.") from None
            self._versions[(title, kind, name, version)] = cached
        return cached, version

    def _make_latest(self, title: str, kind: str, name: str, version: str, after: str) -> None:
        """A label that is moved at this moment is waited for."""
        values: dict[str, Any] = {":version": {"S": version}, ":none": {"M": {}}}
        values |= {":after": {"S": after}} if after else {}
        request: dict[str, Any] = {"ConditionExpression": "latest = :after"} if after else {}
        for attempt in range(1, ATTEMPTS + 1):
            with available(WHAT):
                try:
                    self._client.update_item(
                        TableName=self._table,
                        Key=key(f"{title}#{kind}", f"head#{name}"),
                        UpdateExpression="SET latest = :version, labels = if_not_exists(labels, :none)",
                        ExpressionAttributeValues=values,
                        **request,
                    )
                    return
                except ClientError as error:
                    if condition_failed(error):
                        raise Conflict(f"Somebody else has stored a version of {name} meanwhile; look again.") from None
                    if error.response["Error"]["Code"] != "TransactionConflictException":
                        raise
            time.sleep(0.02 * attempt)
        raise StoreUnavailable(f"{WHAT} is contended.")


def _info(item: Item, prefix: str, labels: dict[str, str]) -> VersionInfo:
    version = item["sk"]["S"].removeprefix(prefix)
    pointing = tuple(sorted(label for label, target in labels.items() if target == version))
    origin = item.get("origin", {}).get("S", "")
    return VersionInfo(version, item["author"]["S"], item["note"]["S"], item["created_at"]["S"], pointing, origin)
