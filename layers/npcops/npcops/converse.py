"""Use case: one turn of a conversation between a player and an NPC, answered in time whatever fails.

The rungs of the ladder: an answer given before, the stage's model (or the title's tuned one), a smaller one, a line of
the character's card. What a turn had to do without is said in `Turn.degraded`.
"""

from __future__ import annotations

import msgspec

from npcops.afterwards import Afterwards
from npcops.answering import Answered, Answering
from npcops.answers import Asked
from npcops.background import Background, TimedOut
from npcops.casting import Casting
from npcops.characters import NpcCard, Script
from npcops.dialogue import Citation, Degraded, Figures, Told, Turn, TurnRequest
from npcops.errors import StoreUnavailable
from npcops.ladder import Pace
from npcops.ports import ScriptSource
from npcops.scene import Scene, SceneReader
from npcops.scripts import read_script
from npcops.turn_ids import new_turn_id
from npcops.turn_ports import Listener
from npcops.unheard import Silence

# Part of a turn's time in which its card must be read: without one there is nobody who could answer.
SCRIPT_SHARE = 0.25
# Part of a turn's time that is kept for remembering and announcing it.
CLOSING_SHARE = 0.1


class StagePace(msgspec.Struct, frozen=True):
    """How long players wait at this stage, in seconds, where a card says nothing else."""

    deadline: float = 8.0
    first_token: float = 2.0
    hedge: float | None = None

    def of(self, card: NpcCard) -> StagePace:
        """The same for one character."""
        own = card.timing
        return StagePace(own.deadline or self.deadline, own.first_token or self.first_token, own.hedge or self.hedge)


class Converse:
    """Answers a player in a character's voice."""

    def __init__(
        self,
        catalog: ScriptSource,
        label: str,
        scenes: SceneReader,
        casting: Casting,
        answering: Answering,
        afterwards: Afterwards,
        background: Background,
        pace: StagePace,
    ) -> None:
        self._catalog, self._label, self._scenes, self._casting = catalog, label, scenes, casting
        self._answering, self._afterwards, self._background, self._pace = answering, afterwards, background, pace
        self._deadlines: dict[tuple[str, str], float] = {}

    def __call__(
        self,
        title: str,
        player: str,
        npc: str,
        request: TurnRequest,
        listener: Listener | None = None,
        turn_id: str | None = None,
    ) -> Told:
        """Speak one turn, within the deadline of the NPC's card.

        `turn_id` continues a turn that was announced before. Raises NotFound (no such NPC), NoTunedModel, Disconnected
        (by the listener; nothing is remembered then) and StoreUnavailable (the catalogue has no answer and never had).
        """
        begun, turn_id, listener = self._background.now(), turn_id or new_turn_id(), listener or Silence()
        script = self._script(title, npc)
        pace = self._pace.of(script.card)
        seconds = pace.deadline - (self._background.now() - begun)
        rungs, missing = self._casting.rungs(title, npc, player, request.mode, seconds, script.game.model)
        listener.started(turn_id)
        scene = self._scenes.read(title, player, script, request, turn_id, seconds)
        asked = _asked(title, script, request, scene, rungs[0].model or "")
        ends = begun + pace.deadline
        limits = Pace(ends - CLOSING_SHARE * pace.deadline, pace.first_token, pace.hedge)
        answered = self._answering.answer(asked, scene, rungs, turn_id, seconds, limits, listener)
        turn = _turn(turn_id, asked, scene, answered, (*missing, *scene.missing))
        # A line of the card is no answer: the NPC has not taken in what was said. And what a guardrail has stopped
        # would stop every later turn that remembers it.
        heard = turn.degraded is None or turn.degraded.answer != "authored-line"
        remembered = heard and self._afterwards.remember(player, asked, scene, answered, turn, ends)
        if heard and not remembered:
            turn = msgspec.structs.replace(turn, degraded=_more(turn.degraded, ("not-remembered",)))
        if not remembered:
            self._afterwards.keep_spoken(player, asked, scene, turn, ends)
        self._afterwards.keep(asked, turn, answered, ends)
        self._afterwards.announce(player, asked, turn, ends)
        first_ms = round((answered.first_at - begun) * 1000)
        figures = Figures(answered.speech.dropped, first_ms, answered.reuse, answered.saved_usd)
        return Told(turn, figures, scene.passages)

    def _script(self, title: str, npc: str) -> Script:
        """A catalogue that hangs is asked again: by then it answers with what it knew last, if it knew anything.

        How long a card lets players wait is known from its last turn, if this process has had one.
        """
        seconds = SCRIPT_SHARE * min(self._pace.deadline, self._deadlines.get((title, npc), self._pace.deadline))
        for _ in range(2):
            try:
                script = self._background.run(lambda: read_script(self._catalog, self._label, title, npc), seconds)
            except TimedOut:
                continue
            self._deadlines[title, npc] = self._pace.of(script.card).deadline
            return script
        raise StoreUnavailable("The catalogue did not answer in time.")


def _asked(title: str, script: Script, request: TurnRequest, scene: Scene, model: str) -> Asked:
    recalled = scene.recalled
    if scene.standing is None:
        # Where the world is unknown, no action's precondition is known to hold.
        script = msgspec.structs.replace(script, game=msgspec.structs.replace(script.game, actions=()))
    return Asked(
        title=title,
        viewer=scene.viewer,
        script=script,
        request=request,
        model=model,
        passages=scene.passages,
        vector=scene.vector,
        remembered=bool(recalled.turns or recalled.heard or recalled.summaries or recalled.facts),
        answers=recalled.spoken,
    )


def _turn(turn_id: str, asked: Asked, scene: Scene, answered: Answered, missing: tuple[str, ...]) -> Turn:
    given, speech = {passage.id: passage for passage in scene.passages}, answered.speech
    return Turn(
        turn_id=turn_id,
        npc=asked.script.card.id,
        mode=asked.request.mode,
        say=speech.say,
        emotion=speech.emotion,
        actions=speech.actions,
        citations=tuple(
            Citation(cited, given[cited].document, given[cited].title) for cited in speech.citations if cited in given
        ),
        memory=speech.memory,
        degraded=_more(answered.degraded, missing) if missing else answered.degraded,
        reused=answered.reused,
        model=answered.model,
        prompt_version=asked.script.prompt_version,
        usage=answered.usage,
    )


def _more(degraded: Degraded | None, why: tuple[str, ...]) -> Degraded:
    """Degraded for these causes too."""
    return Degraded(degraded.answer if degraded else "model", (*why, *(degraded.why if degraded else ())))
