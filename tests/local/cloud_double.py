"""A double of the embedded cloud: the calls of S3, SQS and EventBridge that the local SageMaker makes, and faults."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PATIENCE_SECONDS = 30.0


class CloudDouble:
    """What was put into it, and what it is to do wrong: not answer (`down`), or know no queue (`no_queue`)."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.messages: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.down = self.no_queue = False

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/", self._call, methods=["POST"]),
                Route("/{path:path}", self._object, methods=["GET", "PUT"]),
            ]
        )

    def statuses(self, kind: str) -> list[str]:
        """The statuses that events of a kind told, in order."""
        found = [json.loads(event["Detail"]) for event in self.events if kind in event["DetailType"]]
        names = ("currentStepStatus", "currentPipelineExecutionStatus", "ModelApprovalStatus")
        return [detail[name] for detail in found for name in names if name in detail]

    async def _call(self, http: Request) -> Response:
        if self.down:
            return JSONResponse({"__type": "ServiceUnavailable"}, 503)
        body = json.loads(await http.body())
        operation = http.headers["x-amz-target"].rpartition(".")[2]
        if operation == "PutEvents":
            self.events += body["Entries"]
            self.headers.append(dict(http.headers))
            return JSONResponse({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})
        assert operation == "SendMessage"
        if self.no_queue:
            kind = {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist."}
            return JSONResponse(kind, 400)
        self.messages.append({"queue": body["QueueUrl"], **json.loads(body["MessageBody"])})
        return JSONResponse({"MessageId": "1"})

    async def _object(self, http: Request) -> Response:
        if self.down:
            return Response("<Error><Code>ServiceUnavailable</Code></Error>", 503)
        path = unquote(http.path_params["path"])
        if http.method == "PUT":
            self.objects[path] = await http.body()
            return Response()
        if "list-type" in http.query_params:
            return Response(self._listing(path, http.query_params["prefix"]), media_type="application/xml")
        if path not in self.objects:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404)
        return Response(self.objects[path])

    def _listing(self, bucket: str, prefix: str) -> str:
        keys = [path.partition("/")[2] for path in sorted(self.objects) if path.startswith(f"{bucket}/{prefix}")]
        found = "".join(f"<Contents><Key>{escape(key)}</Key></Contents>" for key in keys)
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"


def until(happened: Callable[[], Any]) -> Any:
    """What `happened` returns once it is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := happened()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return found
