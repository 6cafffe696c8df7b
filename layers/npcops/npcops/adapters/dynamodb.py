"""What the DynamoDB adapters have in common: the client, its errors, and items that hold one JSON document."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from npcops.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Item = dict[str, Any]


@cache
def client() -> DynamoDBClient:
    """One client a process. Timeouts are short and retries few: a turn has to be answered within seconds."""
    return _client(connect=1, read=2, attempts=3)


@cache
def quick_client() -> DynamoDBClient:
    """One more, for what a turn can do without: a call of it takes a second or so, and is not sent again."""
    return _client(connect=0.5, read=0.8, attempts=1)


def _client(connect: float, read: float, attempts: int) -> DynamoDBClient:
    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    config = Config(connect_timeout=connect, read_timeout=read, retries=retries, tcp_keepalive=True)
    return boto3.client("dynamodb", config=config)


@contextmanager
def available(what: str) -> Iterator[None]:
    """Turn failures of the service into StoreUnavailable; failed conditions pass through."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("ConditionalCheckFailedException", "TransactionCanceledException"):
            raise
        raise StoreUnavailable(f"{what} answered {code}.") from None
    except BotoCoreError as error:
        raise StoreUnavailable(f"{what} did not answer ({type(error).__name__}).") from None


def condition_failed(error: ClientError) -> bool:
    """Whether a write was refused because its condition did not hold (rather than for contention)."""
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return True
    reasons = error.response.get("CancellationReasons") or []
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


def key(pk: str, sk: str) -> Item:
    """The primary key of the single-table adapters."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def pack(value: Any) -> Item:
    """A document as one string attribute: smaller and faster to read than nested attribute values."""
    return {"S": msgspec.json.encode(value).decode()}


def unpack(item: Item, kind: type[T], attribute: str = "data") -> T:
    """The inverse of `pack`."""
    return msgspec.json.decode(item[attribute]["S"], type=kind)


def expires(days: float) -> Item:
    """A TTL attribute value `days` from now."""
    return {"N": str(int(time.time() + days * 86400))}


def query(client: DynamoDBClient, **request: Any) -> Iterator[Item]:
    """All items of a query, page by page."""
    while True:
        page = client.query(**request)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
