"""Functions as Lambda loads them, wired by their own bootstrap; only the two models are stand-ins."""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npcops import bootstrap, bootstrap_people, wiring
from tests.calls import Context
from tests.conversation import DIALOGUE, MIRA, SUMMARY
from tests.fakes import DIMENSIONS, ScriptedChat, WordEmbeddings
from tests.publishing import LABEL, publish
from tests.resources import Resources

FUNCTIONS = Path(__file__).parents[2] / "functions"
Load = Callable[[str], Callable[[dict[str, Any]], Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No function may open a socket here."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.disable_socket)


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(4)}"


@pytest.fixture
def chat() -> ScriptedChat:
    return ScriptedChat()


@pytest.fixture
def embeddings() -> WordEmbeddings:
    return WordEmbeddings()


@pytest.fixture(autouse=True)
def stage(
    moto_resources: Resources,
    tmp_path: Path,
    chat: ScriptedChat,
    embeddings: WordEmbeddings,
    monkeypatch: pytest.MonkeyPatch,
) -> Resources:
    """The environment that the template gives to functions, leading to moto and to a folder."""
    moto_resources.published()
    environment = {
        "STAGE": "test",
        "LORE_BUCKET": moto_resources.name("lore"),
        "WORK_BUCKET": moto_resources.name("work"),
        "LEDGER_TABLE": moto_resources.name("ledger"),
        "PLAYERS_TABLE": moto_resources.name("players"),
        "CATALOG_TABLE": moto_resources.name("catalog"),
        "CATALOG_LABEL": LABEL,
        "ANSWERS_TABLE": moto_resources.name("answers"),
        "REVIEWS_TABLE": moto_resources.name("reviews"),
        "REVIEW_RANDOM_SHARE": "0",
        "REVIEW_DEGRADED_SHARE": "1",
        "REVIEW_MEASURED_SHARE": "1",
        "REVIEW_GROUNDEDNESS": "0.5",
        "MODELS_TABLE": moto_resources.name("models"),
        "SLOW_TURN_MILLISECONDS": "8000",
        "EVALUATIONS_TABLE": moto_resources.name("evaluations"),
        "EVALUATIONS_BUCKET": moto_resources.name("evaluations"),
        "EVENT_BUS": moto_resources.name("bus"),
        "CHAT_MODEL": "stage-model",
        "CHAT_SECONDS": "9",
        "CHAT_ATTEMPTS": "2",
        "TURN_SECONDS": "25",  # A busy machine must not degrade a turn.
        "TUNED_MODEL_PARAMETERS": "/npcops/test/models",
        "EMBEDDING_MODEL": "words",
        "EMBEDDING_DIMENSIONS": str(DIMENSIONS),
        "VECTOR_STORE": "sqlite",
        "VECTOR_STORE_LOCATION": str(tmp_path / "lore"),
        "HYDRATION_STATE_MACHINE": moto_resources.machine,
        "TOKEN_ISSUER": "https://id.example",
        "TOKEN_AUDIENCE": "npcops",
        "JWKS_URL": "https://id.example/keys",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for module in (bootstrap, wiring):
        monkeypatch.setattr(module, "chat", lambda *_, **__: chat)
        monkeypatch.setattr(module, "patient_chat", lambda *_, **__: chat)
        monkeypatch.setattr(module, "embeddings", lambda *_, **__: embeddings)
    monkeypatch.setattr(bootstrap_people, "embeddings", lambda *_, **__: embeddings)
    monkeypatch.setattr(bootstrap_people, "judging_chat", lambda *_: chat)
    bootstrap.retriever.cache_clear()
    return moto_resources


@pytest.fixture
def load(stage: Resources) -> Load:
    """Start a function by the name of its folder; the result is called with events."""

    def start(name: str) -> Callable[[dict[str, Any]], Any]:
        spec = importlib.util.spec_from_file_location(f"function_{name}", FUNCTIONS / name / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return lambda event: module.handler(event, Context())

    return start


@pytest.fixture
def mira(title: str) -> str:
    """A character who can speak, with the prompts that she needs."""
    catalog = bootstrap.catalog()
    for kind, name, content in (
        ("npcs", "mira", MIRA),
        ("prompts", "dialogue", DIALOGUE),
        ("prompts", "summary", SUMMARY),
    ):
        publish(catalog, title, kind, name, content)
    return "mira"
