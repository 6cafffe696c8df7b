"""The npcops API over HTTP: one call method, one way in which a refusal becomes an error."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx

from npc.errors import NotReachable, Refused

# The API itself gives up after 29 s; waiting longer only matters on a slow local machine.
READ_SECONDS = 60.0
# Pauses, in seconds, after each answer "too many requests". The API lets a burst through and then so many a second.
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)


class Api:
    """Calls to one stage with one token. `base_url` ends before `/v1`."""

    def __init__(
        self,
        base_url: str,
        token: str,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url, self._sleep = base_url, sleep
        self._http = httpx.Client(
            base_url=base_url.rstrip("/"),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=httpx.Timeout(READ_SECONDS, connect=5.0),
            transport=transport,
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The decoded JSON answer (None if empty). Raises Refused for an error status, NotReachable for none.

        A throttled call is made again after a pause; what the API refused for being too much it has not begun.
        """
        given = {name: value for name, value in (params or {}).items() if value not in (None, "")}
        request = self._http.build_request(method, path, json=body, params=given, headers=dict(headers or {}))
        response = self._send(request)
        for pause in PAUSES:
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            # Callers that were refused together must not come back together.
            self._sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter is no secret
            response = self._send(request)
        if response.is_success:
            return response.json() if response.content else None
        raise refusal(response)

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.TimeoutException:
            asked = f"{request.method} {request.url.path}"
            raise NotReachable(f"{asked} was not answered within {READ_SECONDS:.0f} s") from None
        except httpx.TransportError as error:
            raise NotReachable(f"{self._base_url} cannot be reached ({error}); is the stage up?") from None


def refusal(response: httpx.Response) -> Refused:
    """The error that a problem document, or any other unhappy answer, stands for."""
    problem: dict[str, Any] = {}
    with suppress(ValueError):
        decoded = response.json()
        problem = decoded if isinstance(decoded, dict) else {}
    title = problem.get("title") or problem.get("message") or f"HTTP {response.status_code}"
    detail = problem.get("detail")
    kind = str(problem.get("type", "")).rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]
    return Refused(f"{title}: {detail}" if detail else str(title), response.status_code, kind)


def segment(name: str) -> str:
    """One path segment, whatever characters it has."""
    return quote(name, safe="")


def document_path(path: str) -> str:
    """A document's path below `/v1/lore/`; its slashes stay slashes, but for those that lead to snapshots."""
    return quote(path, safe="" if path.startswith("snapshots/") else "/")
