"""The npcops API over HTTP: one call method, one way in which a refusal becomes an error."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx

from npc.errors import NotReachable, Refused

# The API itself gives up after 29 s; waiting longer only matters on a slow local machine.
READ_SECONDS = 60.0


class Api:
    """Calls to one stage with one token. `base_url` ends before `/v1`."""

    def __init__(self, base_url: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._base_url = base_url
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
        """The decoded JSON answer (None if empty). Raises Refused for an error status, NotReachable for none."""
        given = {name: value for name, value in (params or {}).items() if value not in (None, "")}
        try:
            response = self._http.request(method, path, json=body, params=given, headers=dict(headers or {}))
        except httpx.TimeoutException:
            raise NotReachable(f"{method} {path} was not answered within {READ_SECONDS:.0f} s") from None
        except httpx.TransportError as error:
            raise NotReachable(f"{self._base_url} cannot be reached ({error}); is the stage up?") from None
        if response.is_success:
            return response.json() if response.content else None
        raise refusal(response)


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
    """A document's path below `/v1/lore/`; its slashes stay slashes."""
    return quote(path, safe="/")
