"""Labels that move past the canon gate, and back; entries taken over from the library."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from npcops.catalog_entries import Copy
from npcops.catalogue import Move
from npcops.errors import Conflict, GateClosed, InvalidRequest, NotFound
from npcops.labels import LabelMove, earlier
from tests.catalogues import Writing
from tests.resources import Resources

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman.", "suites": ["evening"]}
PROMPT: dict[str, Any] = {"name": "dialogue", "system": "You are {{ character.name }}.", "variables": ["character"]}
SUITE = {
    "name": "evening",
    "cases": [{"id": "hello", "npc": "mira", "kind": "must-say", "messages": ["Hello?"]}],
}
REASON = "The demo is tonight."


@pytest.fixture
def writing(moto_resources: Resources, title: str) -> Writing:
    """A title whose Mira is guarded by a suite that nobody has played."""
    found = Writing(moto_resources, title)
    found.put("suites", SUITE, "production")
    found.put("prompts", PROMPT, "production")
    return found


def card(number: int) -> dict[str, Any]:
    return CARD | {"persona": f"A ferrywoman of {number} years."}


def stored(writing: Writing, *numbers: int) -> list[str]:
    return [writing.put("npcs", card(number)).version for number in numbers]


def test_a_free_label_moves_and_the_history_tells_of_it(writing: Writing) -> None:
    first, second = stored(writing, 30, 40)
    moved = writing.move("npcs", "mira", first, "staging", by="bob", why="To be tried.")
    assert (moved.version, moved.labels) == (first, {"staging": first})
    writing.move("npcs", "mira", "latest", "staging")
    writing.move("npcs", "mira", "staging", "beta")
    newest, middle, oldest = writing.moves("npcs", "mira")
    assert (newest.label, newest.version, newest.before) == ("beta", second, "")
    assert (middle.label, middle.version, middle.before, middle.by) == ("staging", second, first, "ann")
    assert (oldest.by, oldest.why, oldest.gate, oldest.at[:2]) == ("bob", "To be tried.", "ungated", "20")
    assert oldest == moved.move


def test_a_label_that_is_there_already_makes_no_history(writing: Writing) -> None:
    (first,) = stored(writing, 30)
    writing.move("npcs", "mira", first, "staging")
    assert writing.move("npcs", "mira", first, "staging").move is None
    assert len(writing.moves("npcs", "mira")) == 1


def test_the_gate_keeps_a_version_out_that_nobody_evaluated(writing: Writing) -> None:
    (first,) = stored(writing, 30)
    with pytest.raises(GateClosed, match="evening"):
        writing.move("npcs", "mira", first)
    assert writing.moves("npcs", "mira") == []
    assert writing.bus.published == []


def test_a_version_that_the_gate_refuses_stays_stored(writing: Writing) -> None:
    with pytest.raises(GateClosed, match="is stored"):
        writing.put("npcs", card(30), "production")
    assert writing.catalog.get(writing.title, "npcs", "mira", "latest")[0] == card(30)
    assert writing.live("npcs", "mira") == ""


def test_an_override_moves_it_is_recorded_and_announced(writing: Writing) -> None:
    (first,) = stored(writing, 30)
    moved = writing.move("npcs", "mira", first, by="eve", why="Small change.", override=f" {REASON} ")
    assert moved.move is not None
    assert (moved.move.gate, moved.move.by, moved.move.why) == ("overridden", "eve", REASON)
    assert writing.live("npcs", "mira") == first
    ((kind, detail),) = writing.bus.published
    assert kind == "CanonGateOverridden.v1"
    assert (
        detail.items() >= {"title": writing.title, "name": "mira", "by": "eve", "version": first, "why": REASON}.items()
    )


def test_an_override_that_was_not_needed_is_none(writing: Writing) -> None:
    moved = writing.put("npcs", {"id": "otto", "name": "Otto", "persona": "A miller."}, "production", override=REASON)
    assert moved.move is not None
    assert (moved.move.gate, moved.move.why) == ("ungated", "note")
    assert writing.bus.published == []


@pytest.mark.parametrize("reason", ["", "tonight", " " * 20, "because  " + " " * 9])
def test_an_override_needs_a_reason(writing: Writing, reason: str) -> None:
    (first,) = stored(writing, 30)
    with pytest.raises((InvalidRequest, msgspec.ValidationError)):
        writing.move_label(
            writing.title,
            "npcs",
            "mira",
            "production",
            "eve",
            msgspec.convert({"version": first, "override": reason}, LabelMove),
        )
    assert writing.moves("npcs", "mira") == []


def test_a_bus_that_fails_does_not_hide_what_was_moved(writing: Writing) -> None:
    (first,) = stored(writing, 30)
    writing.bus.fails = True
    assert writing.move("npcs", "mira", first, override=REASON).labels == {"production": first}


def test_going_back_needs_no_evaluation(writing: Writing) -> None:
    first, second, third = stored(writing, 30, 40, 50)
    for version in (first, second, third):
        writing.move("npcs", "mira", version, override=REASON)
    back = writing.move("npcs", "mira", "previous", why="It swears.")
    assert back.move is not None
    assert (back.version, back.move.gate, back.move.before, back.move.why) == (second, "rollback", third, "It swears.")
    assert writing.move("npcs", "mira", "previous").version == first
    with pytest.raises(Conflict, match="nothing to go back to"):
        writing.move("npcs", "mira", "previous")
    assert writing.live("npcs", "mira") == first


def test_what_was_rolled_back_does_not_come_back_by_itself(writing: Writing) -> None:
    first, second = stored(writing, 30, 40)
    for version in (first, second):
        writing.move("npcs", "mira", version, override=REASON)
    writing.move("npcs", "mira", "previous")
    with pytest.raises(GateClosed):
        writing.move("npcs", "mira", second)


def test_nobody_is_left_without_a_set_that_is_named(writing: Writing) -> None:
    """Whether or not anybody guards the character: its turns would fail."""
    writing.put("examples", EXAMPLES, "staging")
    otto = {"id": "otto", "name": "Otto", "persona": "A miller.", "example_sets": ["greetings"]}
    writing.put("npcs", otto, "staging")
    for override in ({}, {"override": REASON}):
        with pytest.raises(Conflict, match="names examples without a version labelled production: greetings"):
            writing.move("npcs", "otto", "staging", **override)
    writing.move("examples", "greetings", "staging")
    assert writing.move("npcs", "otto", "staging").labels.keys() == {"staging", "production"}


def test_a_label_goes_back_its_own_way(writing: Writing) -> None:
    first, second, third = stored(writing, 30, 40, 50)
    for label, version in (("beta", first), ("staging", third), ("beta", second), ("staging", first)):
        writing.move("npcs", "mira", version, label)
    assert writing.move("npcs", "mira", "previous", "staging").version == third
    assert writing.move("npcs", "mira", "previous", "beta").version == first


def move(version: str, before: str, gate: Any = "ungated") -> Move:
    return Move("production", version, before, "ann", "2026-11-20", gate=gate)


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([move("b", "a"), move("a", "")], "a"),
        ([move("a", "b", "rollback"), move("b", "a"), move("a", "")], None),
        ([move("c", "a"), move("a", "b", "rollback"), move("b", "a"), move("a", "")], "a"),
        ([move("a", "c", "rollback"), move("c", "a"), move("a", "b", "rollback"), move("b", "a"), move("a", "z")], "z"),
        ([], None),
    ],
)
def test_moves_that_were_taken_back_do_not_count(moves: list[Move], expected: str | None) -> None:
    if expected is None:
        with pytest.raises(Conflict):
            earlier(moves, "production")
    else:
        assert earlier(moves, "production") == expected


@pytest.mark.parametrize("label", ["latest", "previous", "Beta", "0123456789abcdef", "abcdef0123456789", "", "x" * 33])
def test_what_is_no_label_is_not_moved(writing: Writing, label: str) -> None:
    (first,) = stored(writing, 30)
    with pytest.raises(InvalidRequest, match="A label has"):
        writing.move("npcs", "mira", first, label)


def test_what_is_not_there_is_not_found(writing: Writing) -> None:
    stored(writing, 30)
    for name, version in (("mira", "0123456789abcdef"), ("mira", "beta"), ("nobody", "latest")):
        with pytest.raises(NotFound):
            writing.move("npcs", name, version, "staging")


@pytest.fixture
def library(moto_resources: Resources) -> Writing:
    return Writing(moto_resources, "library")


EXAMPLES = {"name": "greetings", "examples": [{"player": "Hello?", "reply": "Ahoy."}]}


def copy(writing: Writing, kind: str, name: str, **fields: Any) -> Any:
    return writing.copy_entry(writing.title, kind, name, "ann", msgspec.convert(fields, Copy))


def test_an_entry_of_the_library_becomes_the_title_s_own(writing: Writing, library: Writing) -> None:
    shared = library.put("examples", EXAMPLES, "production")
    library.put("examples", EXAMPLES | {"description": "Newer."})
    copied = copy(writing, "examples", "greetings", label="production", note="As the other game has them.")
    assert (copied.version, copied.labels) == (shared.version, {"production": shared.version})
    (version,) = writing.catalog.versions(writing.title, "examples", "greetings")
    assert (version.origin, version.author) == (f"library/{shared.version}", "ann")
    assert copy(writing, "examples", "greetings", **{"from": "latest"}).version != shared.version


def test_a_copy_is_checked_as_what_is_written(writing: Writing, library: Writing) -> None:
    library.put("npcs", {"id": "gull", "name": "Gull", "persona": "A gull.", "actions": ["caw"]}, "production")
    writing.put("titles", {"id": writing.title, "name": "Game"})
    with pytest.raises(InvalidRequest, match="caw"):
        copy(writing, "npcs", "gull")


def test_nothing_else_crosses_titles(writing: Writing, library: Writing) -> None:
    with pytest.raises(NotFound, match="In the library"):
        copy(writing, "examples", "nowhere")
    with pytest.raises(InvalidRequest, match="belongs to its title"):
        copy(writing, "titles", "library")
    with pytest.raises(InvalidRequest, match="nowhere to copy from"):
        copy(library, "examples", "greetings")
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"from": "latest", "title": "other"}, Copy)
