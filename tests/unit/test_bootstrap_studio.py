"""The wiring of the studio's functions: each starts from its own environment, and not without any of it."""

from __future__ import annotations

import pytest

from npcops import bootstrap_studio
from npcops.settings import MissingSetting

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
    for name in {name for needed in NEEDS.values() for name in needed}:
        monkeypatch.delenv(name, raising=False)


def give(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_function_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    give(monkeypatch, NEEDS[name])
    assert getattr(bootstrap_studio, name)() is not None


@pytest.mark.parametrize(("name", "missing"), [(name, one) for name in sorted(NEEDS) for one in sorted(NEEDS[name])])
def test_a_function_does_not_start_without_any_of_it(monkeypatch: pytest.MonkeyPatch, name: str, missing: str) -> None:
    give(monkeypatch, {key: value for key, value in NEEDS[name].items() if key != missing})
    with pytest.raises(MissingSetting, match=missing.lower()):
        getattr(bootstrap_studio, name)()
