"""The catalogue over the API: what a writer does with an entry, from its first version to going back."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from tests.calls import answered, call, refused
from tests.handlers.conftest import Load

CARD: dict[str, Any] = {"id": "mira", "name": "Mira", "persona": "A ferrywoman."}
EXAMPLES = {"name": "greetings", "examples": [{"player": "Hello?", "reply": "Ahoy."}]}
Writer = Callable[..., Any]


@pytest.fixture
def writer(load: Load, title: str) -> Writer:
    """Calls an operation on Mira's card; further fields are those of tests.calls.call."""
    functions: dict[str, Any] = {}

    def ask(operation: str, **fields: Any) -> Any:
        function = functions.setdefault(operation, load(operation))
        path = {"kind": fields.pop("kind", "npcs"), "name": fields.pop("name", "mira")}
        return function(call(operation, fields.pop("title", title), **fields, **path))

    return ask


def put(writer: Writer, persona: str, **fields: Any) -> str:
    body = {"content": CARD | {"persona": persona}, "note": persona, **fields}
    return str(answered(writer("put_entry", body=body))["version"])


def test_what_a_function_of_one_process_moves_all_others_see_at_once(writer: Writer) -> None:
    first = put(writer, "One.", label="staging")
    for version in ("staging", "latest"):
        assert answered(writer("get_entry", query={"version": version}))["version"] == first
    second = put(writer, "Two.")
    moved = answered(writer("move_label", label="staging", body={"version": "latest", "why": "Better."}))
    assert moved["labels"] == {"staging": second}
    assert answered(writer("get_entry", query={"version": "staging"}))["version"] == second


def test_the_history_has_every_version_and_every_move(writer: Writer) -> None:
    first, second = put(writer, "One.", label="staging"), put(writer, "Two.", label="staging")
    history = answered(writer("list_versions"))
    assert [(found["version"], found["note"], found["labels"]) for found in history["versions"]] == [
        (second, "Two.", ["staging"]),
        (first, "One.", []),
    ]
    assert [(move["before"], move["version"], move["gate"]) for move in history["moves"]] == [
        (first, second, "ungated"),
        ("", first, "ungated"),
    ]


def test_a_label_goes_back_in_one_call(writer: Writer) -> None:
    first, second = put(writer, "One.", label="production"), put(writer, "Two.", label="production")
    back = answered(writer("move_label", label="production", body={"version": "previous"}))
    assert (back["version"], back["move"]["before"], back["move"]["gate"]) == (first, second, "rollback")
    refused(writer("move_label", label="production", body={"version": "previous"}), 409, "conflict")


def test_versions_are_compared(writer: Writer) -> None:
    first, second = put(writer, "One.", label="production"), put(writer, "Two.")
    found = answered(writer("diff_entry", query={}))
    assert (found["from"], found["to"]) == (first, second)
    assert found["differences"] == [{"field": "persona", "before": "One.", "after": "Two.", "diff": ""}]
    assert answered(writer("diff_entry", query={"from": second, "to": second}))["differences"] == []


def test_an_entry_of_the_library_is_taken_over(writer: Writer, title: str) -> None:
    name = f"greetings-{secrets.token_hex(4)}"
    body = {"content": EXAMPLES | {"name": name}, "label": "production"}
    shared = answered(writer("put_entry", title="library", kind="examples", name=name, body=body))
    copied = answered(writer("copy_entry", kind="examples", name=name, body={"label": "staging"}))
    assert (copied["version"], copied["labels"]) == (shared["version"], {"staging": shared["version"]})
    (version,) = answered(writer("list_versions", kind="examples", name=name))["versions"]
    assert version["origin"] == f"library/{shared['version']}"
    refused(writer("copy_entry", title=f"{title}-2", kind="examples", name="no-such", body={}), 404, "not-found")


@pytest.mark.parametrize(
    ("operation", "fields", "status", "told"),
    [
        ("get_entry", {"query": {}}, 404, "mira"),
        ("list_versions", {}, 404, "mira"),
        ("diff_entry", {"query": {}}, 404, "mira"),
        ("move_label", {"label": "beta", "body": {"version": "latest"}}, 404, "mira"),
        ("move_label", {"label": "latest", "body": {"version": "beta"}}, 400, "A label has"),
        ("put_entry", {"kind": "cards", "body": {"content": CARD}}, 400, "has no cards"),
        ("list_entries", {"kind": "cards"}, 400, "has no cards"),
        ("get_entry", {"kind": "cards", "query": {}}, 400, "has no cards"),
        ("copy_entry", {"kind": "cards", "body": {}}, 400, "has no cards"),
        ("copy_entry", {"body": {"from": "latest", "name": "other"}}, 400, "name"),
        ("put_entry", {"body": {"content": CARD | {"suites": ["evening"]}}}, 400, "suites that the catalogue"),
    ],
)
def test_what_cannot_be_is_refused(
    writer: Writer, operation: str, fields: dict[str, Any], status: int, told: str
) -> None:
    kind = "not-found" if status == 404 else "invalid-request"
    assert told in refused(writer(operation, **fields), status, kind)["detail"]


@pytest.mark.parametrize("operation", ["list_versions", "diff_entry", "move_label", "copy_entry"])
@pytest.mark.parametrize("scope", ["player", "server"])
def test_only_the_studio_may(writer: Writer, operation: str, scope: str) -> None:
    refused(writer(operation, scopes=scope, label="beta"), 403, "forbidden")
