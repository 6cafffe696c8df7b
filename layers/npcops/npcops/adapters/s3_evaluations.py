"""Files of evaluations in S3: plans, results and reports below `evaluations/{title}/{id}/`, uploads below `cases/`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from botocore.exceptions import ClientError

from npcops.adapters.s3_files import available
from npcops.errors import NotFound, TooLarge
from npcops.golden import GoldenCase
from npcops.plans import Plan
from npcops.playings import CaseResult

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")
WHAT = "The evaluation bucket"
PREFIX = "evaluations"
UPLOADS = "cases"
RESULT = ".json"
# Results are small and many: reading a thousand one after the other would take a minute.
READS_AT_ONCE = 16
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412"})


class S3EvaluationFiles:
    """`EvaluationFiles` on one bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def put_cases(self, title: str, evaluation: str, cases: Sequence[GoldenCase]) -> None:
        """See EvaluationFiles."""
        self._put(_key(title, evaluation, "cases.json"), msgspec.json.encode(cases))

    def cases(self, title: str, evaluation: str) -> tuple[GoldenCase, ...]:
        """See EvaluationFiles."""
        data = self._get(_key(title, evaluation, "cases.json"))
        return () if data is None else msgspec.json.decode(data, type=tuple[GoldenCase, ...])

    def put_plan(self, plan: Plan) -> None:
        """See EvaluationFiles. Whoever is second finds that there is one."""
        request: Any = {
            "Bucket": self._bucket,
            "Key": _key(plan.title, plan.id, "plan.json"),
            "Body": msgspec.json.encode(plan),
            "ContentType": "application/json",
            "IfNoneMatch": "*",
        }
        with available(WHAT):
            try:
                self._client.put_object(**request)
            except ClientError as error:
                if error.response["Error"]["Code"] not in TAKEN:
                    raise

    def plan(self, title: str, evaluation: str) -> Plan:
        """See EvaluationFiles."""
        data = self._get(_key(title, evaluation, "plan.json"))
        if data is None:
            raise NotFound("This evaluation has no plan; its files may have expired.")
        return msgspec.json.decode(data, type=Plan)

    def put_items(self, title: str, evaluation: str, keys: Sequence[str]) -> tuple[str, str]:
        """See EvaluationFiles."""
        name = _key(title, evaluation, "items.jsonl")
        lines = [msgspec.json.encode({"title": title, "evaluation": evaluation, "key": key}) for key in keys]
        self._put(name, b"\n".join(lines) + b"\n", "application/jsonl")
        return self._bucket, name

    def put_result(self, title: str, evaluation: str, result: CaseResult) -> None:
        """See EvaluationFiles."""
        self._put(_key(title, evaluation, f"results/{result.planned.key}{RESULT}"), msgspec.json.encode(result))

    def done(self, title: str, evaluation: str) -> set[str]:
        """See EvaluationFiles."""
        prefix, found = _key(title, evaluation, "results/"), set[str]()
        with available(WHAT):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                found.update(one["Key"].removeprefix(prefix).removesuffix(RESULT) for one in page.get("Contents", []))
        return found

    def result(self, title: str, evaluation: str, key: str) -> CaseResult:
        """See EvaluationFiles."""
        data = self._get(_key(title, evaluation, f"results/{key}{RESULT}"))
        if data is None:
            raise NotFound("This evaluation has no result of this case.")
        return msgspec.json.decode(data, type=CaseResult)

    def results(self, title: str, evaluation: str, keys: Sequence[str] | None = None) -> Iterator[CaseResult]:
        """See EvaluationFiles."""
        wanted = sorted(self.done(title, evaluation)) if keys is None else keys
        names = [_key(title, evaluation, f"results/{key}{RESULT}") for key in wanted]
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            for data in pool.map(self._get, names):
                if data is not None:
                    yield msgspec.json.decode(data, type=CaseResult)

    def put_report(self, title: str, evaluation: str, name: str, data: bytes, content_type: str) -> None:
        """See EvaluationFiles."""
        self._put(_key(title, evaluation, f"report/{name}"), data, content_type)

    def report_url(self, title: str, evaluation: str, name: str, expires_seconds: int) -> str:
        """See EvaluationFiles."""
        key = _key(title, evaluation, f"report/{name}")
        try:
            with available(WHAT):
                self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError:
            raise NotFound(f"This evaluation has no {name}.") from None
        where = {"Bucket": self._bucket, "Key": key}
        return self._client.generate_presigned_url("get_object", Params=where, ExpiresIn=expires_seconds)

    def report_uri(self, title: str, evaluation: str, name: str) -> str:
        """See EvaluationFiles."""
        return f"s3://{self._bucket}/{_key(title, evaluation, f'report/{name}')}"

    def upload_url(self, title: str, name: str, expires_seconds: int) -> tuple[str, str]:
        """See EvaluationFiles."""
        where = {"Bucket": self._bucket, "Key": f"{UPLOADS}/{title}/{name}.jsonl"}
        url = self._client.generate_presigned_url("put_object", Params=where, ExpiresIn=expires_seconds)
        return url, where["Key"]

    def uploaded(self, key: str, limit: int) -> bytes:
        """See EvaluationFiles."""
        try:
            with available(WHAT):
                found = self._client.get_object(Bucket=self._bucket, Key=key)
                size, body = found["ContentLength"], found["Body"]
                data = body.read() if size <= limit else b""
                body.close()
        except ClientError:
            raise NotFound("The uploaded cases are gone.") from None
        if size > limit:
            raise TooLarge(f"The upload has {size} bytes; cases may have {limit} at most.")
        return data

    def _put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        with available(WHAT):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=content_type)

    def _get(self, key: str) -> bytes | None:
        try:
            with available(WHAT):
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError:
            return None


def _key(title: str, evaluation: str, name: str) -> str:
    return f"{PREFIX}/{title}/{evaluation}/{name}"
