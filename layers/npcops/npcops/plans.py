"""Typed values of what an evaluation plays: by what an NPC speaks, what was asked for, and the plan made of it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec

from npcops.dialogue import NpcName
from npcops.golden import Bars, GoldenCase

EntryName = Annotated[str, msgspec.Meta(pattern=r"^(npcs|prompts|titles|examples|actions)/[a-z0-9][a-z0-9-]{0,62}$")]
Version = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Side = Literal["candidate", "baseline"]


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what an NPC speaks: everything at `label`, but for what is named.

    `versions` maps `kind/name` to a version or label. `model` and `lore` (a snapshot) stand in the place of those that
    players have: the promoted model, or else those of the title's entry or the stage.
    """

    label: str = "production"
    versions: dict[EntryName, Version] = {}
    model: str = ""
    lore: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{16})?$")] = ""


class Subject(msgspec.Struct, frozen=True):
    """Exactly what was evaluated, or would be in production: the versions behind every word of one NPC.

    `versions` maps `kind/name` to version ids; `model` is the id of the model asked first; `lore` the snapshot, empty
    for the title's live lore.
    """

    npc: str
    versions: dict[str, str]
    model: str
    lore: str = ""

    @property
    def digest(self) -> str:
        """32 hexadecimal characters, equal for equal subjects."""
        encoded = msgspec.json.encode(self, order="deterministic")
        return hashlib.blake2b(encoded, digest_size=16).hexdigest()


class EvaluationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/evaluations`.

    Without `npcs`, those are played whose cards name suites (or who have cases in `suites` or `cases`); without
    `suites`, those that each card names; `cases` are played besides (alone, if neither `npcs` nor `suites` are given),
    and are not part of the canon gate. Without `baseline` (null) there is nothing to compare with. `greedy` has the
    model choose its likeliest words, so that a repetition gives the same; otherwise each case is played `repeats` times
    as players would hear it.
    """

    candidate: Configuration = Configuration()
    baseline: Configuration | None = Configuration()
    npcs: Annotated[tuple[NpcName, ...], msgspec.Meta(max_length=100)] = ()
    suites: Annotated[tuple[str, ...], msgspec.Meta(max_length=20)] = ()
    cases: Annotated[tuple[GoldenCase, ...], msgspec.Meta(max_length=1000)] = ()
    greedy: bool = True
    repeats: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    judge: bool = True
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class SuiteRun(msgspec.Struct, frozen=True):
    """One suite as one NPC plays it: what the canon gate asks for."""

    npc: str
    suite: str
    suite_version: str
    cases: tuple[str, ...]


class JudgedBy(msgspec.Struct, frozen=True):
    """By what a judge model judges: its id, the version of prompt `judge`, and those of rubrics by name.

    What the catalogue did not have when this was fixed is empty or left out.
    """

    model: str
    prompt: str
    rubrics: dict[str, str]


class PlannedCase(msgspec.Struct, frozen=True):
    """A case and where it stands: `key` is unique in the evaluation, `suite` empty for a case that came with it.

    `judged_by` is None for a case of which the judge is asked nothing.
    """

    key: str
    suite: str
    case: GoldenCase
    judged_by: JudgedBy | None = None


class Change(msgspec.Struct, frozen=True):
    """What differs between candidate and baseline: an entry's field, or the model or lore; values as readable text."""

    entry: str
    field: str
    before: str
    after: str


class Plan(msgspec.Struct, frozen=True):
    """An evaluation with everything resolved, fixed when it is first loaded, so that a resumed one goes on as it began.

    `candidate` and `baseline` are the subjects by NPC, `bars` those of the suites by name.
    """

    title: str
    id: str
    request: EvaluationRequest
    candidate: dict[str, Subject]
    baseline: dict[str, Subject]
    runs: tuple[SuiteRun, ...]
    cases: tuple[PlannedCase, ...]
    bars: dict[str, Bars] = {}
    judge_model: str = ""
    changes: tuple[Change, ...] = ()
