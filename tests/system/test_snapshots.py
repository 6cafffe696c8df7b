"""Frozen lore through the deployed stack: what is uploaded later reaches nobody until it is frozen and promoted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.system.conftest import RunningStage
from tests.system.test_evaluations import put

pytestmark = pytest.mark.system


def freeze(stage: RunningStage) -> str:
    while not (found := stage.api().call("POST", "/v1/lore/snapshots", body={}))["done"]:
        pass
    return str(found["snapshot"])


def found(stage: RunningStage, snapshot: str = "") -> str:
    asked = {"q": "What does the ferry cost?", "lore": snapshot}
    passages: list[dict[str, Any]] = stage.api().call("GET", "/v1/lore/search", params=asked)["passages"]
    return " ".join(passage["text"] for passage in passages)


def test_players_know_the_lore_that_the_title_names(own_title: RunningStage) -> None:
    own_title.wait_for_lore("ferry.md", own_title.put_lore("ferry.md", "# Ferry\n\nThe ferry costs two pennies."))
    first = freeze(own_title)
    assert freeze(own_title) == first
    own_title.wait_for_lore("ferry.md", own_title.put_lore("ferry.md", "# Ferry\n\nThe ferry costs nine pennies."))
    second = freeze(own_title)
    assert "nine" in found(own_title)
    assert "two" in found(own_title, first)
    assert "nine" in found(own_title, second)
    entry = {"id": own_title.title, "name": "Game", "lore": first}
    put(own_title, "titles", own_title.title, entry)
    put(own_title, "titles", own_title.title, entry | {"lore": second})
    back = own_title.api().call(
        "POST", f"/v1/catalog/titles/{own_title.title}/labels/production", body={"version": "previous"}
    )
    content = own_title.api().call("GET", f"/v1/catalog/titles/{own_title.title}", params={"version": "production"})
    assert content["content"]["lore"] == first
    assert back["labels"]["production"] == content["version"]
