"""What the game is asked to do is what its designers allow, for this player, now."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from npcops.action_checks import Actions, InvalidSchema, check_schema
from npcops.characters import ActionSpec, GameTitle, NpcCard
from npcops.dialogue import Action
from npcops.lore import Viewer

GIVE = {
    "type": "object",
    "properties": {
        "item": {"type": "string", "enum": ["milk", "rope"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 3},
        "note": {"type": "string", "pattern": "^(a+)+$"},
        "in": {"$ref": "#"},
    },
    "required": ["item"],
    "additionalProperties": False,
}
GAME = GameTitle(
    "game",
    "Game",
    actions=(
        ActionSpec("give", "Gives.", GIVE),
        ActionSpec("wave", "Waves."),
        ActionSpec("open_gate", "Opens.", {}, frozenset({"oath", "place:gate"}), frozenset({"faction:wickless"})),
        ActionSpec("fly", "Flies."),
        ActionSpec("broken", "Has a schema nobody can read.", {"type": "objekt"}),
        ActionSpec("far", "Has a schema that lies elsewhere.", {"$ref": "https://example.com/schema.json"}),
    ),
)
CARD = NpcCard("mira", "Mira", "P.", actions=("give", "wave", "open_gate", "broken", "far", "dance"))


def check(name: Any, arguments: Any = None, *flags: str) -> Action | str:
    entry = {"name": name} if arguments is None else {"name": name, "arguments": arguments}
    return Actions(CARD, GAME, Viewer("mira", frozenset(flags))).check(entry)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("give", {"item": "milk", "count": 3}), ("give", {"item": "rope", "in": {"item": "milk"}}), ("wave", {"x": [1]})],
)
def test_a_registered_action_with_valid_arguments_is_taken(name: str, arguments: dict[str, Any]) -> None:
    assert check(name, arguments) == Action(name, arguments)


def test_an_action_without_arguments_has_none() -> None:
    assert check("wave") == Action("wave", {})
    assert check("give") == "action-arguments"


@pytest.mark.parametrize("name", ["fly", "dance", "jump", "", "WAVE", "wave ", None, 3, ["wave"], {"name": "wave"}])
def test_what_the_title_or_the_card_does_not_have_is_unknown(name: Any) -> None:
    assert check(name, {}) == "action-unknown"


@pytest.mark.parametrize("entry", [None, "wave", ["wave"], 3, {}, {"action": "wave"}])
def test_what_is_no_action_is_unknown(entry: Any) -> None:
    assert Actions(CARD, GAME, Viewer("mira")).check(entry) == "action-unknown"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"item": "gold"},
        {"item": "milk", "count": 4},
        {"item": "milk", "count": "3"},
        {"item": "milk", "count": True},
        {"item": "milk", "price": 1},
        {"item": "milk", "in": {"item": "milk", "in": {}}},
        {"item": "milk", "note": "a" * 3000 + "!"},
        [],
        "milk",
        7,
        {"item": "\ud800"},
        {3: "milk"},
    ],
)
def test_arguments_that_break_the_schema_are_refused(arguments: Any) -> None:
    assert check("give", arguments) == "action-arguments"


@pytest.mark.parametrize(
    "arguments", [{"x": float("nan")}, {"x": float("inf")}, {"x": "y" * 4000}, {"x": {1: 2}}, {"x": object()}]
)
def test_arguments_that_could_not_be_sent_as_they_are_are_refused_without_a_schema_too(arguments: Any) -> None:
    assert check("wave", arguments) == "action-arguments"


@pytest.mark.parametrize("deep", [900, 1990])
def test_arguments_of_any_depth_are_judged(deep: int) -> None:
    nested: Any = []
    for _ in range(deep):
        nested = [nested]
    assert check("give", {"item": "milk", "in": nested}) == "action-arguments"
    assert check("wave", {"x": nested}) in (Action("wave", {"x": nested}), "action-arguments")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("oath", "place:gate"), Action("open_gate")),
        (("oath",), "action-not-now"),
        ((), "action-not-now"),
        (("oath", "place:gate", "faction:wickless"), "action-not-now"),
    ],
)
def test_preconditions_on_the_world_hold(flags: tuple[str, ...], expected: Action | str) -> None:
    assert check("open_gate", {}, *flags) == expected


@pytest.mark.parametrize("name", ["broken", "far"])
def test_what_cannot_be_checked_is_not_passed_on(name: str) -> None:
    assert check(name, {}) == "action-arguments"


def test_the_schema_library_is_loaded_only_for_an_action_with_a_schema() -> None:
    code = (
        "import sys; from npcops.action_checks import Actions; from npcops.characters import *;"
        "from npcops.lore import Viewer; from npcops import replies;"
        "game = GameTitle('g', 'G', actions=(ActionSpec('wave', ''), ActionSpec('give', '', {'type': 'object'})));"
        "actions = Actions(NpcCard('n', 'N', 'P', actions=('wave', 'give')), game, Viewer('n'));"
        "seen = [];"
        "[(actions.check({'name': name}), seen.append('jsonschema_rs' in sys.modules)) for name in ('wave', 'give')];"
        "print(seen)"
    )
    path = json.dumps(sys.path)
    program = f"import sys, json; sys.path[:] = json.loads({path!r}); {code}"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[False, True]\n"


@pytest.mark.parametrize("schema", [{}, GIVE, {"$schema": "https://json-schema.org/draft/2020-12/schema"}])
def test_a_schema_of_an_object_is_accepted(schema: dict[str, Any]) -> None:
    check_schema(schema)


@pytest.mark.parametrize(
    "schema", [{"pattern": "((a{1,100}){1,100}){1,100}"}, {"pattern": "(a"}, {"$ref": "other.json"}, {"minimum": "x"}]
)
def test_a_schema_that_could_not_be_used_safely_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchema):
        check_schema({"properties": {"x": schema}})
