"""What is done when a turn has been spoken: it is remembered, kept for reuse, and announced, in what time is left."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from npcops.answering import Answered
from npcops.answers import Asked
from npcops.background import Background
from npcops.dialogue import Spoken, Turn, TurnRequest
from npcops.dispensable import attempt
from npcops.lore import Gate
from npcops.memory import RememberedTurn
from npcops.ports import EventPublisher
from npcops.reuse import Reuse
from npcops.scene import Scene
from npcops.turn_ports import PlayerStore


class Afterwards:
    """Nothing of it costs the player the answer: each step says whether it was done in time."""

    def __init__(self, players: PlayerStore, reuse: Reuse, events: EventPublisher, background: Background) -> None:
        self._players, self._reuse, self._events, self._background = players, reuse, events, background

    def remember(self, player: str, asked: Asked, scene: Scene, answered: Answered, turn: Turn, until: float) -> bool:
        """Whether the NPC, and those who were present, will remember the turn."""
        standing, request, card = scene.standing, asked.request, asked.script.card
        if standing is None:
            return False
        gate = Gate.all_of([scene.gate, answered.gate])
        own = RememberedTurn(turn.turn_id, request.message, turn.say, gate, turn.memory)
        overheard = msgspec.structs.replace(own, gate=own.gate.heard(), notes=(), speaker=card.id)
        turns = {**dict.fromkeys(request.present, overheard), card.id: own}
        return self._done(
            "remembering",
            lambda: self._players.append_turn(asked.title, player, standing.save.live, turns, card.memory.ttl_days),
            until,
        )

    def announce(self, title: str, player: str, request: TurnRequest, turn: Turn, until: float) -> None:
        """Publish `TurnSpoken.v1`. Where that fails, summaries catch up with the next turn's event."""
        spoken = Spoken(
            title=title,
            player=player,
            npc=turn.npc,
            save=request.save,
            turn_id=turn.turn_id,
            mode=turn.mode,
            model=turn.model,
            prompt_version=turn.prompt_version,
            degraded=turn.degraded,
            usage=turn.usage,
            present=request.present,
        )
        self._done("announcing", lambda: self._events.publish("TurnSpoken.v1", msgspec.to_builtins(spoken)), until)

    def keep(self, asked: Asked, turn: Turn, answered: Answered, until: float) -> None:
        """Keep an answer for reuse; where that fails, the next one is kept."""
        if not answered.reused:
            self._done(
                "keeping",
                lambda: self._reuse.file(asked, answered.speech, turn.usage, turn.model, turn.degraded),
                until,
            )

    def _done(self, what: str, work: Callable[[], object], until: float) -> bool:
        return bool(attempt(self._background, what, lambda: (work(),), until - self._background.now()))
