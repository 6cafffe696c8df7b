"""The contract of `Catalog`: labels and their history move together, whoever else moves labels at the same moment."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.catalogue import Move, VersionInfo
from npcops.characters import ActionSet, ActionSpec, Example, ExampleSet
from npcops.errors import Conflict, NotFound, StoreUnavailable
from npcops.ports import Catalog
from tests.publishing import AT, move, publish
from tests.resources import Lagging, Resources


@pytest.fixture
def catalog(resources: Resources) -> Catalog:
    return DynamoCatalog(resources.dynamodb, resources.name("catalog"), label_seconds=15)


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


def put(catalog: Catalog, title: str, persona: str, **more: Any) -> str:
    return catalog.put(title, "npcs", "mira", {"id": "mira", "persona": persona}, "ann", f"{persona} it is.", **more)


def history(catalog: Catalog, title: str) -> list[tuple[str, str, str]]:
    return [(made.label, made.before, made.version) for made in catalog.moves(title, "npcs", "mira")]


class Interrupted:
    """A DynamoDB client that does something before each write of a kind, or fails in its place."""

    def __init__(self, client: Any, name: str, happens: Callable[[], object], times: int = 1) -> None:
        self._client, self._name, self._happens, self.left = client, name, happens, times

    def __getattr__(self, name: str) -> Any:
        if name == self._name and self.left:
            self.left -= 1
            self._happens()
        return getattr(self._client, name)


def interrupted(resources: Resources, name: str, happens: Callable[[], object], times: int = 1) -> Catalog:
    client: Any = Interrupted(resources.dynamodb, name, happens, times)
    return DynamoCatalog(client, resources.name("catalog"))


def fail(code: str) -> Callable[[], object]:
    def raised() -> None:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Write")

    return raised


def test_every_move_is_kept_as_it_was_made(catalog: Catalog, title: str) -> None:
    first, second = put(catalog, title, "One."), put(catalog, title, "Two.")
    made = [
        Move("production", first, "", "ann", AT, "The first.", "overridden"),
        Move("staging", second, "", "bob", AT),
        Move("production", second, first, "eve", AT, "Better.", "passed", ("e1", "e2")),
        Move("production", first, second, "eve", AT, "Worse.", "rollback"),
    ]
    for one in made:
        catalog.label(title, "npcs", "mira", one)
    assert catalog.moves(title, "npcs", "mira") == made[::-1]
    assert catalog.labels(title, "npcs", "mira") == {"production": first, "staging": second}


def test_a_name_that_was_never_moved_has_no_history(catalog: Catalog, title: str) -> None:
    put(catalog, title, "One.")
    assert catalog.moves(title, "npcs", "mira") == catalog.moves(title, "npcs", "nobody") == []
    assert catalog.labels(title, "npcs", "mira") == {}
    with pytest.raises(NotFound):
        catalog.labels(title, "npcs", "nobody")


def test_of_two_who_move_a_label_at_once_one_does(resources: Resources, catalog: Catalog, title: str) -> None:
    first, second = put(catalog, title, "One."), put(catalog, title, "Two.")
    beaten = interrupted(
        resources, "transact_write_items", lambda: move(catalog, title, "npcs", "mira", "production", first)
    )
    with pytest.raises(Conflict, match="moved by somebody else"):
        move(beaten, title, "npcs", "mira", "production", second)
    assert history(catalog, title) == [("production", "", first)]
    assert beaten.labels(title, "npcs", "mira") == {"production": first}


def test_two_labels_that_move_at_once_both_do(resources: Resources, catalog: Catalog, title: str) -> None:
    first, second = put(catalog, title, "One."), put(catalog, title, "Two.")
    meeting = interrupted(
        resources, "transact_write_items", lambda: move(catalog, title, "npcs", "mira", "staging", first)
    )
    move(meeting, title, "npcs", "mira", "production", second)
    assert history(catalog, title) == [("production", "", second), ("staging", "", first)]
    assert catalog.labels(title, "npcs", "mira") == {"production": second, "staging": first}


@pytest.mark.parametrize("code", ["InternalServerError", "ThrottlingException"])
def test_a_move_that_breaks_off_leaves_neither_label_nor_history(
    resources: Resources, catalog: Catalog, title: str, code: str
) -> None:
    first = publish(catalog, title, "npcs", "mira", {"id": "mira"})
    second = put(catalog, title, "Two.")
    broken = interrupted(resources, "transact_write_items", fail(code))
    with pytest.raises(StoreUnavailable):
        move(broken, title, "npcs", "mira", "production", second, first)
    assert history(catalog, title) == [("production", "", first)]
    assert catalog.labels(title, "npcs", "mira") == {"production": first}
    move(broken, title, "npcs", "mira", "production", second, first)
    assert history(catalog, title)[0] == ("production", first, second)


def test_moves_that_meet_wait_for_each_other_and_not_for_ever(
    resources: Resources, catalog: Catalog, title: str
) -> None:
    version = put(catalog, title, "One.")
    contended = interrupted(resources, "transact_write_items", fail("TransactionCanceledException"), times=3)
    move(contended, title, "npcs", "mira", "production", version)
    hopeless = interrupted(resources, "transact_write_items", fail("TransactionCanceledException"), times=99)
    with pytest.raises(StoreUnavailable, match="contended"):
        move(hopeless, title, "npcs", "mira", "staging", version)


def test_a_version_that_is_stored_while_a_label_moves_waits_for_it(
    resources: Resources, catalog: Catalog, title: str
) -> None:
    busy = interrupted(resources, "update_item", fail("TransactionConflictException"), times=2)
    version = put(busy, title, "One.")
    assert catalog.get(title, "npcs", "mira", "latest")[1] == version
    busy = interrupted(resources, "update_item", fail("TransactionConflictException"), times=99)
    with pytest.raises(StoreUnavailable, match="contended"):
        put(busy, title, "Two.")


def test_a_name_whose_first_storing_broke_off_is_stored_by_the_second(
    resources: Resources, catalog: Catalog, title: str
) -> None:
    broken = interrupted(resources, "update_item", fail("InternalServerError"))
    with pytest.raises(StoreUnavailable):
        put(broken, title, "One.")
    with pytest.raises(NotFound):
        catalog.get(title, "npcs", "mira", "latest")
    version = put(catalog, title, "One.")
    assert catalog.get(title, "npcs", "mira", "latest")[1] == version


def test_versions_tell_whose_they_are_and_where_they_stand(catalog: Catalog, title: str) -> None:
    first = put(catalog, title, "One.", origin="library/0123456789abcdef")
    second = put(catalog, title, "Two.")
    for label in ("staging", "production"):
        move(catalog, title, "npcs", "mira", label, first)
    newer, older = catalog.versions(title, "npcs", "mira")
    assert older == VersionInfo(
        first, "ann", "One. it is.", older.created_at, ("production", "staging"), "library/0123456789abcdef"
    )
    assert newer == VersionInfo(second, "ann", "Two. it is.", newer.created_at)
    assert newer.created_at > older.created_at > "2020"
    with pytest.raises(NotFound):
        catalog.versions(title, "npcs", "nobody")


def test_names_that_begin_alike_have_their_own_versions_and_moves(catalog: Catalog, title: str) -> None:
    for name in ("mira", "mira-2", "mir"):
        publish(catalog, title, "npcs", name, {"id": name})
    assert len(catalog.versions(title, "npcs", "mira")) == len(catalog.moves(title, "npcs", "mira")) == 1


def test_thousands_of_versions_and_moves_are_all_there(resources: Resources, catalog: Catalog, title: str) -> None:
    """More than two pages of DynamoDB hold."""
    version = publish(catalog, title, "npcs", "mira", {"id": "mira", "persona": "x" * 1000})
    for kind in ("version", "move"):
        (found,) = (item for item in resources.items("catalog", pk=f"{title}#npcs") if kind in item["sk"]["S"])
        again(resources, found, 2200)
    told = catalog.versions(title, "npcs", "mira")
    assert (len(told), told[-1].version) == (2201, version)
    assert sum(info.labels == ("production",) for info in told) == 1
    assert len(catalog.moves(title, "npcs", "mira")) == 2201


def again(resources: Resources, item: dict[str, Any], times: int) -> None:
    """More items like this one, after it by key and by time."""
    table, start = resources.name("catalog"), item["sk"]["S"].rpartition("#")[0]
    later = item | ({"created_at": {"S": "2999-01-01"}} if "created_at" in item else {})
    puts = [{"PutRequest": {"Item": later | {"sk": {"S": f"{start}#z{number:05}"}}}} for number in range(times)]
    for first in range(0, times, 25):
        resources.dynamodb.batch_write_item(RequestItems={table: puts[first : first + 25]})


def test_what_was_just_moved_is_seen_at_once(resources: Resources, title: str) -> None:
    catalog = DynamoCatalog(Lagging(resources.dynamodb), resources.name("catalog"), label_seconds=0)
    version = publish(catalog, title, "npcs", "mira", {"id": "mira"})
    assert catalog.labels(title, "npcs", "mira") == {"production": version}
    assert len(catalog.versions(title, "npcs", "mira")) == len(catalog.moves(title, "npcs", "mira")) == 1


def test_sets_come_typed(catalog: Catalog, title: str) -> None:
    examples = ExampleSet("greetings", (Example("Hello?", "Ahoy."),))
    actions = ActionSet("trade", (ActionSpec("buy", "Buys."),))
    versions = (
        publish(catalog, title, "examples", "greetings", examples),
        publish(catalog, title, "actions", "trade", actions),
    )
    assert catalog.examples(title, "greetings", "production") == (examples, versions[0])
    assert catalog.actions(title, "trade", "production") == (actions, versions[1])
    for read in (catalog.examples, catalog.actions):
        with pytest.raises(NotFound):
            read(title, "nothing", "production")
