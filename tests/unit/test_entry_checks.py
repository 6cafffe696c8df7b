"""Sets, suites, rubrics and policies: what they may say, and which entries may name them."""

from __future__ import annotations

from typing import Any

import pytest

from npcops.errors import InvalidRequest
from tests.catalogues import Writing
from tests.resources import Resources

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman."}
EXAMPLES = {"name": "greetings", "examples": [{"player": "Hello?", "reply": "Ahoy."}]}
RUBRIC = {"name": "kind", "question": "Is it kind?"}
CATEGORY = {"name": "insult", "description": "Insults.", "severity": 2}


@pytest.fixture
def writing(moto_resources: Resources, title: str) -> Writing:
    return Writing(moto_resources, title)


def actions(name: str, *names: str) -> dict[str, Any]:
    return {"name": name, "actions": [{"name": one, "description": one} for one in names]}


def suite(*cases: str, **expected: Any) -> dict[str, Any]:
    return {
        "name": "evening",
        "cases": [
            {"id": case, "npc": "mira", "kind": "must-say", "messages": ["Hello?"], "expected": expected}
            for case in cases
        ],
    }


def policy(**fields: Any) -> dict[str, Any]:
    return {"name": "house", "categories": [CATEGORY], "languages": ["en"], **fields}


def test_every_kind_is_stored(writing: Writing) -> None:
    for kind, content in (
        ("rubrics", RUBRIC),
        ("policies", policy(terms=[{"term": "gull", "language": "en", "category": "insult"}])),
        ("examples", EXAMPLES),
        ("actions", actions("trade", "buy", "sell")),
        ("suites", suite("a", "b", rubrics=["kind"])),
        ("titles", {"id": writing.title, "name": "Game", "action_sets": ["trade"]}),
    ):
        stored = writing.put(kind, content, "production")
        assert stored.labels == {"production": stored.version}
    card = CARD | {"example_sets": ["greetings"], "suites": ["evening"], "actions": ["sell"]}
    assert writing.put("npcs", card).version


@pytest.mark.parametrize(
    ("kind", "content", "told"),
    [
        ("examples", EXAMPLES | {"examples": []}, "examples"),
        ("examples", EXAMPLES | {"exampels": []}, "exampels"),
        ("actions", actions("trade", "buy", "buy"), "two actions called buy"),
        (
            "actions",
            {"name": "trade", "actions": [{"name": "buy", "description": "", "parameters": {"type": "string"}}]},
            "action buy are no JSON Schema: `type` must be object",
        ),
        ("suites", suite("a", "b", "a"), "two cases called a"),
        ("suites", suite("A case"), "id"),
        ("suites", suite("a", sayz_any=["x"]), "sayz_any"),
        ("suites", suite("a", rubrics=["kind", "true"]), "rubrics that the catalogue does not have: kind, true. It"),
        ("rubrics", {"name": "kind", "question": ""}, "question"),
        ("policies", policy(categories=[CATEGORY, CATEGORY]), "two categories called insult"),
        ("policies", policy(terms=[{"term": "gull", "language": "en", "category": "slur"}]), "slur.*it has insult"),
        (
            "policies",
            policy(sanctions=[{"points": 5, "action": "mute"}, {"points": 5, "action": "ban"}]),
            "more points than the one before",
        ),
    ],
)
def test_what_is_wrong_in_itself_is_refused(writing: Writing, kind: str, content: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        writing.put(kind, content)
    assert writing.catalog.names(writing.title, kind) == []


@pytest.mark.parametrize(
    ("field", "told"),
    [("example_sets", "example_sets that the catalogue does not have: night. It has greetings; store"), ("suites", "")],
)
def test_a_card_names_no_set_and_no_suite_that_is_not_there(writing: Writing, field: str, told: str) -> None:
    writing.put("examples", EXAMPLES)
    with pytest.raises(InvalidRequest, match=told or "suites that the catalogue does not have: night. It has none"):
        writing.put("npcs", CARD | {field: ["night"]})


def test_a_title_names_no_set_that_is_not_there(writing: Writing) -> None:
    with pytest.raises(InvalidRequest, match=r"The title names action_sets .*: trade"):
        writing.put("titles", {"id": writing.title, "name": "Game", "action_sets": ["trade"]})


def test_an_action_has_one_meaning_in_a_title_and_all_its_sets(writing: Writing) -> None:
    writing.put("actions", actions("trade", "buy"))
    writing.put("actions", actions("market", "buy"))
    title = {"id": writing.title, "name": "Game", "action_sets": ["trade"]}
    for clashing in (title | {"action_sets": ["trade", "market"]}, title | {"actions": actions("", "buy")["actions"]}):
        with pytest.raises(InvalidRequest, match="two actions called buy of the title and its sets"):
            writing.put("titles", clashing)
    writing.put("titles", title | {"actions": actions("", "wave")["actions"]})
    assert writing.put("actions", actions("market", "wave")).version
    with pytest.raises(InvalidRequest, match="two actions called wave"):
        writing.put("actions", actions("trade", "buy", "wave"))


def test_a_card_may_do_what_the_sets_of_its_title_have(writing: Writing) -> None:
    writing.put("actions", actions("trade", "buy"))
    writing.put("titles", {"id": writing.title, "name": "Game", "action_sets": ["trade"]})
    assert writing.put("npcs", CARD | {"actions": ["buy"]}).version
    with pytest.raises(InvalidRequest, match=r"does not have: sell. The title has buy"):
        writing.put("npcs", CARD | {"actions": ["buy", "sell"]})
