"""Evaluations in DynamoDB: what they said, the verdicts that the canon gate asks for, and figures over time.

One partition a title. Sort keys: `evaluation#{id}`, `verdict#{npc}#{suite}#{suite version}#{subject}`,
`point#{npc}#{evaluation}` (`watched#...` with figures by case), `live#{npc}#{period}`; ids of evaluations sort by time,
as periods do, and no name has a `#`. Documents are compressed, because an evaluation of a thousand cases names most of
them several times.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from botocore.exceptions import ClientError

from npcops.adapters.dynamodb import Item, available, key, query
from npcops.errors import Conflict, NotFound
from npcops.evaluations import Evaluation, LivePoint, SuiteVerdict, TrendPoint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
WHAT = "The evaluation table"
# Sorts after everything that begins with the same prefix.
LAST = "~"


class DynamoEvaluations:
    """`EvaluationStore` on one table with keys `pk`, `sk`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client, self._table = client, table

    def begin(self, evaluation: Evaluation) -> None:
        """See EvaluationStore."""
        if not self._put(_item(evaluation), ConditionExpression="attribute_not_exists(pk)"):
            raise Conflict(f"There is an evaluation {evaluation.id} already.")

    def find(self, title: str, evaluation: str) -> Evaluation:
        """See EvaluationStore."""
        found = self._read(title, f"evaluation#{evaluation}", Evaluation)
        if found is None:
            raise NotFound("There is no evaluation of this id.")
        return found

    def replace(self, evaluation: Evaluation) -> None:
        """See EvaluationStore."""
        self._put(
            _item(evaluation),
            ConditionExpression=(
                "attempt < :attempt OR (attempt = :attempt AND (#state <> :concluded OR :state = :concluded))"
            ),
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues={
                ":attempt": {"N": str(evaluation.attempt)},
                ":state": {"S": evaluation.state},
                ":concluded": {"S": "concluded"},
            },
        )

    def newest(self, title: str, limit: int, before: str = "") -> list[Evaluation]:
        """See EvaluationStore."""
        # The upper bound itself is in the range, so one more is read and left out.
        found = self._newest(title, "evaluation#", before or LAST, limit + 1)
        evaluations = [_unpack(item, Evaluation) for item in found]
        return [evaluation for evaluation in evaluations if evaluation.id != before][:limit]

    def put_verdicts(self, title: str, verdicts: Sequence[SuiteVerdict]) -> None:
        """See EvaluationStore. A verdict of before never takes the place of a newer one."""
        for verdict in verdicts:
            run, at = verdict.run, {"S": verdict.at}
            where = _verdict_key(run.npc, run.suite, run.suite_version, verdict.subject.digest)
            self._put(
                key(title, where) | {"data": _pack(verdict), "at": at},
                ConditionExpression="attribute_not_exists(pk) OR #at <= :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": at},
            )

    def verdict(self, title: str, npc: str, suite: str, suite_version: str, subject_digest: str) -> SuiteVerdict | None:
        """See EvaluationStore."""
        return self._read(title, _verdict_key(npc, suite, suite_version, subject_digest), SuiteVerdict)

    def add_points(self, title: str, points: Sequence[TrendPoint]) -> None:
        """See EvaluationStore."""
        for point in points:
            name, bare = f"{point.npc}#{point.evaluation}", msgspec.structs.replace(point, by_case={})
            if point.by_case:
                self._put(key(title, f"watched#{name}") | {"data": _pack(point)})
            self._put(key(title, f"point#{name}") | {"data": _pack(bare)})

    def points(self, title: str, npc: str, limit: int) -> list[TrendPoint]:
        """See EvaluationStore."""
        return self._newest_last(title, f"point#{npc}#", limit, TrendPoint)

    def watched_points(self, title: str, npc: str, limit: int) -> list[TrendPoint]:
        """See EvaluationStore."""
        return self._newest_last(title, f"watched#{npc}#", limit, TrendPoint)

    def add_live_points(self, title: str, points: Sequence[LivePoint]) -> None:
        """See EvaluationStore."""
        for point in points:
            self._put(key(title, f"live#{point.npc}#{point.period}") | {"data": _pack(point)})

    def live_points(self, title: str, npc: str, limit: int) -> list[LivePoint]:
        """See EvaluationStore."""
        return self._newest_last(title, f"live#{npc}#", limit, LivePoint)

    def _newest_last(self, title: str, prefix: str, limit: int, kind: type[T]) -> list[T]:
        return [_unpack(item, kind) for item in reversed(self._newest(title, prefix, LAST, limit))]

    def _newest(self, title: str, prefix: str, last: str, limit: int) -> list[Item]:
        """The items of a prefix up to `last`, the last ones first."""
        request = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": title},
                ":first": {"S": prefix},
                ":last": {"S": f"{prefix}{last}"},
            },
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit,
        }
        found: list[Item] = []
        with available(WHAT):
            for item in query(self._client, **request):
                found.append(item)
                if len(found) == limit:
                    break
        return found

    def _read(self, title: str, sort_key: str, kind: type[T]) -> T | None:
        with available(WHAT):
            found = self._client.get_item(TableName=self._table, Key=key(title, sort_key), ConsistentRead=True)
        return _unpack(found["Item"], kind) if "Item" in found else None

    def _put(self, item: Item, **condition: Any) -> bool:
        """Whether the condition held."""
        try:
            with available(WHAT):
                self._client.put_item(TableName=self._table, Item=item, **condition)
        except ClientError:
            return False
        return True


def _item(evaluation: Evaluation) -> Item:
    return key(evaluation.title, f"evaluation#{evaluation.id}") | {
        "data": _pack(evaluation),
        "state": {"S": evaluation.state},
        "attempt": {"N": str(evaluation.attempt)},
    }


def _verdict_key(npc: str, suite: str, suite_version: str, subject_digest: str) -> str:
    return f"verdict#{npc}#{suite}#{suite_version}#{subject_digest}"


def _pack(value: Any) -> Item:
    return {"B": zlib.compress(msgspec.json.encode(value))}


def _unpack(item: Item, kind: type[T]) -> T:
    return msgspec.json.decode(zlib.decompress(item["data"]["B"]), type=kind)
