"""Use case: somebody wants a model to be tuned, and is told where to put the data for it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from npcops.errors import InvalidRequest
from npcops.proposals import take_up
from npcops.training_events import EXTENSIONS, PLAIN_TEXT, TrainingPlace
from npcops.tuning_ports import TrainingFiles, TuningStore
from npcops.tuning_requests import Prompting, settled
from npcops.tunings import Tuning, TuningRequest
from npcops.turn_ids import new_turn_id, now_iso

UPLOAD_SECONDS = 3600


class OfferedTraining(msgspec.Struct, frozen=True):
    """PUT the data to `url` within `expires_seconds`; that starts the run. `key` is where it will lie."""

    tuning: str
    url: str
    key: str
    expires_seconds: int


class OfferTraining:
    """Begins runs that wait for their data. `base` is tuned where nobody names a model."""

    def __init__(
        self,
        tunings: TuningStore,
        files: TrainingFiles,
        prompting: Prompting,
        base: str,
        now: Callable[[], str] = now_iso,
    ) -> None:
        self._tunings, self._files, self._prompting, self._base, self._now = tunings, files, prompting, base, now

    def __call__(self, title: str, by: str, request: TuningRequest, extension: str) -> OfferedTraining:
        """Raises InvalidRequest (no such format, NPC or base, or it cannot be tuned so) and StoreUnavailable."""
        wanted, _ = settled(request, self._base)
        check_format(extension, wanted)
        self._prompting.check(title, wanted.npcs)
        tuning = Tuning(title, new_turn_id(), by, self._now(), wanted)
        key = TrainingPlace(title, wanted.dataset, tuning.id, extension).key
        url = self._files.upload_url(key, UPLOAD_SECONDS)
        self._tunings.begin(tuning)
        take_up(self._tunings, title, wanted.npcs, tuning.id, tuning.requested_at)
        return OfferedTraining(tuning.id, url, key, UPLOAD_SECONDS)


def check_format(extension: str, request: TuningRequest) -> None:
    """Raises InvalidRequest for a format that is none, or does not fit the type of tuning."""
    if extension not in EXTENSIONS:
        raise InvalidRequest(f"Training data has one of the formats {', '.join(EXTENSIONS)}.")
    if extension == PLAIN_TEXT and request.type == "fine-tuning":
        raise InvalidRequest("Plain text has no questions and answers: ask for continued-pre-training.")
