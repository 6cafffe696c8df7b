"""What differs between two versions, told so that a writer sees it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcops.entry_diff import Difference, changes, differences
from npcops.errors import NotFound
from npcops.plans import Change
from tests.catalogues import Writing
from tests.resources import Resources

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman."}
LONG = "She rows the ferry at dawn. She is dry and exact, and counts every chip. " * 2
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "a", "b"]), inner),
    max_leaves=8,
)
CONTENTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES)


def told(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(found.field, found.before, found.after) for found in differences(before, after)]


def test_fields_that_came_went_and_changed(writing: Writing) -> None:
    before = {"name": "Mira", "role": "Ferry", "memory": {"ttl_days": 90, "recent_tokens": 500}}
    after = {"name": "Mira", "memory": {"ttl_days": 30, "recent_tokens": 500}, "unique": True}
    assert told(before, after) == [("role", "Ferry", None), ("memory.ttl_days", 90, 30), ("unique", None, True)]


def case(name: str, *messages: str) -> dict[str, Any]:
    return {"id": name, "messages": list(messages)}


def test_items_are_known_by_their_name_wherever_they_stand() -> None:
    before = {"cases": [case("a", "Hello?"), case("b", "Who?")]}
    after = {"cases": [case("new", "When?"), case("a", "Hello?"), case("b", "Who are you?")]}
    assert told(before, after) == [
        ("cases[b].messages", ["Who?"], ["Who are you?"]),
        ("cases[new]", None, case("new", "When?")),
    ]
    assert told(before, {"cases": before["cases"][::-1]}) == [("cases (order)", ["a", "b"], ["b", "a"])]
    assert told({"actions": []}, {"actions": [{"name": "buy"}]}) == [("actions[buy]", None, {"name": "buy"})]


def test_items_that_share_a_name_are_compared_as_a_whole() -> None:
    before, after = [{"name": "buy", "n": 1}, {"name": "buy", "n": 2}], [{"name": "buy", "n": 1}]
    assert told({"actions": before}, {"actions": after}) == [("actions", before, after)]


def test_a_paragraph_is_compared_sentence_by_sentence() -> None:
    (found,) = differences({"persona": LONG + "She sings."}, {"persona": LONG + "She hums."})
    lines = found.diff.splitlines()
    assert [line for line in lines[3:] if line[0] in "-+"] == ["-She sings.", "+She hums."]
    assert lines[:2] == ["--- before", "+++ after"]


def test_a_text_of_several_lines_is_compared_line_by_line() -> None:
    (found,) = differences({"system": "One\nTwo\nThree"}, {"system": "One\n2\nThree"})
    assert found.diff.splitlines()[3:] == [" One", "-Two", "+2", " Three"]


def test_a_list_of_texts_is_compared_item_by_item() -> None:
    knowledge = [f"The {number}th sluice is shut at night, whatever they say." for number in range(4)]
    (found,) = differences({"knowledge": knowledge}, {"knowledge": [*knowledge, "And on holidays."]})
    assert [line for line in found.diff.splitlines()[3:] if line[0] in "-+"] == ["+And on holidays."]


def test_short_values_stand_for_themselves() -> None:
    assert list(differences({"role": "Ferry"}, {"role": "Smith"})) == [Difference("role", "Ferry", "Smith", "")]


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), (1, 1.0), ("1", 1), ([], {}), ("", [])])
def test_what_only_looks_equal_differs(before: Any, after: Any) -> None:
    assert len(told({"a": before}, {"a": after})) == 1


@given(CONTENTS)
def test_equal_contents_do_not_differ(content: dict[str, Any]) -> None:
    assert told(content, copy.deepcopy(content)) == []


@given(CONTENTS, CONTENTS)
def test_whatever_differs_is_told_from_either_side(one: dict[str, Any], other: dict[str, Any]) -> None:
    forth, back = told(one, other), told(other, one)
    assert sorted(field for field, _, _ in forth) == sorted(field for field, _, _ in back)
    assert {(field, repr(a), repr(b)) for field, a, b in forth} == {(field, repr(b), repr(a)) for field, a, b in back}


def test_changes_are_readable_texts() -> None:
    before = {"unique": True, "knowledge": ["One.", "Two."], "role": "Ferry"}
    after = {"knowledge": ["One."], "role": "Smith", "memory": {"ttl_days": 3, "recent_tokens": 5}}
    assert changes(before, after, "npcs/mira") == (
        Change("npcs/mira", "unique", "true", ""),
        Change("npcs/mira", "knowledge", "One.\nTwo.", "One."),
        Change("npcs/mira", "role", "Ferry", "Smith"),
        Change("npcs/mira", "memory", "", '{\n  "ttl_days": 3,\n  "recent_tokens": 5\n}'),
    )


@pytest.fixture
def writing(moto_resources: Resources, title: str) -> Writing:
    return Writing(moto_resources, title)


def test_two_versions_are_compared_by_id_or_label(writing: Writing) -> None:
    first = writing.put("npcs", CARD, "staging").version
    second = writing.put("npcs", CARD | {"role": "Ferry"}).version
    for before, after in (("staging", "latest"), (first, second)):
        found = writing.diff_entry(writing.title, "npcs", "mira", before, after)
        assert (found.before, found.after) == (first, second)
        assert found.differences == (Difference("role", None, "Ferry"),)
    with pytest.raises(NotFound):
        writing.diff_entry(writing.title, "npcs", "mira", "production", "latest")
