"""What may be stored in the catalogue, and what happens to its label."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.catalog_entries import NewVersion, PutEntry
from npcops.errors import InvalidRequest, InvalidTemplate
from npcops.ports import Catalog
from tests.resources import Resources

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman."}
PROMPT: dict[str, Any] = {"name": "dialogue", "system": "You are {{ character.name }}.", "variables": ["character"]}


@pytest.fixture
def catalog(moto_resources: Resources) -> Catalog:
    return DynamoCatalog(moto_resources.dynamodb, moto_resources.name("catalog"))


def put(catalog: Catalog, title: str, content: dict[str, Any], label: str | None = None, kind: str = "npcs") -> Any:
    name = content.get("id") or content.get("name")
    return PutEntry(catalog)(title, kind, str(name), "ann", NewVersion(content, "note", label))


def test_a_version_is_stored_without_moving_a_label(catalog: Catalog, title: str) -> None:
    stored = put(catalog, title, CARD)
    assert (stored.name, stored.labels) == ("mira", {})
    assert catalog.get(title, "npcs", "mira", stored.version)[0] == CARD


def test_a_label_is_made_and_moved(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, CARD, "production")
    assert first.labels == {"production": first.version}
    second = put(catalog, title, CARD | {"persona": "A smuggler."}, "staging")
    assert second.labels == {"production": first.version, "staging": second.version}
    third = put(catalog, title, CARD | {"persona": "A smuggler."}, "production")
    assert third.version == second.version
    assert third.labels == {"production": second.version, "staging": second.version}
    assert catalog.npc(title, "mira", "production")[1] == second.version


def test_putting_the_same_again_changes_nothing(catalog: Catalog, title: str) -> None:
    assert put(catalog, title, CARD, "production") == put(catalog, title, CARD, "production")


def test_prompts_and_titles_are_stored(catalog: Catalog, title: str) -> None:
    put(catalog, title, PROMPT, "production", "prompts")
    put(catalog, title, {"id": title, "name": "Saltmarrow"}, "production", "titles")
    assert catalog.prompt(title, "dialogue", "production")[0].system == PROMPT["system"]
    assert catalog.game(title, "production").name == "Saltmarrow"


@pytest.mark.parametrize(
    ("kind", "name", "content", "told"),
    [
        ("cards", "mira", CARD, "npcs, prompts, titles"),
        ("npcs", "Mira", CARD | {"id": "Mira"}, "lower-case"),
        ("npcs", "-mira", CARD | {"id": "-mira"}, "lower-case"),
        ("npcs", "m" * 64, CARD | {"id": "m" * 64}, "63"),
        ("npcs", "mira#2", CARD | {"id": "mira#2"}, "lower-case"),
        ("npcs", "otto", CARD, "mira"),
        ("titles", "other", {"id": "game", "name": "Game"}, "game"),
        ("npcs", "mira", {"id": "mira", "name": "Mira"}, "persona"),
        ("npcs", "mira", CARD | {"memory": {"recent_tokens": "many"}}, "recent_tokens"),
        ("prompts", "dialogue", {"name": "dialogue"}, "system"),
    ],
)
def test_what_could_not_be_used_is_refused(
    catalog: Catalog, title: str, kind: str, name: str, content: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told):
        PutEntry(catalog)(title, kind, name, "ann", NewVersion(content))
    assert catalog.names(title, kind) == []


@pytest.mark.parametrize("system", ["You are {{ hero }}.", "You are {{ character.name", "{{ 1 / 0 }}", ""])
def test_a_template_that_could_not_be_filled_is_refused(catalog: Catalog, title: str, system: str) -> None:
    with pytest.raises(InvalidTemplate):
        put(catalog, title, PROMPT | {"system": system}, "production", "prompts")
    assert catalog.names(title, "prompts") == []


@pytest.mark.parametrize("label", ["", "Production", "latest", "a b", "l" * 33, "1st"])
def test_labels_that_could_be_taken_for_something_else_are_refused(label: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"content": CARD, "label": label}, NewVersion)


def test_unknown_fields_of_the_body_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"content": CARD, "lable": "production"}, NewVersion)
