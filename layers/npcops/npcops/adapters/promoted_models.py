"""Who is answered by which model: decided in DynamoDB, told to turns by parameters.

Partition `{title}#models`: item `promoted` with a revision, one of each approved version (`candidate#{version}`), and
the history (`move#{time}#{id}#{kind}`). Partition `#promoted` names the titles. A parameter is a projection: whoever
has written it looks again at what was decided, and writes again if that has changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.adapters.dynamodb import Item, available, condition_failed, key, pack, query, unpack
from npcops.errors import Conflict, StoreUnavailable, TooLarge
from npcops.promotions import ModelMove, Promoted, Served

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ssm import SSMClient

T = TypeVar("T")
WHAT = "The table of models"
TITLES, PROMOTED, CANDIDATE, MOVE = "#promoted", "promoted", "candidate#", "move#"
# Of an advanced parameter's value, in characters.
MOST = 8192
# More writers than this do not overtake each other in the time of one call.
LOOKS = 10
# Sorts after everything that begins with the same prefix.
LAST = "~"


@cache
def client() -> SSMClient:
    """One client a process. Few parameters may be written a second, and what was decided must be told."""
    retries: Any = {"mode": "standard", "total_max_attempts": 5}
    return boto3.client("ssm", config=Config(connect_timeout=1, read_timeout=2, retries=retries))


class DecidedPromotions:
    """What is decided, on a table with keys `pk`, `sk`: the part of `PromotedModels` that reads."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def get(self, title: str) -> Promoted:
        """See PromotedModels."""
        return self._read(title, PROMOTED, Promoted) or Promoted()

    def moves(self, title: str, limit: int) -> list[ModelMove]:
        """See PromotedModels."""
        return self._newest(title, MOVE, ModelMove, limit)

    def candidate(self, title: str, version: int | None = None) -> Served | None:
        """See PromotedModels."""
        if version is not None:
            return self._read(title, _candidate(version), Served)
        return next(iter(self._newest(title, CANDIDATE, Served, 1)), None)

    def titles(self) -> list[str]:
        """See PromotedModels."""
        with available(WHAT):
            return [str(item["sk"]["S"]) for item in query(self._client, **self._partition_query(TITLES))]

    def _read(self, title: str, name: str, kind: type[T]) -> T | None:
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=key(_partition(title), name), ConsistentRead=True)
        return unpack(found["Item"], kind) if "Item" in found else None

    def _newest(self, title: str, prefix: str, kind: type[T], limit: int) -> list[T]:
        request = self._partition_query(_partition(title)) | {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ScanIndexForward": False,
            "Limit": limit,
        }
        request["ExpressionAttributeValues"] |= {":first": {"S": prefix}, ":last": {"S": f"{prefix}{LAST}"}}
        with available(WHAT):
            found = self._client.query(**request)["Items"]
        return [unpack(item, kind) for item in found]

    def _partition_query(self, partition: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "ConsistentRead": True,
        }

    def _write(self, item: Item) -> dict[str, Any]:
        return {"TableName": self._table, "Item": item}


class StagePromotions(DecidedPromotions):
    """`PromotedModels`: what is decided there, told by the parameter store."""

    def __init__(
        self, client: DynamoDBClient, table: str, parameters: Callable[[], SSMClient], prefix: str, candidates: str
    ) -> None:
        """Parameters are `{prefix}/{title}` and `{candidates}/{title}`; their client is made when it is needed."""
        super().__init__(client, table)
        self._parameters = parameters
        self._prefix, self._candidates = prefix.rstrip("/"), candidates.rstrip("/")

    def put(self, title: str, promoted: Promoted, move: ModelMove | None = None) -> Promoted:
        """See PromotedModels."""
        decided = msgspec.structs.replace(promoted, revision=promoted.revision + 1)
        if len(_value(decided)) > MOST:
            raise TooLarge("These models name more NPCs than a parameter holds; tune for all of the title instead.")
        where, revision = _partition(title), {"N": str(decided.revision)}
        condition = {
            "ConditionExpression": "revision = :expected",
            "ExpressionAttributeValues": {":expected": {"N": str(promoted.revision)}},
        }
        state = self._write(key(where, PROMOTED) | {"data": pack(decided), "revision": revision})
        state |= condition if promoted.revision else {"ConditionExpression": "attribute_not_exists(pk)"}
        writes: Any = [{"Put": state}, {"Put": self._write(key(TITLES, title))}]
        if move:
            moved = key(where, f"{MOVE}{move.at}#{move.id}#{move.kind}") | {"data": pack(move)}
            writes.append({"Put": self._write(moved)})
        try:
            with available(WHAT):
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if condition_failed(error) or _met_another(error):
                raise Conflict(
                    "Somebody else has just changed by which model players are answered; look again."
                ) from None
            raise StoreUnavailable(f"{WHAT} did not take what was decided.") from None
        self._tell(f"{self._prefix}/{title}", lambda: self.get(title))
        return decided

    def mend(self, title: str) -> bool:
        """See PromotedModels."""
        promoted, name = self.get(title), f"{self._prefix}/{title}"
        if not promoted.revision or self._parameter(name) == _value(promoted):
            return False
        self._tell(name, lambda: self.get(title))
        return True

    def put_candidate(self, title: str, served: Served) -> None:
        """See PromotedModels."""
        with available(WHAT):
            for item in (
                key(_partition(title), _candidate(served.version)) | {"data": pack(served)},
                key(TITLES, title),
            ):
                self._client.put_item(**self._write(item))
        self._tell(f"{self._candidates}/{title}", lambda: self.candidate(title))

    def drop_candidate(self, title: str, version: int) -> None:
        """See PromotedModels."""
        with available(WHAT):
            self._client.delete_item(TableName=self._table, Key=key(_partition(title), _candidate(version)))
        left, name = self.candidate(title), f"{self._candidates}/{title}"
        # Whoever watches the parameter takes each write for news.
        if self._parameter(name) != (_value(left) if left else ""):
            self._tell(name, lambda: self.candidate(title))

    def _tell(self, name: str, decided: Callable[[], Promoted | Served | None]) -> None:
        """Write what is decided until it is what was written."""
        now = decided()
        for _ in range(LOOKS):
            self._write_parameter(name, now)
            before, now = now, decided()
            if now == before:
                return

    def _write_parameter(self, name: str, value: Promoted | Served | None) -> None:
        client = self._parameters()
        try:
            if value is None:
                client.delete_parameter(Name=name)
            else:
                client.put_parameter(
                    Name=name, Value=_value(value), Type="String", Overwrite=True, Tier="Intelligent-Tiering"
                )
        except client.exceptions.ParameterNotFound:
            return
        except (ClientError, BotoCoreError) as error:
            raise _silent(error) from None

    def _parameter(self, name: str) -> str:
        client = self._parameters()
        try:
            return client.get_parameter(Name=name)["Parameter"]["Value"]
        except client.exceptions.ParameterNotFound:
            return ""
        except (ClientError, BotoCoreError) as error:
            raise _silent(error) from None


def _partition(title: str) -> str:
    return f"{title}#models"


def _candidate(version: int) -> str:
    return f"{CANDIDATE}{version:010d}"


def _value(decided: Promoted | Served) -> str:
    return msgspec.json.encode(decided).decode()


def _met_another(error: ClientError) -> bool:
    """Whether somebody else wrote the same at the same moment, and nothing of this was written."""
    return any(reason.get("Code") == "TransactionConflict" for reason in error.response.get("CancellationReasons", []))


def _silent(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"The parameter store did not answer ({type(error).__name__}).")
