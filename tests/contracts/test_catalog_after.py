"""Versions that are made of the one before: nothing that somebody else has stored meanwhile is lost."""

from __future__ import annotations

import secrets

import pytest

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.errors import Conflict
from npcops.ports import Catalog
from tests.resources import Resources


@pytest.fixture
def catalog(resources: Resources) -> Catalog:
    return DynamoCatalog(resources.dynamodb, resources.name("catalog"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def put(catalog: Catalog, title: str, content: str, after: str = "") -> str:
    return catalog.put(title, "suites", "kings", {"name": content}, "ann", "", after=after)


def test_a_version_comes_after_the_one_it_was_made_of(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "one")
    second = put(catalog, title, "two", after=first)
    assert catalog.get(title, "suites", "kings", "latest") == ({"name": "two"}, second)


def test_a_version_that_somebody_else_was_before_is_refused_and_the_next_look_shows_theirs(
    resources: Resources, catalog: Catalog, title: str
) -> None:
    first = put(catalog, title, "one")
    assert catalog.get(title, "suites", "kings", "latest")[1] == first
    elsewhere = DynamoCatalog(resources.dynamodb, resources.name("catalog"))
    theirs = put(elsewhere, title, "theirs", after=first)
    with pytest.raises(Conflict):
        put(catalog, title, "ours", after=first)
    assert catalog.get(title, "suites", "kings", "latest") == ({"name": "theirs"}, theirs)
    put(catalog, title, "ours", after=theirs)
    assert catalog.get(title, "suites", "kings", "latest")[0] == {"name": "ours"}


def test_nothing_comes_after_what_is_not_there(catalog: Catalog, title: str) -> None:
    with pytest.raises(Conflict):
        put(catalog, title, "one", after="0123456789abcdef")
