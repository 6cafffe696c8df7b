"""Keeps the emulator's state on disk while it runs, so that even `kill -9` loses at most a few seconds.

MiniStack itself writes its state only when it is stopped politely. S3 objects need no help: they are written at once.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

SCOPE = re.compile(rb"Credential=[^/,]+/[^/,]*/[^/,]*/([a-z0-9-]+)/aws4_request")

# Services whose state changes with traffic, without a request of their own; saved whenever anything happened.
# Execution histories and logs are left out: they are large, and nothing depends on them after a restart.
DATA = ("dynamodb", "sqs", "s3", "ssm")
# Requests to these change what is deployed, so that the state of every service is saved after them.
DEPLOYING = frozenset({"cloudformation", "lambda", "apigateway", "iam", "scheduler"})
LEFT_OUT = frozenset({"cloudwatch_logs", "cloudwatch"})
INVOCATION = re.compile(r"/functions/[^/]+/invocations|/_aws/execute-api/")
SAVE = "/_npcops/save"
# Requests that change nothing which is kept; a stream alone makes many of them.
PASSING = ("/_ministack", "/_npcops", "/@connections/")

States = Mapping[str, Callable[[], Any]]


class StateKeeper:
    """Saves what changed, at most every `seconds` and never using more than a tenth of the time.

    `states` gives the functions that return each service's state; `save` writes some of them.
    """

    def __init__(
        self, states: Callable[[], States], save: Callable[[dict[str, Callable[[], Any]]], None], seconds: float = 2.0
    ) -> None:
        self._states, self._save, self._seconds = states, save, seconds
        self._lock = threading.Lock()
        self._data_changed = self._deployed = False
        self._stopped = threading.Event()

    def noticed(self, method: str, path: str, authorization: bytes) -> None:
        """Take note of one request."""
        if method in ("HEAD", "OPTIONS") or path.startswith(PASSING):
            return
        self._data_changed = True
        scope = SCOPE.search(authorization)
        if scope and scope.group(1).decode() in DEPLOYING and not INVOCATION.search(path):
            self._deployed = True

    def save_changes(self) -> list[str]:
        """Write what changed since the last call; returns the names of the services written."""
        with self._lock:
            data, deployed = self._data_changed, self._deployed
            self._data_changed = self._deployed = False
            wanted = {
                name: state
                for name, state in self._states().items()
                if name not in LEFT_OUT and ((deployed and name not in DATA) or (data and name in DATA))
            }
            if wanted:
                self._save(wanted)
            return sorted(wanted)

    def run(self) -> None:
        """Save until `stop`; meant for a thread of its own."""
        pause = self._seconds
        while not self._stopped.wait(pause):
            began = time.monotonic()
            self.save_changes()
            pause = max(self._seconds, 9 * (time.monotonic() - began))

    def stop(self) -> None:
        """End `run` and write what is left."""
        self._stopped.set()
        self.save_changes()


def watched(application: Any, keeper: StateKeeper, files: Mapping[str, Callable[[], bytes]]) -> Any:
    """An ASGI application that serves `files` (path to JSON), saves on `SAVE`, and is `application` for all else.

    It tells `keeper` of every request.
    """
    served: dict[str, Callable[[], bytes]] = {
        **files,
        SAVE: lambda: json.dumps({"saved": keeper.save_changes()}).encode(),
    }

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
        elif scope["path"] in served:
            body = served[scope["path"]]()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        else:
            authorization = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            keeper.noticed(scope["method"], scope["path"], authorization)
            await application(scope, receive, send)

    return serve
