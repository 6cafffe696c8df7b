"""The contract of `Catalog`: versions never change, labels move when nobody else moved them first."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.characters import Example, GameTitle, MemoryPolicy, NpcCard, PromptTemplate
from npcops.errors import Conflict, InvalidRequest, NotFound
from npcops.ports import Catalog
from tests.clock import Clock
from tests.publishing import move
from tests.resources import Lagging, Resources

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman."}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(resources: Resources, clock: Clock) -> Catalog:
    return DynamoCatalog(resources.dynamodb, resources.name("catalog"), label_seconds=15, clock=clock)


@pytest.fixture
def elsewhere(resources: Resources) -> Catalog:
    """The same catalogue as another process sees it."""
    return DynamoCatalog(resources.dynamodb, resources.name("catalog"), label_seconds=0)


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def put(catalog: Catalog, title: str, persona: str, label: str | None = None, expected: str = "") -> str:
    version = catalog.put(title, "npcs", "mira", CARD | {"persona": persona}, "writer", "note")
    if label:
        move(catalog, title, "npcs", "mira", label, version, expected)
    return version


def test_the_same_content_is_the_same_version(catalog: Catalog, title: str) -> None:
    first = catalog.put(title, "npcs", "mira", {"id": "mira", "name": "Mira"}, "ann", "first")
    second = catalog.put(title, "npcs", "mira", {"name": "Mira", "id": "mira"}, "bob", "second")
    assert first == second
    assert catalog.put(title, "npcs", "mira", {"id": "mira", "name": "Mira!"}, "ann", "") != first


def test_versions_stay_as_they_were(resources: Resources, catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "One.")
    second = put(catalog, title, "Two.")
    assert catalog.get(title, "npcs", "mira", first) == (CARD | {"persona": "One."}, first)
    assert catalog.get(title, "npcs", "mira", second) == (CARD | {"persona": "Two."}, second)
    catalog.put(title, "npcs", "mira", CARD | {"persona": "One."}, "somebody else", "other note")
    kept = {item["sk"]["S"]: item for item in resources.items("catalog", pk=f"{title}#npcs")}
    assert kept[f"version#mira#{first}"]["author"]["S"] == "writer"


def test_a_label_moves_to_a_version_that_was_stored_this_moment(resources: Resources, title: str) -> None:
    catalog = DynamoCatalog(Lagging(resources.dynamodb), resources.name("catalog"), label_seconds=0)
    version = put(catalog, title, "One.", label="production")
    assert catalog.npc(title, "mira", "production")[1] == version
    assert [entry["labels"] for entry in catalog.names(title, "npcs")] == [{"production": version}]


def test_latest_is_what_was_stored_last(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "One.")
    put(catalog, title, "Two.")
    assert put(catalog, title, "One.") == first
    assert catalog.get(title, "npcs", "mira", "latest")[1] == first


def test_a_label_leads_to_its_version(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "One.", "production")
    put(catalog, title, "Two.", "staging")
    card, version = catalog.npc(title, "mira", "production")
    assert (card, version) == (NpcCard("mira", "Mira", "One."), first)
    assert catalog.npc(title, "mira", "staging")[0].persona == "Two."
    assert catalog.get(title, "npcs", "mira", "production") == (CARD | {"persona": "One."}, first)


def test_a_label_moves_and_moves_back(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "One.", "production")
    second = put(catalog, title, "Two.", "production", expected=first)
    assert catalog.npc(title, "mira", "production")[1] == second
    move(catalog, title, "npcs", "mira", "production", first, second)
    assert catalog.npc(title, "mira", "production")[1] == first


def test_a_label_that_somebody_else_moved_stays(catalog: Catalog, elsewhere: Catalog, title: str) -> None:
    first = put(catalog, title, "One.", "production")
    second = put(elsewhere, title, "Two.", "production", expected=first)
    third = put(catalog, title, "Three.")
    for expected in (first, third, ""):
        with pytest.raises(Conflict):
            move(catalog, title, "npcs", "mira", "production", third, expected)
    assert elsewhere.npc(title, "mira", "production")[1] == second


def test_a_label_cannot_be_expected_where_there_is_none(catalog: Catalog, title: str) -> None:
    version = put(catalog, title, "One.")
    with pytest.raises(Conflict):
        move(catalog, title, "npcs", "mira", "production", version, version)


def test_a_label_needs_a_version_of_that_name(catalog: Catalog, title: str) -> None:
    put(catalog, title, "One.")
    other = catalog.put(title, "npcs", "otto", {"id": "otto"}, "writer", "")
    with pytest.raises(NotFound):
        move(catalog, title, "npcs", "mira", "production", other)
    with pytest.raises(NotFound):
        move(catalog, title, "npcs", "nobody", "production", other)


@pytest.mark.parametrize("wanted", ["production", "0123456789abcdef", "latest"])
def test_what_does_not_exist_is_not_found(catalog: Catalog, title: str, wanted: str) -> None:
    with pytest.raises(NotFound):
        catalog.get(title, "npcs", "mira", wanted)
    with pytest.raises(NotFound):
        catalog.npc(title, "mira", wanted)
    put(catalog, title, "One.")
    with pytest.raises(NotFound):
        catalog.npc(title, "mira", wanted)


def test_an_unknown_version_of_a_known_name_is_not_found(catalog: Catalog, title: str) -> None:
    put(catalog, title, "One.", "production")
    with pytest.raises(NotFound):
        catalog.get(title, "npcs", "mira", "0123456789abcdef")


def test_cards_and_prompts_come_typed(catalog: Catalog, title: str) -> None:
    card = CARD | {
        "emotions": ["neutral", "warm"],
        "examples": [{"player": "Who?", "reply": "Me.", "note": "Mira."}],
        "fallbacks": {"default": ["Hm."]},
        "actions": ["wave"],
        "memory": {"recent_tokens": 50, "ttl_days": 7},
        "unknown": "field",
    }
    version = catalog.put(title, "npcs", "mira", card, "writer", "")
    move(catalog, title, "npcs", "mira", "production", version)
    assert catalog.npc(title, "mira", "production")[0] == NpcCard(
        "mira",
        "Mira",
        "A ferrywoman.",
        emotions=("neutral", "warm"),
        examples=(Example("Who?", "Me.", "Mira."),),
        fallbacks={"default": ("Hm.",)},
        actions=("wave",),
        memory=MemoryPolicy(50, 7),
    )
    prompt = {"name": "dialogue", "system": "You are {{ character.name }}.", "variables": ["character"]}
    version = catalog.put(title, "prompts", "dialogue", prompt, "writer", "")
    move(catalog, title, "prompts", "dialogue", "production", version)
    template = PromptTemplate("dialogue", "You are {{ character.name }}.", variables=("character",))
    assert catalog.prompt(title, "dialogue", "production") == (template, version)


def test_a_version_that_is_no_card_is_refused(catalog: Catalog, title: str) -> None:
    version = catalog.put(title, "npcs", "mira", {"id": "mira"}, "writer", "")
    move(catalog, title, "npcs", "mira", "production", version)
    with pytest.raises(InvalidRequest, match=r"persona|name"):
        catalog.npc(title, "mira", "production")


def test_a_title_without_an_entry_is_called_by_its_id(catalog: Catalog, title: str) -> None:
    assert catalog.game(title, "production") == (GameTitle(title, title), "")


def test_a_title_tells_its_name_and_flags(catalog: Catalog, title: str) -> None:
    entry = {"id": title, "name": "Saltmarrow", "flags": {"met-king": "Has met the king."}}
    version = catalog.put(title, "titles", title, entry, "writer", "")
    move(catalog, title, "titles", title, "production", version)
    game = GameTitle(title, "Saltmarrow", "", {"met-king": "Has met the king."})
    assert catalog.game(title, "production") == (game, version)


def test_names_and_their_labels(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "One.", "production")
    second = put(catalog, title, "Two.", "staging")
    otto = catalog.put(title, "npcs", "otto", {"id": "otto"}, "writer", "")
    catalog.put(title, "prompts", "dialogue", {"name": "dialogue"}, "writer", "")
    assert catalog.names(title, "npcs") == [
        {"name": "mira", "labels": {"production": first, "staging": second}, "latest": second},
        {"name": "otto", "labels": {}, "latest": otto},
    ]
    assert catalog.names(title, "titles") == []


def test_titles_never_mix(catalog: Catalog, title: str) -> None:
    put(catalog, title, "One.", "production")
    with pytest.raises(NotFound):
        catalog.npc(f"{title}-2", "mira", "production")
    assert catalog.names(f"{title}-2", "npcs") == []


def test_labels_are_read_again_after_a_while(catalog: Catalog, elsewhere: Catalog, clock: Clock, title: str) -> None:
    first = put(elsewhere, title, "One.", "production")
    assert catalog.npc(title, "mira", "production")[1] == first
    second = put(elsewhere, title, "Two.", "production", expected=first)
    clock.now += 14
    assert catalog.npc(title, "mira", "production")[1] == first
    clock.now += 2
    assert catalog.npc(title, "mira", "production") == (NpcCard("mira", "Mira", "Two."), second)


def test_a_process_sees_what_it_moved_itself_at_once(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "One.", "production")
    assert catalog.npc(title, "mira", "production")[1] == first
    second = put(catalog, title, "Two.", "production", expected=first)
    assert catalog.npc(title, "mira", "production")[1] == second
