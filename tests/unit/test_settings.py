"""Settings come from the environment, and a function without one of them does not start."""

from __future__ import annotations

import pytest

from npcops import settings
from npcops.settings import ChatSettings, LoreSettings, MissingSetting, StoreSettings

STORE = {"VECTOR_STORE": "sqlite", "VECTOR_STORE_LOCATION": "/tmp/x", "EMBEDDING_DIMENSIONS": "384"}


def test_variables_become_typed_fields() -> None:
    assert settings.read(StoreSettings, STORE) == StoreSettings("sqlite", "/tmp/x", 384, "none")
    environment = {
        "CHAT_MODEL": "m",
        "CHAT_SECONDS": "9",
        "CHAT_ATTEMPTS": "2",
        "TUNED_MODEL_PARAMETERS": "/p",
        "CONTEXT_TOKENS": "800",
    }
    assert settings.read(ChatSettings, environment) == ChatSettings("m", "/p", 9.0, 2, context_tokens=800)


def test_the_process_s_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LORE_BUCKET", "WORK_BUCKET", "LEDGER_TABLE"):
        monkeypatch.setenv(name, name.lower())
    assert settings.read(LoreSettings) == LoreSettings("lore_bucket", "work_bucket", "ledger_table")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"VECTOR_STORE": None}, "vector_store"),
        ({"VECTOR_STORE": ""}, "vector_store"),
        ({"VECTOR_STORE": "faiss"}, "vector_store"),
        ({"EMBEDDING_DIMENSIONS": "many"}, "embedding_dimensions"),
        ({"OPENSEARCH_SERVICE": "ec2"}, "opensearch_service"),
    ],
)
def test_what_is_missing_or_malformed_is_named(change: dict[str, str | None], named: str) -> None:
    environment = {name: value for name, value in (STORE | change).items() if value is not None}
    with pytest.raises(MissingSetting, match=named) as stopped:
        settings.read(StoreSettings, environment)
    assert "StoreSettings" in str(stopped.value)


def test_no_setting_names_a_real_resource_by_default() -> None:
    for kind in (settings.LoreSettings, settings.PlayerSettings, settings.EventSettings, settings.TokenSettings):
        with pytest.raises(MissingSetting):
            settings.read(kind, {})
