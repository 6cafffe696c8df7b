"""A pretended catalogue behind the pretended stage: it stores versions by content and moves labels, ungated."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import httpx

from tests.unit.cli.pretended_stage import problem

ENTRY = re.compile(r"/dev/v1/catalog/([a-z]+)(?:/([^/]+))?$")


class Catalogue:
    """Answers GET and PUT; `refused` maps names to what is wrong with them, in the order in which they were put."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self.labels: dict[tuple[str, str], dict[str, str]] = {}
        self.bodies: list[tuple[str, str, dict[str, Any]]] = []
        self.refused: dict[str, str] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One call of the API."""
        found = ENTRY.match(request.url.path)
        assert found, request.url.path
        kind, name = found.groups()
        if name is None:
            entries = [
                {"name": name, "labels": self.labels[of, name], "latest": version(content)}
                for (of, name), content in self.stored.items()
                if of == kind
            ]
            return httpx.Response(200, json={"entries": sorted(entries, key=lambda entry: str(entry["name"]))})
        if request.method == "GET":
            content = self.stored[kind, name]
            return httpx.Response(200, json={"version": version(content), "content": content})
        body = json.loads(request.content)
        self.bodies.append((kind, name, body))
        if name in self.refused:
            return problem(400, "The request is not valid", self.refused[name], "invalid-request")
        self.stored[kind, name] = body["content"]
        labels = self.labels.setdefault((kind, name), {})
        if "label" in body:
            labels[body["label"]] = version(body["content"])
        return httpx.Response(200, json={"name": name, "version": version(body["content"]), "labels": labels})


def version(content: Any) -> str:
    """As the catalogue names it."""
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()
