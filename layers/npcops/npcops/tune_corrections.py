"""Use case: tune a model by the corrected answers that people have accepted for training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import msgspec

from npcops.dialogue import NpcName
from npcops.errors import Conflict
from npcops.people import Correction
from npcops.proposals import take_up
from npcops.studio_ports import ReviewStore
from npcops.training_events import CORRECTIONS, TrainingPlace
from npcops.tuning_ports import TrainingFiles, TuningStore
from npcops.tuning_requests import Prompting, settled
from npcops.tunings import ModelId, Throughput, Tuning, TuningRequest
from npcops.turn_ids import new_turn_id, now_iso

ACCEPTED = "accepted"
PAGE = 100


class CorrectionsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/tunings/corrections`; its fields are those of a TuningRequest.

    Corrections of `npcs` alone are learned (none: of all).
    """

    npcs: Annotated[tuple[NpcName, ...], msgspec.Meta(max_length=100)] = ()
    base: ModelId = ""
    throughput: Throughput | None = None
    hyperparameters: dict[str, str] = {}
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class TunedCorrections(msgspec.Struct, frozen=True):
    """The run that was begun, and how many corrections it has to learn from."""

    tuning: str
    corrections: int


class TuneCorrections:
    """Makes training data of accepted corrections. `base` is tuned where nobody names a model."""

    def __init__(
        self,
        tunings: TuningStore,
        files: TrainingFiles,
        reviews: ReviewStore,
        prompting: Prompting,
        base: str,
        now: Callable[[], str] = now_iso,
    ) -> None:
        self._tunings, self._files, self._reviews = tunings, files, reviews
        self._prompting, self._base, self._now = prompting, base, now

    def __call__(self, title: str, by: str, request: CorrectionsRequest) -> TunedCorrections:
        """Raises InvalidRequest, Conflict (there is nothing to learn from) and StoreUnavailable."""
        asked = TuningRequest(
            dataset=CORRECTIONS,
            npcs=request.npcs,
            base=request.base,
            throughput=request.throughput,
            hyperparameters=request.hyperparameters,
            note=request.note,
        )
        wanted, _ = settled(asked, self._base)
        self._prompting.check(title, wanted.npcs)
        lines = [_line(each) for each in self._accepted(title) if not wanted.npcs or each.npc in wanted.npcs]
        if not lines:
            raise Conflict("No correction has been accepted for training; accept some with `training` first.")
        tuning = Tuning(title, new_turn_id(), by, self._now(), wanted)
        self._tunings.begin(tuning)
        take_up(self._tunings, title, wanted.npcs, tuning.id, tuning.requested_at)
        self._files.put_data(TrainingPlace(title, CORRECTIONS, tuning.id, "jsonl").key, b"".join(lines))
        return TunedCorrections(tuning.id, len(lines))

    def _accepted(self, title: str) -> Iterator[Correction]:
        before = ""
        while found := self._reviews.corrections(title, ACCEPTED, PAGE, before):
            yield from (each for each in found if each.training)
            before = found[-1].id


def _line(correction: Correction) -> bytes:
    """A conversation of its own, told whose answer it is."""
    said = ({"role": "user", "content": correction.message}, {"role": "assistant", "content": correction.corrected})
    return msgspec.json.encode({"npc": correction.npc, "messages": said}) + b"\n"
