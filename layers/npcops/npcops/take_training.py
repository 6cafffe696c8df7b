"""Use case: training data came; start the pipeline once for this version of it, whatever is told twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from npcops.errors import InvalidRequest, InvalidTemplate, NotFound, TooLarge
from npcops.offer_training import check_format
from npcops.recipes import Recipe
from npcops.training_events import PLAIN_TEXT, TrainingPlace, digest_of, place_of
from npcops.training_request import TrainingRequest
from npcops.tuning_ports import ModelRegistry, TrainingFiles, TuningPipeline, TuningStore
from npcops.tuning_requests import Prompting, registered_npcs, settled
from npcops.tunings import TrainingUploaded, Tuning, TuningRequest
from npcops.turn_ids import first_id_at, now_iso

UPLOADER = "upload"
NOTE = 500
# What a processing job reads.
MOST_BYTES = 256 * 2**20
REQUEST = "request.json"
# Of an id of a run, what follows the digits that tell its time.
ID_DIGITS = 10


class ProcessingCode(Protocol):
    """The code of processing jobs."""

    def files(self) -> Mapping[str, bytes]:
        """Its files by name."""

    def digest(self) -> str:
        """What is another for other files."""


class Taken(msgspec.Struct, frozen=True):
    """What became of an upload. `known`: it has its execution; `refused`: the run failed, and says why."""

    outcome: Literal["started", "known", "refused", "skipped"]
    title: str = ""
    tuning: str = ""
    reason: str = ""


class TakeTraining:
    """Starts executions of the pipeline.

    Everything it does can be done again, by itself after a crash or by two at once, with the same result; see
    docs/decisions/0026.
    """

    def __init__(
        self,
        tunings: TuningStore,
        files: TrainingFiles,
        pipeline: TuningPipeline,
        registry: ModelRegistry,
        prompting: Prompting,
        code: ProcessingCode,
        base: str,
        now: Callable[[], str] = now_iso,
    ) -> None:
        self._tunings, self._files, self._pipeline, self._registry = tunings, files, pipeline, registry
        self._prompting, self._code, self._base, self._now = prompting, code, base, now

    def __call__(self, upload: TrainingUploaded) -> Taken:
        """Raises StoreUnavailable."""
        try:
            place = place_of(upload)
            self._prompting.check(place.title, ())
        except InvalidRequest as error:
            return Taken("skipped", reason=str(error))
        tuning = self._run_of(upload, place)
        if tuning.execution or tuning.state != "running":
            return Taken("known", tuning.title, tuning.id)
        try:
            parameters = self._prepared(tuning, place, upload.size)
        except (InvalidRequest, InvalidTemplate, NotFound, TooLarge) as error:
            self._tunings.change(tuning.title, tuning.id, state="failed", failure=str(error), ended_at=self._now())
            return Taken("refused", tuning.title, tuning.id, str(error))
        execution = self._pipeline.start(tuning.id, digest_of(upload), parameters)
        started = self._tunings.change(tuning.title, tuning.id, execution=execution)
        if started.state == "stopped":
            # By a person, while it was being started.
            self._pipeline.stop(execution)
        return Taken("started", tuning.title, tuning.id)

    def _run_of(self, upload: TrainingUploaded, place: TrainingPlace) -> Tuning:
        """The run of this version: the one that waited for it, or one of its own."""
        try:
            waiting = self._tunings.claim(place.title, place.name, upload.key, upload.version)
        except NotFound:
            kind: Literal["fine-tuning", "continued-pre-training"] = "fine-tuning"
            if place.extension == PLAIN_TEXT:
                kind = "continued-pre-training"
            name = upload.key.rpartition("/")[2]
            request = TuningRequest(dataset=place.dataset, type=kind, note=f"Uploaded as {name}"[:NOTE])
            return self._begun(upload, place, request, UPLOADER)
        if (waiting.key, waiting.object_version) == (upload.key, upload.version) or not waiting.key:
            return waiting
        # Whoever puts other data in the place of those that run has them learned as well.
        return self._begun(upload, place, waiting.request, waiting.requested_by)

    def _begun(self, upload: TrainingUploaded, place: TrainingPlace, request: TuningRequest, by: str) -> Tuning:
        digest = digest_of(upload)
        tuning = Tuning(
            title=place.title,
            id=f"{first_id_at(upload.at)}{digest[:ID_DIGITS]}",
            requested_by=by,
            requested_at=upload.at,
            request=request,
            state="running",
            key=upload.key,
            object_version=upload.version,
        )
        return self._tunings.begin_for(tuning, digest)

    def _prepared(self, tuning: Tuning, place: TrainingPlace, size: int) -> dict[str, str]:
        """The parameters of the execution, after everything that they name has been put there."""
        title, (wanted, recipe) = tuning.title, settled(tuning.request, self._base)
        check_format(place.extension, wanted)
        if size > MOST_BYTES:
            raise TooLarge(f"The data has {size} bytes; {MOST_BYTES} are allowed.")
        npcs = self._prompting(title, wanted.npcs, wanted.base)
        if wanted != tuning.request:
            self._tunings.change(title, tuning.id, request=wanted)
        data = self._files.keep_data(
            tuning.key, tuning.object_version, title, tuning.id, f"source/data.{place.extension}"
        )
        request = TrainingRequest(title, tuning.id, wanted, npcs)
        self._files.put(title, tuning.id, REQUEST, msgspec.json.encode(request))
        return self._named(tuning, wanted, recipe) | {
            "DataUri": data,
            "DataVersion": tuning.object_version,
            "RequestUri": self._files.run_uri(title, tuning.id, REQUEST),
            "CodeUri": self._put_code(),
            "OutputUri": self._files.run_uri(title, tuning.id),
            "ModelGroup": self._registry.ensure_group(title),
        }

    def _named(self, tuning: Tuning, wanted: TuningRequest, recipe: Recipe) -> dict[str, str]:
        return {
            "Title": tuning.title,
            "Tuning": tuning.id,
            "BaseModel": wanted.base,
            "Family": recipe.family,
            "Type": wanted.type,
            "Throughput": recipe.runs_on(wanted.throughput),
            "Npcs": registered_npcs(wanted.npcs),
        }

    def _put_code(self) -> str:
        """The folder of the code. Its name tells the code, so that what runs is never changed under a job."""
        folder = ""
        for name, data in self._code.files().items():
            folder = self._files.put_code(f"{self._code.digest()}/{name}", data)
        return folder
