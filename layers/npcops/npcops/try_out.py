"""Use case: hear how an NPC would speak by some configuration, without moving a label and without evaluating."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated

import msgspec

from npcops.configured import subject_of
from npcops.dialogue import Mode, NpcName, ShownPassage
from npcops.golden import GoldenCase, Message
from npcops.memory import Flag
from npcops.plans import Configuration, Subject
from npcops.playings import PlayedTurn
from npcops.ports import Catalog
from npcops.promotions import Promoted
from npcops.start_evaluation import check_model
from npcops.trial import Trial


class TryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/tryouts`: what a player says, one after the other, and what is true of them."""

    npc: NpcName
    messages: Annotated[tuple[Message, ...], msgspec.Meta(min_length=1, max_length=8)]
    flags: Annotated[tuple[Flag, ...], msgspec.Meta(max_length=500)] = ()
    configuration: Configuration = Configuration()
    mode: Mode = "rag"
    language: str | None = None
    greedy: bool = False


class TriedOut(msgspec.Struct, frozen=True):
    """The turns, by which subject they were spoken, and the passages of the last one.

    `unanswered` messages are left of a conversation that took too long, or broke off.
    """

    subject: Subject
    turns: tuple[PlayedTurn, ...]
    passages: tuple[ShownPassage, ...]
    unanswered: int = 0


class TryOut:
    """Tries configurations out. `stage_model` speaks where the title names no model and has promoted none."""

    def __init__(
        self,
        catalog: Catalog,
        trial: Trial,
        stage_model: str,
        promoted: Callable[[str], Promoted] = lambda _: Promoted(),
    ) -> None:
        self._catalog, self._trial, self._stage_model, self._promoted = catalog, trial, stage_model, promoted

    def __call__(self, title: str, request: TryRequest, seconds: float) -> TriedOut:
        """Speak for at most `seconds`. Raises NotFound, InvalidRequest, ModelUnavailable and StoreUnavailable."""
        check_model(request.configuration)
        tuned = self._promoted(title).current
        subject, _ = subject_of(self._catalog, request.configuration, title, request.npc, self._stage_model, tuned)
        case = GoldenCase(
            "tryout",
            request.npc,
            "conversation",
            request.messages,
            flags=request.flags,
            mode=request.mode,
            language=request.language,
        )
        player = f"trial.{secrets.token_hex(8)}"
        tried = self._trial(title, player, subject, case, request.greedy, seconds)
        passages = tuple(ShownPassage(one.id, one.document, one.title, one.text) for one in tried.passages)
        return TriedOut(subject, tried.turns, passages, len(request.messages) - len(tried.turns))
