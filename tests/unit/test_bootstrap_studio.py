"""The wiring of the studio's functions: each starts from its own environment, and not without any of it."""

from __future__ import annotations

import pytest

from npcops import bootstrap_studio
from tests.factories import assert_starts_with_all, assert_stops_without, bare, missing

CATALOG, EVENTS, EVALUATIONS = {"CATALOG_TABLE": "catalog"}, {"EVENT_BUS": "bus"}, {"EVALUATIONS_TABLE": "evaluations"}
GATE = CATALOG | EVALUATIONS | {"CHAT_MODEL": "amazon.nova-lite-v1:0", "MODELS_TABLE": "models"}
NEEDS: dict[str, dict[str, str]] = {
    "fresh_catalog": CATALOG,
    "diff_entry": CATALOG,
    "move_label": GATE | EVENTS,
    "put_entry": GATE | EVENTS,
    "copy_entry": GATE | EVENTS,
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    bare(monkeypatch, NEEDS)


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_function_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert_starts_with_all(monkeypatch, getattr(bootstrap_studio, name), NEEDS[name])


@pytest.mark.parametrize(("name", "one"), missing(NEEDS))
def test_a_function_does_not_start_without_any_of_it(monkeypatch: pytest.MonkeyPatch, name: str, one: str) -> None:
    assert_stops_without(monkeypatch, getattr(bootstrap_studio, name), NEEDS[name], one)
