"""A pretended stage behind `npc`: requests are recorded and answered by the test, without sockets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
import pytest

from npc.app import run
from npc.session import Session

Answer = Callable[[httpx.Request], httpx.Response]


TURN = {
    "turn_id": "t1",
    "npc": "ferry",
    "mode": "rag",
    "say": "The [ferry] goes at noon.",
    "emotion": "neutral",
    "actions": [{"name": "point", "arguments": {"at": "quay"}}],
    "citations": [{"id": "c1", "document": "places/ferry.md", "title": "The ferry"}],
    "degraded": None,
    "model": "m",
    "prompt_version": "p1",
    "usage": {},
}


def problem(status: int, title: str, detail: str, kind: str = "conflict") -> httpx.Response:
    body = {"type": f"https://npcops.dev/problems/{kind}", "title": title, "detail": detail, "status": status}
    return httpx.Response(status, json=body, headers={"content-type": "application/problem+json"})


def token(scope: str = "studio server", title: str = "saltmarrow", **claims: Any) -> str:
    """A token as an issuer would make it; nobody checks its signature here."""
    return jwt.encode({"scope": scope, "title": title, "sub": "ada", **claims}, "k" * 32, algorithm="HS256")


@dataclass
class Ran:
    """What one command line did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output read as JSON."""
        return json.loads(self.out)


@dataclass
class Stage:
    """The pretended API and bucket. `answers` maps `METHOD path` to JSON, a response, or a function of the request."""

    capture: pytest.CaptureFixture[str]
    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    opener: Callable[..., Any] | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        found = self.answers.get(f"{request.method} {request.url.raw_path.decode().partition('?')[0]}")
        if callable(found):
            found = found(request)
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(404 if found is None else 200, json=found)

    def npc(self, *arguments: str) -> Ran:
        """Run a command line."""
        code = run(arguments, Session(transport=httpx.MockTransport(self.answer), opener=self.opener))
        captured = self.capture.readouterr()
        return Ran(code, captured.out, captured.err)

    def sent(self, index: int = -1) -> Any:
        """The JSON body of a request."""
        return json.loads(self.requests[index].content)
