"""Unit tests: no sockets, no AWS but moto's."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hydration_driver import Hydrations
from tests.resources import Resources

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever opens a socket fails, unless it is marked `enable_socket`."""
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("enable_socket"):
            item.add_marker(pytest.mark.disable_socket)


@pytest.fixture(autouse=True)
def _environment(aws_environment: None) -> None:
    """No test of this folder can see real credentials."""


@pytest.fixture
def title() -> str:
    """A title that no other test uses."""
    return f"game-{secrets.token_hex(4)}"


@pytest.fixture
def hydrations(moto_resources: Resources, tmp_path: Path) -> Iterator[Hydrations]:
    """Hydration on an empty index."""
    made = Hydrations(moto_resources, tmp_path / "lore")
    moto_resources.published()
    yield made
    made.store.close()
