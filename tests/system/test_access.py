"""Who may do what on the deployed API, and how it refuses."""

from __future__ import annotations

import pytest

from tests.system.conftest import RunningStage

pytestmark = pytest.mark.system
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("token", [None, "", "nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_without_a_good_token_nothing_is_answered(world: RunningStage, token: str | None) -> None:
    with world.http(token) as http:
        answer = http.get("/v1/lore")
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith(PROBLEM)
    assert answer.json()["type"] == "/problems/unauthenticated"


@pytest.mark.parametrize(
    ("scope", "method", "path", "body"),
    [
        ("player", "PUT", "/v1/players/somebody/world", {"flags": ["quest:done"]}),
        ("studio", "PUT", "/v1/players/somebody/world", {"flags": ["quest:done"]}),
        ("player", "GET", "/v1/lore", None),
        ("server", "GET", "/v1/lore", None),
        ("player", "DELETE", "/v1/players/somebody", None),
        ("server", "GET", "/v1/catalog/npcs", None),
    ],
)
def test_a_scope_allows_its_own_operations_only(
    world: RunningStage, scope: str, method: str, path: str, body: dict[str, list[str]] | None
) -> None:
    with world.http(world.token(scope)) as http:
        answer = http.request(method, path, json=body)
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/forbidden"


def test_a_player_cannot_speak_for_another(world: RunningStage) -> None:
    with world.http(world.token("player", "ann")) as http:
        answer = http.post("/v1/npcs/wenna-tull/turns", json={"message": "Hello"}, headers={"X-Player": "bob"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"message": ""}',
        '{"message": 5}',
        '{"message": "a", "mode": "best"}',
        '{"message": "a", "x": 1}',
    ],
)
def test_defect_07_bad_requests_are_refused_before_any_model(world: RunningStage, body: str) -> None:
    with world.http(world.token("player")) as http:
        headers = {"Content-Type": "application/json"}
        answer = http.post("/v1/npcs/wenna-tull/turns", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith(PROBLEM)
    assert answer.json()["type"] == "/problems/invalid-request"


def test_a_route_that_does_not_exist_is_a_problem_too(world: RunningStage) -> None:
    with world.http(world.token("studio")) as http:
        answer = http.get("/v1/nothing")
    assert answer.status_code in (403, 404)
    assert answer.headers["content-type"].startswith(PROBLEM)


def test_titles_do_not_see_each_other(world: RunningStage, own_title: RunningStage) -> None:
    assert own_title.api().call("GET", "/v1/lore")["documents"] == []
    assert own_title.api().call("GET", "/v1/catalog/npcs")["entries"] == []
    found = own_title.api().call("GET", "/v1/lore/search", params={"q": "What does a crossing cost?"})
    assert found["passages"] == []
    assert world.api().call("GET", "/v1/lore")["documents"]
