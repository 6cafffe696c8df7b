"""A loopback server with fixed answers for the AWS calls of one turn, so that only npcops' own work is measured.

It is a load for benchmarks and nothing else: tests and the local stack use real services.
Run as `python -m bench.loopback PORT`.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from bench import stub_model
from local.bedrock import eventstream

WORLD = Path(__file__).parent.parent / "world"


def catalogue() -> dict[tuple[str, str], dict[str, Any]]:
    """The catalogue's items for the sample world, as DynamoDB would return them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    title = yaml.safe_load((WORLD / "title.yaml").read_text("utf-8"))
    entries = [("titles", title["id"], title)]
    for kind in ("npcs", "prompts", "examples", "actions"):
        files = sorted((WORLD / kind).glob("*.yaml"))
        entries.extend((kind, file.stem, yaml.safe_load(file.read_text("utf-8"))) for file in files)
    for kind, name, content in entries:
        pk, version = f"{title['id']}#{kind}", "0123456789abcdef"
        labels = {"M": {"production": {"S": version}}}
        found[(pk, f"head#{name}")] = {"pk": {"S": pk}, "labels": labels, "latest": {"S": version}}
        found[(pk, f"version#{name}#{version}")] = {"pk": {"S": pk}, "data": {"S": json.dumps(content)}}
    return found


ITEMS = catalogue()
ANSWERS: list[dict[str, Any]] = []


class Handler(BaseHTTPRequestHandler):
    """Answers by the operation's name."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """One call."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        if self.path.endswith("/converse-stream"):
            reply = stub_model.frames(stub_model.tool_of(json.loads(body)))
            self.write(200, reply.head + b"".join(reply.tokens) + reply.tail, eventstream.CONTENT_TYPE)
        elif target == "GetParameter":
            self.write(400, json.dumps({"__type": "ParameterNotFound", "message": "none"}).encode())
        else:
            self.write(200, json.dumps(self.answer(target, body)).encode())

    def write(self, status: int, payload: bytes, kind: str = "application/json") -> None:
        """The whole answer at once."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def answer(self, target: str, body: bytes) -> dict[str, Any]:
        """The answer of one operation; nobody has been here before, and what is written is gone."""
        if target == "GetItem":
            key = json.loads(body)["Key"]
            item = ITEMS.get((key["pk"]["S"], key["sk"]["S"]))
            return {"Item": item} if item else {}
        if target == "TransactGetItems":
            return {"Responses": [{} for _ in json.loads(body)["TransactItems"]]}
        if target in ("PutItem", "Query") and (request := json.loads(body))["TableName"] == "answers":
            return self.reused(request)
        if target == "Query":
            return {"Items": [], "Count": 0}
        if target == "PutEvents":
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
        if self.path.endswith("/converse"):
            return stub_model.reply(stub_model.tool_of(json.loads(body)))
        if self.path.endswith("/invoke"):
            texts = json.loads(body).get("texts", [])
            return {"embeddings": [[0.05] * 384 for _ in texts], "response_type": "embeddings_floats"}
        return {}

    def reused(self, request: dict[str, Any]) -> dict[str, Any]:
        """The table of answers, which alone keeps what is written, newest first: for a turn that needs no model."""
        if item := request.get("Item"):
            ANSWERS.insert(0, item)
            return {}
        shelf = request["ExpressionAttributeValues"][":pk"]
        found = [item for item in ANSWERS if item["pk"] == shelf][: request["Limit"]]
        return {"Items": found, "Count": len(found)}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
