"""What holds for every factory of a bootstrap: it starts from its own environment, and not without any part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from npcops.settings import MissingSetting

Needs = Mapping[str, Mapping[str, str]]


def bare(monkeypatch: pytest.MonkeyPatch, needs: Needs) -> None:
    """Nothing of it is in the environment."""
    for name in {name for needed in needs.values() for name in needed}:
        monkeypatch.delenv(name, raising=False)


def give(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """All of it is in the environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def missing(needs: Needs) -> list[tuple[str, str]]:
    """Each factory with each of the variables that it needs."""
    return [(name, one) for name in sorted(needs) for one in sorted(needs[name])]


def assert_starts_with_all(
    monkeypatch: pytest.MonkeyPatch, factory: Callable[[], Any], all_of: Mapping[str, str]
) -> None:
    """It starts."""
    give(monkeypatch, all_of)
    assert factory() is not None


def assert_stops_without(
    monkeypatch: pytest.MonkeyPatch, factory: Callable[[], Any], all_of: Mapping[str, str], one: str
) -> None:
    """It does not start without one variable, and says which."""
    give(monkeypatch, {name: value for name, value in all_of.items() if name != one})
    with pytest.raises(MissingSetting, match=one.lower()):
        factory()
