"""What people think of turns, through the deployed stack: rated, reviewed, corrected, and gone with the player."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import yaml

from npc.errors import Refused
from tests.system.conftest import RunningStage, eventually
from tests.system.test_evaluations import CARD, WORLD, put

pytestmark = pytest.mark.system


@pytest.fixture
def game(own_title: RunningStage) -> RunningStage:
    """A title in which Mira can be talked to."""
    put(own_title, "prompts", "dialogue", yaml.safe_load((WORLD / "prompts/dialogue.yaml").read_text("utf-8")))
    put(own_title, "npcs", "mira", CARD)
    return own_title


def ask(stage: RunningStage, player: str) -> dict[str, Any]:
    turn: dict[str, Any] = stage.api("player", player).call(
        "POST", "/v1/npcs/mira/turns", body={"message": "Good evening! Who are you?", "mode": "base"}
    )
    return turn


def waiting(stage: RunningStage) -> list[str]:
    return [item["item"]["turn_id"] for item in stage.api().call("GET", "/v1/reviews")["reviews"]]


def test_from_a_bad_rating_to_a_golden_case(game: RunningStage) -> None:
    player, api = f"ann-{uuid4().hex[:6]}", game.api()
    turn = ask(game, player)["turn_id"]
    rating = {"score": 1, "reasons": ["out-of-character"], "correction": "Mira. Mind the rope, it is wet."}
    with pytest.raises(Refused) as refused:
        game.api("player", "somebody-else").call("POST", f"/v1/turns/{turn}/rating", body=rating)
    assert refused.value.status == 404
    game.api("player", player).call("POST", f"/v1/turns/{turn}/rating", body=rating)
    assert eventually(lambda: turn in waiting(game), 30)
    api.call("POST", f"/v1/reviews/{turn}", body={"score": 2, "reasons": ["out-of-character"]})
    assert turn not in waiting(game)
    (correction,) = api.call("GET", "/v1/corrections", params={"state": "proposed"})["corrections"]
    put(game, "suites", "manners", {"name": "manners", "cases": []}, label="")
    decision = {"accept": True, "suite": "manners", "case": "who-is-mira", "training": True}
    api.call("POST", f"/v1/corrections/{correction['id']}", body=decision)
    suite = api.call("GET", "/v1/catalog/suites/manners")["content"]
    assert [case["id"] for case in suite["cases"]] == ["who-is-mira"]
    assert player not in str(suite)


def test_what_an_erased_player_said_is_in_no_queue(game: RunningStage) -> None:
    player = f"bob-{uuid4().hex[:6]}"
    turn = ask(game, player)["turn_id"]
    game.api("player", player).call("POST", f"/v1/turns/{turn}/rating", body={"score": 1, "report": True})
    assert eventually(lambda: turn in waiting(game), 30)
    game.api("server").call("DELETE", f"/v1/players/{player}")
    assert turn not in waiting(game)
    with pytest.raises(Refused) as refused:
        game.api("player", player).call("POST", f"/v1/turns/{turn}/rating", body={"score": 5})
    assert refused.value.status == 404
