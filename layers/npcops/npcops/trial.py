"""Plays what a golden case asks, with the use case that answers players, for a player who exists only for that.

Nothing of it is announced or reused, nobody else remembers it, and no other model steps in: one subject is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from npcops.afterwards import Afterwards
from npcops.answering import Answering
from npcops.answers import Answer
from npcops.background import Background
from npcops.breaker import Breakers
from npcops.casting import Casting
from npcops.characters import Script
from npcops.configured import ConfiguredCatalog
from npcops.converse import Converse, StagePace
from npcops.dialogue import Degraded, Mode, Told, TurnRequest, Usage
from npcops.errors import ModelUnavailable, NotFound, NpcopsError, StoreUnavailable
from npcops.golden import GoldenCase
from npcops.ladder import Ladder
from npcops.lore import Passage
from npcops.memory import WorldState
from npcops.pinned import PinnedScripts, pinned
from npcops.plans import Subject
from npcops.playings import PlayedTurn
from npcops.ports import Catalog, ChatModel, ScriptSource
from npcops.promotions import Promoted
from npcops.retrieval import Retriever
from npcops.reuse import Reuse
from npcops.scene import SceneReader
from npcops.scripts import read_script
from npcops.turn_ports import PlayerStore

# The model of a subject is the one that is meant, tuned or not.
MODES: dict[Mode, Mode] = {"tuned": "base", "auto": "rag"}
# Causes that say nothing of the subject. A model that is slow, refuses or cannot be read is what it was chosen to be.
OUTAGES: dict[str, type[NpcopsError]] = {
    "model-unavailable": ModelUnavailable,
    "lore-unavailable": StoreUnavailable,
    "memory-unavailable": StoreUnavailable,
    "world-unknown": StoreUnavailable,
}
NOT_REMEMBERED = "not-remembered"
LEAST_SECONDS = 1.0


class Tried(msgspec.Struct, frozen=True):
    """What came of it: the script by which the subject spoke, its turns, and the passages given for the last of them.

    There are fewer turns than messages if one could not be answered at all, or the time was up.
    """

    script: Script
    turns: tuple[PlayedTurn, ...]
    passages: tuple[Passage, ...] = ()


class Trial:
    """Plays cases. `pace` is the stage's, so that what is slow for players is slow here."""

    def __init__(
        self,
        catalog: Catalog,
        players: PlayerStore,
        retriever: Callable[[], Retriever],
        chat: ChatModel,
        background: Background,
        pace: StagePace,
        context_tokens: int,
    ) -> None:
        self._catalog, self._players, self._retriever, self._chat = catalog, players, retriever, chat
        self._background, self._pace, self._context_tokens = background, pace, context_tokens

    def __call__(
        self,
        title: str,
        player: str,
        subject: Subject,
        case: GoldenCase,
        greedy: bool = True,
        seconds: float | None = None,
    ) -> Tried:
        """Say all messages to the subject, within `seconds` if given, as a `player` of whom nobody knows.

        They are erased afterwards.

        Raises ModelUnavailable and StoreUnavailable where an outage, and not the subject, decided what was said, and
        NotFound if there is no such NPC.
        """
        source = PinnedScripts(ConfiguredCatalog(self._catalog, pinned(subject), greedy), self._pace)
        script = read_script(source, "", title, case.npc)
        # What a process loads once is no time of the side that happens to be the first one played in it.
        self._retriever()
        try:
            self._players.set_world(title, player, WorldState(tuple(case.flags)))
            return self._play(title, player, source, script, subject, case, seconds)
        finally:
            self._players.erase(title, player)

    def _play(
        self,
        title: str,
        player: str,
        source: PinnedScripts,
        script: Script,
        subject: Subject,
        case: GoldenCase,
        seconds: float | None,
    ) -> Tried:
        converse, turns, passages = self._converse(source, subject.model), list[PlayedTurn](), tuple[Passage, ...]()
        ends = None if seconds is None else self._background.now() + seconds
        for number, message in enumerate(case.messages, 1):
            if ends is not None:
                source.seconds = ends - self._background.now()
                if source.seconds < LEAST_SECONDS:
                    break
            request = TurnRequest(message, mode=MODES.get(case.mode, case.mode), language=case.language)
            begun = self._background.now()
            try:
                told = converse(title, player, case.npc, request)
            except (ModelUnavailable, StoreUnavailable, NotFound):
                raise
            except NpcopsError as error:
                turns.append(_unanswered(message, error, round((self._background.now() - begun) * 1000)))
                break
            _refuse_outages(told, last=number == len(case.messages))
            turns.append(_played(message, told, round((self._background.now() - begun) * 1000)))
            passages = told.passages
        return Tried(script, tuple(turns), passages)

    def _converse(self, source: ScriptSource, model: str) -> Converse:
        beside, reuse = self._background, Reuse(_NoAnswers(), 0)
        return Converse(
            catalog=source,
            label="",
            scenes=SceneReader(self._players, self._retriever, beside, self._context_tokens),
            casting=Casting(model, "", _NoTunedModels(), beside),
            # Breakers of its own: what one subject does to its model must not silence the other one.
            answering=Answering(reuse, Ladder(self._chat, beside, Breakers(beside.now)), beside),
            afterwards=Afterwards(self._players, reuse, _NoEvents(), beside),
            background=beside,
            pace=self._pace,
        )


class _NoAnswers:
    """An `AnswerStore` that has none."""

    def newest(self, shelf: str, limit: int) -> list[Answer]:
        """See AnswerStore."""
        return []

    def add(self, shelf: str, answer: Answer, seconds: int) -> None:
        """See AnswerStore."""


class _NoEvents:
    """An `EventPublisher` whom nobody hears."""

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """See EventPublisher."""


class _NoTunedModels:
    """`TunedModels` of a title that has promoted none."""

    def promoted(self, title: str) -> Promoted:
        """See TunedModels."""
        return Promoted()


def _refuse_outages(told: Told, last: bool) -> None:
    why = told.turn.degraded.why if told.turn.degraded else ()
    for cause in why:
        if cause in OUTAGES:
            raise OUTAGES[cause](f"A trial was cut short by an outage ({cause}).")
    if why == (NOT_REMEMBERED,) and not last:
        raise StoreUnavailable("A trial's turn was not remembered, and more of them were to come.")


def _played(message: str, told: Told, ms: int) -> PlayedTurn:
    turn = told.turn
    return PlayedTurn(
        message=message,
        say=turn.say,
        emotion=turn.emotion,
        actions=turn.actions,
        citations=turn.citations,
        degraded=_besides_memory(turn.degraded),
        dropped=told.figures.dropped,
        model=turn.model,
        usage=turn.usage,
        ms=ms,
        first_ms=told.figures.first_ms,
        turn_id=turn.turn_id,
    )


def _besides_memory(degraded: Degraded | None) -> Degraded | None:
    """Without what a player who is erased at once has no use for."""
    if degraded is None or NOT_REMEMBERED not in degraded.why:
        return degraded
    left = tuple(cause for cause in degraded.why if cause != NOT_REMEMBERED)
    return Degraded(degraded.answer, left) if left or degraded.answer != "model" else None


def _unanswered(message: str, error: NpcopsError, ms: int) -> PlayedTurn:
    """A turn for which a player would have got an error."""
    degraded = Degraded("authored-line", (error.kind,))
    return PlayedTurn(message, "", "", (), (), degraded, (), "", Usage(), ms, None)
