"""What may be stored in the catalogue, and what happens to its label."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops.catalog_entries import NewVersion
from npcops.errors import InvalidRequest, InvalidTemplate, TooLarge
from tests.catalogues import Writing
from tests.resources import Resources

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman."}
PROMPT: dict[str, Any] = {"name": "dialogue", "system": "You are {{ character.name }}.", "variables": ["character"]}


@pytest.fixture
def writing(moto_resources: Resources, title: str) -> Writing:
    return Writing(moto_resources, title)


def test_a_version_is_stored_without_moving_a_label(writing: Writing) -> None:
    stored = writing.put("npcs", CARD)
    assert (stored.name, stored.labels) == ("mira", {})
    assert writing.catalog.get(writing.title, "npcs", "mira", stored.version)[0] == CARD


def test_a_label_is_made_and_moved(writing: Writing) -> None:
    first = writing.put("npcs", CARD, "production")
    assert first.labels == {"production": first.version}
    second = writing.put("npcs", CARD | {"persona": "A smuggler."}, "staging")
    assert second.labels == {"production": first.version, "staging": second.version}
    third = writing.put("npcs", CARD | {"persona": "A smuggler."}, "production")
    assert third.version == second.version
    assert third.labels == {"production": second.version, "staging": second.version}
    assert writing.catalog.npc(writing.title, "mira", "production")[1] == second.version


def test_what_may_have_any_fields_has_them(writing: Writing) -> None:
    """Arguments, flags, moods and examples are the writers' own; what stands twice in a set is no fault."""
    action = {"name": "give", "description": "Gives.", "parameters": {"properties": {"to": {"type": "string"}}}}
    game = {"flags": {"met": "Has met."}, "actions": [action | {"requires": ["met", "met"]}]}
    writing.put("titles", {"id": writing.title, "name": "Saltmarrow", **game})
    writing.put("npcs", CARD | {"fallbacks": {"stormy": ["Not now."]}, "actions": ["give"]})
    case = {"id": "c", "npc": "mira", "kind": "action", "messages": ["Give!"]}
    expected = {"actions": [{"name": "give", "arguments": {"to": {"any": ["thing"]}}}]}
    writing.put("suites", {"name": "canon", "cases": [case | {"expected": expected}]})


def test_what_could_not_be_compared_later_is_refused(writing: Writing) -> None:
    def suite(levels: int) -> dict[str, Any]:
        deep: dict[str, Any] = {}
        for _ in range(levels):
            deep = {"a": [deep]}
        case = {"id": "c", "npc": "mira", "kind": "action", "messages": ["Give!"]}
        action = {"name": "give", "arguments": deep}
        return {"name": "canon", "cases": [case | {"expected": {"actions": [action]}}]}

    for levels in (400, 40):
        with pytest.raises(InvalidRequest, match="64 levels deep"):
            writing.put("suites", suite(levels))
    first, second = writing.put("suites", suite(20)), writing.put("suites", suite(21))
    assert writing.diff_entry(writing.title, "suites", "canon", first.version, second.version).differences


def test_putting_the_same_again_changes_nothing(writing: Writing) -> None:
    first, second = writing.put("npcs", CARD, "production"), writing.put("npcs", CARD, "production")
    assert (second.version, second.labels, second.move) == (first.version, first.labels, None)
    assert writing.moves("npcs", "mira") == [first.move]


def test_prompts_and_titles_are_stored(writing: Writing) -> None:
    writing.put("prompts", PROMPT, "production")
    writing.put("titles", {"id": writing.title, "name": "Saltmarrow"}, "production")
    assert writing.catalog.prompt(writing.title, "dialogue", "production")[0].system == PROMPT["system"]
    assert writing.catalog.game(writing.title, "production")[0].name == "Saltmarrow"


@pytest.mark.parametrize(
    ("kind", "name", "content", "told"),
    [
        ("cards", "mira", CARD, "npcs, prompts, titles, examples, actions, policies, suites, rubrics"),
        ("npcs", "Mira", CARD | {"id": "Mira"}, "lower-case"),
        ("npcs", "-mira", CARD | {"id": "-mira"}, "lower-case"),
        ("npcs", "m" * 64, CARD | {"id": "m" * 64}, "63"),
        ("npcs", "mira#2", CARD | {"id": "mira#2"}, "lower-case"),
        ("npcs", "otto", CARD, "mira"),
        ("titles", "other", {"id": "game", "name": "Game"}, "game"),
        ("titles", "other", {"id": "other", "name": "Game"}, "has the name of its title"),
        ("titles", "game", {"id": "game", "name": "Game", "model": "gpt"}, "cannot be called. Model gpt is not"),
        ("npcs", "mira", {"id": "mira", "name": "Mira"}, "persona"),
        ("npcs", "mira", CARD | {"memory": {"recent_tokens": "many"}}, "recent_tokens"),
        ("npcs", "mira", CARD | {"suite": ["canon"], "memory": {"ttl": 3}}, "npcs has no field suite, memory.ttl"),
        ("npcs", "mira", CARD | {"examples": [{"player": "a", "reply": "b", "notes": "c"}]}, r"examples\[0\].notes"),
        ("prompts", "dialogue", {"name": "dialogue"}, "system"),
        ("prompts", "dialogue", PROMPT | {"name": "summary"}, "summary.*differs"),
        ("prompts", "dialog", PROMPT | {"name": "dialog"}, "one of dialogue, judge, summary"),
    ],
)
def test_what_could_not_be_used_is_refused(
    writing: Writing, kind: str, name: str, content: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told):
        writing.put_entry(writing.title, kind, name, "ann", NewVersion(content))
    assert writing.catalog.names(writing.title, kind) == []


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
    writing: Writing, content: dict[str, Any], told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told):
        writing.put("titles", content)
    assert writing.catalog.names(writing.title, "titles") == []


def test_a_title_with_schemas_that_refer_to_themselves_is_stored(writing: Writing) -> None:
    tree = {"type": "object", "properties": {"of": {"$ref": "#"}, "to": {"$ref": "#/$defs/to"}}}
    action = wave(**{"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": {"to": {}}, **tree})
    writing.put("titles", title_with(action, id=writing.title), "production")
    assert writing.catalog.game(writing.title, "production")[0].actions[0].parameters == action["parameters"]


def test_a_card_may_name_what_the_title_has(writing: Writing) -> None:
    writing.put("titles", title_with(wave(), id=writing.title, emotions=["glad", "grim"]), "production")
    card = CARD | {"emotions": ["grim"], "actions": ["wave"]}
    assert writing.put("npcs", card).version
    with pytest.raises(InvalidRequest, match=r"emotions that the title does not have: sad. The title has glad, grim;"):
        writing.put("npcs", card | {"emotions": ["grim", "sad"]})
    with pytest.raises(InvalidRequest, match=r"actions that the title does not have: fly, swim. The title has wave;"):
        writing.put("npcs", card | {"actions": ["wave", "fly", "swim"]})


def test_the_title_that_was_stored_last_counts_even_where_an_older_one_was_just_read(writing: Writing) -> None:
    writing.put("titles", title_with(id=writing.title), "production")
    with pytest.raises(InvalidRequest, match="The title has none"):
        writing.put("npcs", CARD | {"actions": ["wave"]})
    writing.put("titles", title_with(wave(), id=writing.title), "production")
    assert writing.put("npcs", CARD | {"actions": ["wave"]}).version


def test_before_there_is_a_title_and_where_it_names_no_emotions_cards_name_their_own(writing: Writing) -> None:
    assert writing.put("npcs", CARD | {"emotions": ["grim"], "actions": ["wave"]}).version
    writing.put("titles", title_with(id=writing.title), "production")
    assert writing.put("npcs", CARD | {"emotions": ["grim", "glad"]}).version


@pytest.mark.parametrize("system", ["You are {{ hero }}.", "You are {{ character.name", "{{ 1 / 0 }}", ""])
def test_a_template_that_could_not_be_filled_is_refused(writing: Writing, system: str) -> None:
    with pytest.raises(InvalidTemplate):
        writing.put("prompts", PROMPT | {"system": system}, "production")
    assert writing.catalog.names(writing.title, "prompts") == []


def test_an_entry_that_no_item_of_the_table_could_hold_is_refused(writing: Writing) -> None:
    with pytest.raises(TooLarge, match="380000 bytes"):
        writing.put("npcs", CARD | {"knowledge": ["x" * 400_000]})


@pytest.mark.parametrize(
    "label", ["", "Production", "latest", "previous", "a b", "l" * 33, "1st", "abcdef0123456789", "beta\n"]
)
def test_labels_that_could_be_taken_for_something_else_are_refused(label: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"content": CARD, "label": label}, NewVersion)


def test_unknown_fields_of_the_body_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"content": CARD, "lable": "production"}, NewVersion)
