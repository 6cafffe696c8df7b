"""Typed values of answers that people have judged by a rubric, and what the judge model made of them."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from npcops.dialogue import NpcName
from npcops.golden import CaseId, Message
from npcops.memory import Flag
from npcops.people import Agreement


class LabelledAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer of an NPC, and whether it is good by a rubric. With `flags`, the player's world, lore is looked up."""

    id: CaseId
    npc: NpcName
    player: Message
    reply: Message
    verdict: bool
    flags: Annotated[tuple[Flag, ...], msgspec.Meta(max_length=100)] = ()
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""

    @property
    def about(self) -> str:
        """The same for the same words in the same world, whoever judges them, and however."""
        whole = msgspec.json.encode((self.npc, self.player, self.reply, sorted(self.flags)))
        return hashlib.blake2b(whole, digest_size=12).hexdigest()


class NewJudgements(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `PUT /v1/rubrics/{rubric}/judgements`; without answers, those known are judged on."""

    answers: Annotated[tuple[LabelledAnswer, ...], msgspec.Meta(max_length=20)] = ()


class Labelled(msgspec.Struct, frozen=True):
    """Which person judged an answer by which rubric, and when (ISO 8601, UTC)."""

    rubric: str
    answer: LabelledAnswer
    by: str
    at: str


class JudgeVersions(msgspec.Struct, frozen=True):
    """By what exactly a judge judges. Another wording of rubric or prompt, or another model, is another judge."""

    rubric_version: str
    prompt_version: str
    model: str


class Judged(msgspec.Struct, frozen=True):
    """What a judge said of the answer that is `about` these words (see LabelledAnswer)."""

    rubric: str
    about: str
    judge: JudgeVersions
    verdict: bool
    why: str = ""


class Differing(msgspec.Struct, frozen=True):
    """An answer of which a judge thinks otherwise than a person."""

    id: str
    person: bool
    judge: bool
    why: str = ""


class JudgedSoFar(msgspec.Struct, frozen=True):
    """How far a judge is: `left` answers wait for it. `agreement` is over those that both have judged."""

    rubric: str
    judge: JudgeVersions
    answers: int
    left: int
    agreement: Agreement
    differing: tuple[Differing, ...] = ()


class Agreements(msgspec.Struct, frozen=True):
    """How far reviewers agree with each other, and judges with people."""

    agreements: tuple[Agreement, ...]
