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


def title_with(*actions: Any, **fields: Any) -> dict[str, Any]:
    return {"id": "game", "name": "Game", "actions": list(actions), **fields}


def wave(**parameters: Any) -> dict[str, Any]:
    return {"name": "wave", "description": "Waves.", "parameters": parameters}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (title_with(wave(), wave(type="object")), "two actions called wave"),
        (title_with(wave(properties={"to": {"type": "objekt"}})), "wave are no JSON Schema: .*objekt"),
        (title_with(wave(type="string")), "`type` must be object"),
        (title_with(wave(properties={"to": 7})), "wave are no JSON Schema: 7 is not"),
        (title_with(wave(properties={"to": {"$ref": "https://example.com/to.json"}})), "outside the schema"),
        (title_with(wave(properties={"to": {"$ref": "file:///etc/hosts"}})), "outside the schema"),
        (title_with(wave(allOf=[{"items": {"$dynamicRef": "other#to"}}])), "outside the schema"),
        (title_with(wave(properties={"to": {"$ref": "#/$defs/to"}})), "does not exist"),
        (title_with(wave(**{"$schema": "http://json-schema.org/draft-07/schema#"})), "2020-12"),
        (title_with(wave(**{"$schema": 7})), "2020-12"),
        (title_with(wave(properties={"to": {"pattern": "(?=a)b"}})), "regex"),
        (title_with({"name": "Wave!", "description": "Waves."}), "name"),
    ],
)
def test_a_title_whose_actions_could_not_be_checked_is_refused(
    catalog: Catalog, title: str, content: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told):
        put(catalog, title, content, kind="titles")
    assert catalog.names(title, "titles") == []


def test_a_title_with_schemas_that_refer_to_themselves_is_stored(catalog: Catalog, title: str) -> None:
    tree = {"type": "object", "properties": {"of": {"$ref": "#"}, "to": {"$ref": "#/$defs/to"}}}
    action = wave(**{"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"to": {}}, **tree})
    put(catalog, title, title_with(action, id=title), "production", "titles")
    assert catalog.game(title, "production").actions[0].parameters == action["parameters"]


def test_a_card_may_name_what_the_title_has(catalog: Catalog, title: str) -> None:
    put(catalog, title, title_with(wave(), id=title, emotions=["glad", "grim"]), "production", "titles")
    card = CARD | {"emotions": ["grim"], "actions": ["wave"]}
    assert put(catalog, title, card).version
    with pytest.raises(InvalidRequest, match=r"emotions that the title does not have: sad. The title has glad, grim;"):
        put(catalog, title, card | {"emotions": ["grim", "sad"]})
    with pytest.raises(InvalidRequest, match=r"actions that the title does not have: fly, swim. The title has wave;"):
        put(catalog, title, card | {"actions": ["wave", "fly", "swim"]})


def test_the_title_that_was_stored_last_counts_even_where_an_older_one_was_just_read(
    catalog: Catalog, title: str, moto_resources: Resources
) -> None:
    elsewhere = DynamoCatalog(moto_resources.dynamodb, moto_resources.name("catalog"))
    put(catalog, title, title_with(id=title), "production", "titles")
    with pytest.raises(InvalidRequest, match="The title has none"):
        put(catalog, title, CARD | {"actions": ["wave"]})
    put(elsewhere, title, title_with(wave(), id=title), "production", "titles")
    assert put(catalog, title, CARD | {"actions": ["wave"]}).version


def test_before_there_is_a_title_and_where_it_names_no_emotions_cards_name_their_own(
    catalog: Catalog, title: str
) -> None:
    assert put(catalog, title, CARD | {"emotions": ["grim"], "actions": ["wave"]}).version
    put(catalog, title, title_with(id=title), "production", "titles")
    assert put(catalog, title, CARD | {"emotions": ["grim", "glad"]}).version


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
