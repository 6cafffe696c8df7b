"""The pretended stage as a fixture."""

from __future__ import annotations

import pytest

from npc import output
from tests.unit.cli.pretended_stage import Stage, token


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    """A pretended deployed stage, with a studio and server token."""
    monkeypatch.setenv("NPCOPS_STAGE", "dev")
    monkeypatch.setenv("NPCOPS_API_URL", "https://api.test/dev")
    monkeypatch.setenv("NPCOPS_TOKEN", token())
    monkeypatch.delenv("NPCOPS_DEBUG", raising=False)
    # A console is as wide as its process was when it was made, and pytest's workers are told to be narrow.
    monkeypatch.setattr(output.people, "width", 200)
    return Stage(capsys)
