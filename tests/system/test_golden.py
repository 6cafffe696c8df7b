"""The golden cases as system tests: what NPCs say about themselves, their world and its secrets on the deployed stage.

`NPCOPS_GOLDEN_SUITES` names the suites (by commas; default `smoke`), `NPCOPS_GOLDEN_LABEL` the label whose versions
speak (default `production`): this is what a release plays against a stage before players see it.
"""

from __future__ import annotations

import os
from collections import defaultdict

import pytest

from tests.system.conftest import RunningStage, eventually

pytestmark = pytest.mark.system
SUITES = os.environ.get("NPCOPS_GOLDEN_SUITES", "smoke").split(",")
LABEL = os.environ.get("NPCOPS_GOLDEN_LABEL", "production")
# A small model on a shared machine takes many seconds a turn.
PATIENCE = 1200
# Half a billion parameters choose other words on other processors.
PARDONED = defaultdict(int, local=2)


def test_the_golden_cases_hold(world: RunningStage) -> None:
    body = {"suites": SUITES, "candidate": {"label": LABEL}, "judge": False, "note": "system tests"}
    evaluation = world.api().call("POST", "/v1/evaluations", body=body)["evaluation"]

    def ended() -> object:
        found = world.api().call("GET", f"/v1/evaluations/{evaluation}")
        return found if found["state"] in ("concluded", "failed") else None

    found = eventually(ended, PATIENCE)
    assert found["state"] == "concluded", found["failure"]
    assert found["done"] == found["total"] > 0
    verdict, told = found["verdict"], f"see `npc eval open {evaluation}`"
    assert verdict["outcome"] == "passed" or len(verdict["failing"]) <= PARDONED[world.stage.name], (verdict, told)
    assert "report.html" in found["report"]
