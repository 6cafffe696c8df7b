"""What is done when a turn has been spoken: it is remembered, kept for reuse, and announced, in what time is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from npcops.answering import Answered
from npcops.answers import Asked
from npcops.background import Background
from npcops.dialogue import ShownPassage, Spoken, SpokenTurn, Turn
from npcops.dispensable import attempt
from npcops.lore import Gate
from npcops.memory import RememberedTurn
from npcops.ports import EventPublisher
from npcops.reuse import Reuse
from npcops.scene import Scene
from npcops.turn_ids import began
from npcops.turn_ports import PlayerStore

if TYPE_CHECKING:
    from npcops.studio_ports import SpokenTurns

MOST_FLAGS = 100


class Afterwards:
    """Nothing of it costs the player the answer: each step says whether it was done in time.

    Turns are kept as they were spoken for `kept_days` in `spoken`; without it, as in trials, they are not.
    """

    def __init__(
        self,
        players: PlayerStore,
        reuse: Reuse,
        events: EventPublisher,
        background: Background,
        spoken: SpokenTurns | None = None,
        kept_days: int = 0,
    ) -> None:
        self._players, self._reuse, self._events, self._background = players, reuse, events, background
        self._spoken, self._kept_days = spoken, kept_days

    def remember(self, player: str, asked: Asked, scene: Scene, answered: Answered, turn: Turn, until: float) -> bool:
        """Whether the NPC, and those who were present, will remember the turn. It is kept as spoken with that."""
        standing, request, card = scene.standing, asked.request, asked.script.card
        if standing is None:
            return False
        gate = Gate.all_of([scene.gate, answered.gate])
        own = RememberedTurn(turn.turn_id, request.message, turn.say, gate, turn.memory)
        overheard = msgspec.structs.replace(own, gate=own.gate.heard(), notes=(), speaker=card.id)
        turns = {**dict.fromkeys(request.present, overheard), card.id: own}
        # One transaction, because a request more would cost each turn more than what it writes.
        spoken = _as_spoken(asked, scene, turn) if self._spoken else None
        return self._done(
            "remembering",
            lambda: self._players.append_turn(
                asked.title, player, standing.save.live, turns, card.memory.ttl_days, spoken, self._kept_days
            ),
            until,
        )

    def keep_spoken(self, player: str, asked: Asked, scene: Scene, turn: Turn, until: float) -> None:
        """Keep a turn that nobody remembers for those who judge turns: above all they want to see what went wrong."""
        if spoken := self._spoken:
            self._done(
                "keeping as spoken",
                lambda: spoken.keep(asked.title, player, _as_spoken(asked, scene, turn), self._kept_days),
                until,
            )

    def announce(self, player: str, asked: Asked, turn: Turn, until: float) -> None:
        """Publish `TurnSpoken.v1`. Where that fails, summaries catch up with the next turn's event."""
        spoken = Spoken(
            title=asked.title,
            player=player,
            npc=turn.npc,
            save=asked.request.save,
            turn_id=turn.turn_id,
            mode=turn.mode,
            model=turn.model,
            prompt_version=turn.prompt_version,
            degraded=turn.degraded,
            usage=turn.usage,
            present=asked.request.present,
            tried="" if asked.model == turn.model else asked.model,
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


def _as_spoken(asked: Asked, scene: Scene, turn: Turn) -> SpokenTurn:
    cited = {citation.id for citation in turn.citations}
    opening = scene.gate.requires
    return SpokenTurn(
        turn=turn,
        message=asked.request.message,
        save=asked.request.save,
        card_version=asked.script.card_version,
        language=asked.request.language or asked.script.card.language,
        seen_at=began(turn.turn_id),
        passages=tuple(
            ShownPassage(passage.id, passage.document, passage.title, passage.text)
            for passage in scene.passages
            if passage.id in cited
        ),
        flags=tuple(sorted(scene.viewer.flags, key=lambda flag: (flag not in opening, flag))[:MOST_FLAGS]),
        player_name=asked.request.player_name or "",
    )
