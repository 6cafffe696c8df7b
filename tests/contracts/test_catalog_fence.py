"""The contract of `Catalog.fence`: who decided by what a label points at moves it only if nothing was moved since."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.catalogue import Move
from npcops.errors import Conflict
from tests.publishing import AT, LABEL, move
from tests.resources import Lagging, Resources


@pytest.fixture
def catalog(resources: Resources) -> DynamoCatalog:
    client: Any = Lagging(resources.dynamodb)
    return DynamoCatalog(client, resources.name("catalog"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def store(catalog: DynamoCatalog, title: str, kind: str, name: str, note: str) -> str:
    return catalog.put(title, kind, name, {"id": name, "note": note}, "writer", "")


def fenced(catalog: DynamoCatalog, title: str, kind: str, name: str, version: str, before: str, fence: str) -> None:
    catalog.label(title, kind, name, Move(LABEL, version, before, "writer", AT), fence)


def test_the_fence_is_another_after_every_move_of_the_label(catalog: DynamoCatalog, title: str) -> None:
    seen = [catalog.fence(title, LABEL)]
    for kind, name in (("npcs", "mira"), ("prompts", "dialogue"), ("suites", "canon")):
        move(catalog, title, kind, name, LABEL, store(catalog, title, kind, name, ""))
        seen.append(catalog.fence(title, LABEL))
    assert len(set(seen)) == 4


def test_other_labels_other_titles_and_new_versions_leave_it_alone(catalog: DynamoCatalog, title: str) -> None:
    before = catalog.fence(title, LABEL)
    version = store(catalog, title, "npcs", "mira", "")
    move(catalog, title, "npcs", "mira", "staging", version)
    move(catalog, f"{title}-2", "npcs", "mira", LABEL, store(catalog, f"{title}-2", "npcs", "mira", ""))
    assert catalog.fence(title, LABEL) == before


def test_a_fence_that_holds_lets_the_label_move_once(catalog: DynamoCatalog, title: str) -> None:
    first, second = (store(catalog, title, "npcs", "mira", note) for note in "12")
    fence = catalog.fence(title, LABEL)
    fenced(catalog, title, "npcs", "mira", first, "", fence)
    with pytest.raises(Conflict):
        fenced(catalog, title, "npcs", "mira", second, first, fence)
    fenced(catalog, title, "npcs", "mira", second, first, catalog.fence(title, LABEL))
    assert catalog.labels(title, "npcs", "mira") == {LABEL: second}


def test_a_fence_that_fell_leaves_neither_label_nor_history(catalog: DynamoCatalog, title: str) -> None:
    card, prompt = store(catalog, title, "npcs", "mira", ""), store(catalog, title, "prompts", "dialogue", "")
    fence = catalog.fence(title, LABEL)
    move(catalog, title, "npcs", "mira", LABEL, card)
    with pytest.raises(Conflict):
        fenced(catalog, title, "prompts", "dialogue", prompt, "", fence)
    assert (catalog.labels(title, "prompts", "dialogue"), catalog.moves(title, "prompts", "dialogue")) == ({}, [])


class Overtaking:
    """A client in whose way another move comes right before it writes."""

    def __init__(self, client: object, first: object) -> None:
        self._client, self._first = client, first

    def __getattr__(self, name: str) -> object:
        if name == "transact_write_items" and self._first:
            first, self._first = self._first, None
            first()
        return getattr(self._client, name)


def test_a_move_that_comes_between_the_look_and_the_write_is_seen(
    resources: Resources, catalog: DynamoCatalog, title: str
) -> None:
    card, prompt = store(catalog, title, "npcs", "mira", ""), store(catalog, title, "prompts", "dialogue", "")

    def first() -> None:
        move(catalog, title, "npcs", "mira", LABEL, card)

    slow = DynamoCatalog(Overtaking(resources.dynamodb, first), resources.name("catalog"))
    with pytest.raises(Conflict):
        fenced(slow, title, "prompts", "dialogue", prompt, "", slow.fence(title, LABEL))
    assert catalog.labels(title, "prompts", "dialogue") == {}


def test_of_many_who_looked_at_the_same_moment_one_moves(catalog: DynamoCatalog, title: str) -> None:
    versions = {name: store(catalog, title, "npcs", name, "") for name in ("mira", "otto", "ines")}
    fence, refused = catalog.fence(title, LABEL), []
    for name, version in versions.items():
        try:
            fenced(catalog, title, "npcs", name, version, "", fence)
        except Conflict:
            refused.append(name)
    assert refused == ["otto", "ines"]
    assert [name for name in versions if catalog.labels(title, "npcs", name)] == ["mira"]
