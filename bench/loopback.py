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

WORLD = Path(__file__).parent.parent / "world"
SPEECH = {"say": "Two pennies, love, and you bail.", "emotion": "amused", "citations": []}
CONVERSE = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "t1", "name": "speak", "input": SPEECH}}],
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": 900, "outputTokens": 40, "totalTokens": 940},
    "metrics": {"latencyMs": 5},
}


def catalogue() -> dict[tuple[str, str], dict[str, Any]]:
    """The catalogue's items for the sample world, as DynamoDB would return them."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    title = yaml.safe_load((WORLD / "title.yaml").read_text("utf-8"))
    entries = [("titles", title["id"], title)]
    for kind, folder in (("npcs", "npcs"), ("prompts", "prompts")):
        files = sorted((WORLD / folder).glob("*.yaml"))
        entries.extend((kind, file.stem, yaml.safe_load(file.read_text("utf-8"))) for file in files)
    for kind, name, content in entries:
        pk, version = f"{title['id']}#{kind}", "0123456789abcdef"
        labels = {"M": {"production": {"S": version}}}
        found[(pk, f"head#{name}")] = {"pk": {"S": pk}, "labels": labels, "latest": {"S": version}}
        found[(pk, f"version#{name}#{version}")] = {"pk": {"S": pk}, "data": {"S": json.dumps(content)}}
    return found


ITEMS = catalogue()


class Handler(BaseHTTPRequestHandler):
    """Answers by the operation's name."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """One call."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        status, answer = 200, self.answer(target, body)
        if target == "GetParameter":
            status, answer = 400, {"__type": "ParameterNotFound", "message": "none"}
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def answer(self, target: str, body: bytes) -> dict[str, Any]:
        """The answer of one operation."""
        if target == "GetItem":
            key = json.loads(body)["Key"]
            item = ITEMS.get((key["pk"]["S"], key["sk"]["S"]))
            return {"Item": item} if item else {}
        if target == "Query":
            return {"Items": [], "Count": 0}
        if target == "PutEvents":
            return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}
        if self.path.endswith("/converse"):
            return CONVERSE
        if self.path.endswith("/invoke"):
            texts = json.loads(body).get("texts", [])
            return {"embeddings": [[0.05] * 384 for _ in texts], "response_type": "embeddings_floats"}
        return {}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
