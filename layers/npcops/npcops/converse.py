"""Use case: one turn of a conversation between a player and an NPC."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Sequence

import msgspec

from npcops.dialogue import (
    Citation,
    Mode,
    NpcCard,
    RememberedTurn,
    Speech,
    Spoken,
    Summary,
    Turn,
    TurnRequest,
    Usage,
)
from npcops.errors import NoTunedModel, StoreUnavailable
from npcops.lore import Gate, Passage, Viewer
from npcops.ports import Catalog, ChatModel, EventPublisher, PlayerStore, TunedModels
from npcops.prompting import build_prompt
from npcops.replies import parse_speech
from npcops.retrieval import Retriever
from npcops.tokens import estimate

log = logging.getLogger(__name__)
# More turns than any sensible token budget holds; a bound for the read, not a policy.
RECENT_TURNS = 40


def new_turn_id() -> str:
    """An id that sorts by the time it was made: 12 hexadecimal digits of milliseconds, 10 random ones."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(5)}"


class Recalled(msgspec.Struct, frozen=True):
    """What an NPC may remember here and now: everything whose gate admits the player as they are."""

    turns: tuple[RememberedTurn, ...]
    summaries: tuple[Summary, ...]

    @property
    def gates(self) -> list[Gate]:
        """The gates of all that is remembered: a reply may quote any of it."""
        return [*(turn.gate for turn in self.turns), *(summary.gate for summary in self.summaries)]


class Converse:
    """Answers a player in a character's voice."""

    def __init__(
        self,
        catalog: Catalog,
        label: str,
        players: PlayerStore,
        retriever: Callable[[], Retriever],
        chat: ChatModel,
        tuned: TunedModels,
        events: EventPublisher,
        context_tokens: int,
    ) -> None:
        self._catalog, self._label, self._players, self._retriever = catalog, label, players, retriever
        self._chat, self._tuned, self._events, self._context_tokens = chat, tuned, events, context_tokens

    def __call__(self, title: str, player: str, npc: str, request: TurnRequest) -> Turn:
        """Speak one turn.

        Raises NotFound (no such NPC), NoTunedModel, ModelFailed, ModelUnavailable or StoreUnavailable.
        """
        turn_id = new_turn_id()
        card, _ = self._catalog.npc(title, npc, self._label)
        template, prompt_version = self._catalog.prompt(title, "dialogue", self._label)
        model = self._model(title, request.mode)
        viewer = Viewer(npc, self._players.world(title, player).as_flags())
        recalled = self._recall(title, player, card, request.save, viewer)
        passages = self._lore(title, request, viewer, recalled)
        prompt = build_prompt(
            template=template,
            card=card,
            title=self._catalog.game(title, self._label),
            passages=passages,
            summaries=[summary.text for summary in recalled.summaries],
            turns=recalled.turns,
            message=request.message,
            language=request.language or "",
            attribution={"title": title, "npc": npc, "turn": turn_id},
        )
        reply = self._chat.reply(prompt, model)
        speech = parse_speech(reply, card, [passage.id for passage in passages])
        gate = Gate.all_of([*(passage.gate for passage in passages), *recalled.gates])
        remembered = RememberedTurn(turn_id, request.message, speech.say, gate)
        self._players.append_turn(title, player, npc, request.save, remembered, card.memory.ttl_days)
        turn = _turn(turn_id, npc, request.mode, speech, passages, reply.model, prompt_version, reply.usage)
        self._announce(title, player, request.save, turn)
        return turn

    def _model(self, title: str, mode: Mode) -> str | None:
        if mode in ("base", "rag"):
            return None
        promoted = self._tuned.promoted(title)
        if mode == "tuned" and promoted is None:
            raise NoTunedModel("Promote a tuned model for this title first, or ask with mode base, rag or auto.")
        return promoted

    def _recall(self, title: str, player: str, card: NpcCard, save: str, viewer: Viewer) -> Recalled:
        memory = self._players.memory(title, player, card.id, save)
        turns = self._players.turns(title, player, card.id, save, memory.until, RECENT_TURNS, newest=True)
        admitted = [turn for turn in turns if turn.gate.admits(viewer)]
        return Recalled(
            turns=_within(admitted, card.memory.recent_tokens),
            summaries=_newest(
                [summary for summary in memory.summaries if summary.gate.admits(viewer)], card.memory.summary_tokens
            ),
        )

    def _lore(self, title: str, request: TurnRequest, viewer: Viewer, recalled: Recalled) -> list[Passage]:
        if request.mode not in ("rag", "auto"):
            return []
        # A follow-up ("And who built it?") is only found together with what it follows.
        history = [turn.player for turn in recalled.turns[-2:]]
        return self._retriever().retrieve(title, request.message, viewer, self._context_tokens, history=history)

    def _announce(self, title: str, player: str, save: str, turn: Turn) -> None:
        spoken = Spoken(
            title=title,
            player=player,
            npc=turn.npc,
            save=save,
            turn_id=turn.turn_id,
            mode=turn.mode,
            model=turn.model,
            prompt_version=turn.prompt_version,
            degraded=turn.degraded,
            usage=turn.usage,
        )
        try:
            self._events.publish("TurnSpoken.v1", msgspec.to_builtins(spoken))
        except StoreUnavailable:
            # The player has an answer; summaries catch up with the next turn's event.
            log.warning("turn not announced", extra={"turn_id": turn.turn_id})


def _within(turns: Sequence[RememberedTurn], budget: int) -> tuple[RememberedTurn, ...]:
    """The longest run of latest turns that fits the budget, oldest first."""
    kept: list[RememberedTurn] = []
    for turn in reversed(turns):
        budget -= estimate(turn.player) + estimate(turn.npc)
        if budget < 0:
            break
        kept.append(turn)
    return tuple(reversed(kept))


def _newest(summaries: Sequence[Summary], budget: int) -> tuple[Summary, ...]:
    """The summaries that fit the budget, newest first. Each stands by itself: one too large makes way for the next."""
    kept: list[Summary] = []
    for summary in reversed(summaries):
        if (size := estimate(summary.text)) <= budget:
            budget -= size
            kept.append(summary)
    return tuple(kept)


def _turn(
    turn_id: str,
    npc: str,
    mode: Mode,
    speech: Speech,
    passages: Sequence[Passage],
    model: str,
    prompt_version: str,
    usage: Usage,
) -> Turn:
    given = {passage.id: passage for passage in passages}
    citations = tuple(
        Citation(cited, given[cited].document, given[cited].title) for cited in speech.citations if cited in given
    )
    return Turn(
        turn_id=turn_id,
        npc=npc,
        mode=mode,
        say=speech.say,
        emotion=speech.emotion,
        actions=speech.actions,
        citations=citations,
        degraded=None,
        model=model,
        prompt_version=prompt_version,
        usage=usage,
    )
