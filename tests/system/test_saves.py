"""Saves through the deployed stack: what came after the old save is forgotten, by the NPC and by the world."""

from __future__ import annotations

from uuid import uuid4

import pytest

from npc.errors import Refused
from tests.system.conftest import RunningStage
from tests.system.test_talk import cast, player, speak

pytestmark = pytest.mark.system


def test_an_old_save_forgets_what_came_after_it(own_title: RunningStage) -> None:
    cast(own_title)
    who, server = player(), own_title.api("server")
    saves = f"/v1/players/{who}/saves"
    server.call("PUT", f"/v1/players/{who}/world", body={"flags": ["early"]})
    speak(own_title, "My name is Tamsin.", who, mode="base")
    server.call("POST", saves, body={"action": "snapshot", "save": "main", "snapshot": "slot-1"})
    speak(own_title, "I have a goose named Martha.", who, mode="base")
    server.call("PUT", f"/v1/players/{who}/world", body={"flags": ["late"]})
    server.call("POST", saves, body={"action": "fork", "save": "second-try", "source": "main"})
    server.call("POST", saves, body={"action": "rewind", "save": "main", "snapshot": "slot-1"})
    assert server.call("GET", f"/v1/players/{who}/world")["flags"] == ["early"]
    found = server.call("GET", saves)
    assert {save["name"] for save in found["saves"]} == {"main", "second-try"}
    assert [snapshot["name"] for snapshot in found["snapshots"]] == ["slot-1"]
    before = speak(own_title, "What is my goose called?", who, mode="base")
    after = speak(own_title, "What is my goose called?", who, mode="base", save="second-try")
    assert "Martha" not in before["say"]
    assert "Martha" in after["say"]
    removed = server.call("DELETE", f"/v1/players/{who}")["removed"]
    assert removed.items() >= {"turns": 4, "snapshots": 1, "world": 1}.items()
    assert removed["saves"] >= 2


def test_a_save_cannot_be_rewound_to_what_there_is_not(own_title: RunningStage) -> None:
    saves = f"/v1/players/{player()}/saves"
    for body, status in (
        ({"action": "rewind", "save": "main", "snapshot": f"s-{uuid4().hex[:6]}"}, 404),
        ({"action": "erase", "save": "main"}, 400),
    ):
        with pytest.raises(Refused) as refused:
            own_title.api("server").call("POST", saves, body=body)
        assert refused.value.status == status
    with pytest.raises(Refused) as refused:
        own_title.api("player").call("POST", saves, body={"action": "snapshot", "save": "main", "snapshot": "a"})
    assert refused.value.status == 403
