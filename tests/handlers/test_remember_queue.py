"""The queue of spoken turns: everybody who was there folds what they remember."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from npcops import bootstrap
from npcops.memory import RememberedTurn
from tests.calls import sample
from tests.conversation import MIRA
from tests.fakes import ScriptedChat
from tests.handlers.conftest import Load
from tests.publishing import publish

TURNS = 12


def spoken(title: str, npc: str, *present: str) -> dict[str, Any]:
    """The sample message of the queue, about another conversation."""
    event = sample("sqs_turn_spoken")
    for record in event["Records"]:
        body = json.loads(record["body"])
        body["detail"] |= {"title": title, "player": "ann", "npc": npc, "save": "main", "present": present}
        record["body"] = json.dumps(body)
    return dict(event)


def test_all_who_were_there_fold_what_they_heard(load: Load, title: str, mira: str, chat: ScriptedChat) -> None:
    """Bystanders without a card, whom nobody can ask, are passed over."""
    catalog, players = bootstrap.catalog(), bootstrap.players()
    otto = msgspec.structs.replace(MIRA, id="otto", name="Otto")
    publish(catalog, title, "npcs", "otto", otto)
    for number in range(TURNS):
        own = RememberedTurn(f"{number:022x}", f"This is what I have to say for the {number}th time.", "Is it?")
        heard = msgspec.structs.replace(own, speaker=mira)
        players.append_turn(title, "ann", "main", {mira: own, "otto": heard, "a-bystander": heard}, ttl_days=1)
    chat.answers = ["A summary."]
    assert load("remember")(spoken(title, mira, "a-bystander", "otto", mira)) == {"batchItemFailures": []}
    lineage = players.save(title, "ann", "main").lineage
    folded = {npc: players.recent(title, "ann", npc, lineage, TURNS)[0] for npc in (mira, "otto", "a-bystander")}
    assert [bool(memory.summaries) for memory in folded.values()] == [True, True, False]
    assert len(chat.prompts) == 2
