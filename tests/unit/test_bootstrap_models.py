"""The wiring of the functions of models: each starts from its own environment, and not without any of it."""

from __future__ import annotations

import pytest

from npcops import bootstrap_models
from tests.factories import assert_starts_with_all, assert_stops_without, bare, missing

STAGE, TABLE, EVENTS = {"STAGE": "dev"}, {"MODELS_TABLE": "models"}, {"EVENT_BUS": "bus"}
PARAMETERS = {"TUNED_MODEL_PARAMETERS": "/npcops/dev/models", "CANDIDATE_PARAMETERS": "/npcops/dev/candidates"}
OWN = {"CATALOG_TABLE": "catalog", "CHAT_MODEL": "amazon.nova-lite-v1:0"}
GATE = OWN | {"EVALUATIONS_TABLE": "evaluations"} | TABLE
BEDROCK = {"TUNING_ROLE": "arn:aws:iam::123456789012:role/tuning"}
MACHINE = {"PROMOTE_MODEL_MACHINE": "arn:machine", "SHIFT_PERCENTS": "10,100", "SHIFT_MINUTES": "30"}
CHAT = {"CHAT_SECONDS": "7", "CHAT_ATTEMPTS": "2"}
NEEDS: dict[str, dict[str, str]] = {
    "list_models": STAGE | TABLE | OWN | BEDROCK,
    "decide_model": STAGE | TABLE,
    "approve_model": STAGE | TABLE | EVENTS | PARAMETERS | OWN | BEDROCK | CHAT,
    "start_promotion": STAGE | EVENTS | PARAMETERS | GATE | BEDROCK | MACHINE,
    "shift_traffic": EVENTS | PARAMETERS | GATE,
    "watch_shift": TABLE | OWN,
    "return_traffic": EVENTS | PARAMETERS | TABLE,
    "roll_back_model": EVENTS | PARAMETERS | TABLE,
    "retire_models": STAGE | PARAMETERS | TABLE | OWN | BEDROCK | {"RETIRE_HOURS": "24"},
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    bare(monkeypatch, NEEDS)


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_a_function_starts_with_what_it_needs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert_starts_with_all(monkeypatch, getattr(bootstrap_models, name), NEEDS[name])


@pytest.mark.parametrize(("name", "one"), missing(NEEDS))
def test_a_function_does_not_start_without_any_of_it(monkeypatch: pytest.MonkeyPatch, name: str, one: str) -> None:
    assert_stops_without(monkeypatch, getattr(bootstrap_models, name), NEEDS[name], one)
