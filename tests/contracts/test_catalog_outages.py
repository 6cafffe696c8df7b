"""The catalogue while its table fails: characters go on as they were last known."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.errors import NotFound, StoreUnavailable
from npcops.ports import Catalog
from tests.clock import Clock
from tests.publishing import move, publish
from tests.resources import Resources


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


@pytest.fixture
def elsewhere(resources: Resources) -> Catalog:
    """The same catalogue as another process, whose table does not fail, sees it."""
    return DynamoCatalog(resources.dynamodb, resources.name("catalog"), label_seconds=0)


def put(catalog: Catalog, title: str, persona: str, expected: str = "") -> str:
    card = {"id": "mira", "name": "Mira", "persona": persona}
    version = catalog.put(title, "npcs", "mira", card, "writer", "note")
    move(catalog, title, "npcs", "mira", "production", version, expected)
    return version


class Failing:
    """A DynamoDB client that can be made to fail, or to be asked again while it has not answered."""

    def __init__(self, client: Any) -> None:
        self._client, self.throttled, self.asked = client, False, 0
        self.meanwhile: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **request: Any) -> Any:
        self.asked += 1
        self.meanwhile()
        if self.throttled:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "GetItem")
        return self._client.get_item(**request)


@pytest.fixture
def table(resources: Resources) -> Failing:
    return Failing(resources.dynamodb)


@pytest.fixture
def unsure(resources: Resources, table: Failing, clock: Clock) -> Catalog:
    """A catalogue whose table fails when a test says so."""
    return DynamoCatalog(table, resources.name("catalog"), label_seconds=15, clock=clock)


def test_while_the_table_fails_characters_go_on_as_they_were(
    unsure: Catalog, table: Failing, clock: Clock, title: str
) -> None:
    version = put(unsure, title, "One.")
    known = unsure.npc(title, "mira", "production"), unsure.game(title, "production")
    table.throttled = True
    clock.now += 3599
    assert (unsure.npc(title, "mira", "production"), unsure.game(title, "production")) == known
    assert known[0][1] == version
    clock.now += 20
    for ask in (lambda: unsure.npc(title, "mira", "production"), lambda: unsure.game(title, "production")):
        with pytest.raises(StoreUnavailable):
            ask()


def test_a_table_that_fails_is_not_asked_in_every_turn(
    unsure: Catalog, table: Failing, clock: Clock, title: str
) -> None:
    put(unsure, title, "One.")
    for _ in range(4):
        unsure.npc(title, "mira", "production")
        unsure.game(title, "production")
        if not table.throttled:
            table.throttled, before = True, table.asked
            clock.now += 60
    assert table.asked == before + 1


def test_when_the_table_answers_again_it_is_believed(
    unsure: Catalog, elsewhere: Catalog, table: Failing, clock: Clock, title: str
) -> None:
    first = put(unsure, title, "One.")
    unsure.npc(title, "mira", "production")
    second = put(elsewhere, title, "Two.", expected=first)
    table.throttled = True
    clock.now += 60
    assert unsure.npc(title, "mira", "production")[1] == first
    table.throttled = False
    clock.now += 16
    assert unsure.npc(title, "mira", "production")[1] == second


def test_what_is_known_is_there_for_whoever_does_not_wait_for_the_table(
    unsure: Catalog, table: Failing, clock: Clock, title: str
) -> None:
    put(unsure, title, "One.")
    known = unsure.npc(title, "mira", "production"), unsure.game(title, "production")
    clock.now += 60
    seen: list[Any] = []

    def meanwhile() -> None:
        table.meanwhile = lambda: None
        seen.append((unsure.npc(title, "mira", "production"), unsure.game(title, "production")))

    table.meanwhile = meanwhile
    before = table.asked
    assert unsure.npc(title, "mira", "production") == known[0]
    assert (seen, table.asked) == ([known], before + 1)


def test_what_was_never_read_cannot_be_had_while_the_table_fails(unsure: Catalog, table: Failing, title: str) -> None:
    table.throttled = True
    with pytest.raises(StoreUnavailable):
        unsure.npc(title, "mira", "production")


def test_a_title_that_gets_its_entry_has_it_at_once(unsure: Catalog, elsewhere: Catalog, title: str) -> None:
    assert unsure.game(title, "production")[0].name == title
    entry = {"id": title, "name": "Saltmarrow"}
    publish(elsewhere, title, "titles", title, entry)
    assert unsure.game(title, "production")[0].name == "Saltmarrow"


def test_who_wants_what_is_there_now_is_given_nothing_older(
    elsewhere: Catalog, table: Failing, resources: Resources, title: str
) -> None:
    put(elsewhere, title, "A ferrywoman.")
    fresh = DynamoCatalog(table, resources.name("catalog"), label_seconds=0)
    fresh.get(title, "npcs", "mira", "production")
    table.throttled = True
    with pytest.raises(StoreUnavailable):
        fresh.get(title, "npcs", "mira", "production")


def test_what_is_named_too_long_to_be_there_is_not_there(elsewhere: Catalog, title: str) -> None:
    put(elsewhere, title, "A ferrywoman.")
    with pytest.raises(NotFound):
        elsewhere.get(title, "npcs", "m" * 1024, "latest")
    with pytest.raises(NotFound):
        elsewhere.get(title, "npcs", "mira", "ü" * 600)
