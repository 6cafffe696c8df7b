"""A question to a ferrywoman, and what becomes of it: for tests of reuse."""

from __future__ import annotations

from typing import Any

import msgspec

from npcops.answers import Asked
from npcops.characters import ActionSpec, GameTitle, NpcCard, PromptTemplate, Script
from npcops.dialogue import Speech, TurnRequest, Usage
from npcops.lore import OPEN, Gate, Passage, Viewer
from npcops.reuse import Reuse

MIRA = NpcCard("mira", "Mira", "A ferrywoman.", actions=("wave",))
SALUTE = ActionSpec("wave", "Waves.", requires=frozenset({"friend"}))
GAME = GameTitle("game", "Game", actions=(SALUTE,))
SCRIPT = Script(MIRA, "card-1", PromptTemplate("dialogue", "You are Mira."), "prompt-1", GAME)
FARE = "What does a crossing cost?"
LONG = "What does the long crossing over the river to the other bank cost a stranger nowadays?"
USAGE = Usage(900, 40, cost_usd=0.00115, ms=900)
VECTOR = (0.6, 0.8, 0.0)


def passage(identity: str, gate: Gate = OPEN, chunks: tuple[str, ...] = ()) -> Passage:
    text = "A foot passenger pays three chips for a crossing."
    return Passage(identity, f"{identity}.md", "Fares", "Fares", text, 0.5, gate, True, chunks or (identity,))


ONE, TWO, THREE, FOUR, FIVE = (passage(name) for name in ("p1", "p2", "p3", "p4", "p5"))
THREE_CHIPS = Speech("Three chips, and you bail.", "amused", citations=("p1",))


def asked(message: str = FARE, request: dict[str, Any] | None = None, **changed: Any) -> Asked:
    plain = Asked("game", Viewer("mira"), SCRIPT, TurnRequest(message), "model-1", (ONE, TWO), VECTOR)
    plain = msgspec.structs.replace(plain, **changed)
    return msgspec.structs.replace(plain, request=msgspec.structs.replace(plain.request, **request or {}))


def changed_script(**changed: Any) -> dict[str, Any]:
    return {"script": msgspec.structs.replace(SCRIPT, **changed)}


def keep(reuse: Reuse, turn: Asked, speech: Speech = THREE_CHIPS) -> None:
    assert reuse.file(turn, speech, USAGE, "model-1")


def found(reuse: Reuse, turn: Asked) -> str | None:
    match = reuse.find(turn)
    return match.how if match else None
