"""Use cases: start an evaluation, take uploaded cases for one, and go on with one that was left unfinished."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from npcops.errors import Conflict, InvalidRequest, ModelFailed, NotFound
from npcops.evaluations import Evaluation
from npcops.load_cases import check_ids
from npcops.lore_paths import TITLE
from npcops.model_prices import chat_model
from npcops.plans import Configuration, EvaluationRequest
from npcops.studio_ports import EvaluationFiles, EvaluationStarter, EvaluationStore
from npcops.turn_ids import first_id_at, new_turn_id

UPLOAD_SECONDS = 900
UPLOADED = re.compile(r"cases/(?P<title>[^/]+)/(?P<name>[^/]+)\.jsonl")
# Ids sort by the time at which they were made, as those of turns do.
ID = re.compile(r"[0-9a-f]{22}")


class CasesUploaded(msgspec.Struct, frozen=True):
    """That an object was put into the bucket: its key, when (ISO 8601), and the sequencer that tells events apart."""

    key: str
    at: str
    sequencer: str

    @property
    def id(self) -> str:
        """The id of an evaluation that begins with it."""
        told = hashlib.blake2b(f"{self.key} {self.sequencer}".encode(), digest_size=5).hexdigest()
        return f"{first_id_at(self.at)}{told}"


class Started(msgspec.Struct, frozen=True):
    """An evaluation that was asked for."""

    evaluation: str
    state: str
    attempt: int


class OfferedUpload(msgspec.Struct, frozen=True):
    """PUT cases, a JSON line each, to `url` within `expires_seconds`; that starts the evaluation."""

    evaluation: str
    url: str
    expires_seconds: int


class StartEvaluation:
    """Starts evaluations."""

    def __init__(
        self,
        evaluations: EvaluationStore,
        files: EvaluationFiles,
        starter: EvaluationStarter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._evaluations, self._files, self._starter, self._now = evaluations, files, starter, now

    def __call__(self, title: str, by: str, request: EvaluationRequest, evaluation: str = "") -> Started:
        """Raises InvalidRequest (unknown model, two cases of one id) and StoreUnavailable.

        Whoever gives the id of the new evaluation may begin it again, and begins it once.
        """
        begun = self._begun(title, by, request)
        if evaluation:
            begun = msgspec.structs.replace(begun, id=evaluation)
        if request.cases:
            self._files.put_cases(title, begun.id, request.cases)
        try:
            self._evaluations.begin(begun)
        except Conflict:
            begun = self._evaluations.find(title, begun.id)
        return self._start(begun)

    def offer_upload(self, title: str, by: str, request: EvaluationRequest) -> OfferedUpload:
        """An evaluation that waits for its cases. Raises InvalidRequest if the request has cases itself."""
        if request.cases:
            raise InvalidRequest("Either give cases with the request, or upload them.")
        evaluation = self._begun(title, by, request)
        url, key = self._files.upload_url(title, evaluation.id, UPLOAD_SECONDS)
        self._evaluations.begin(msgspec.structs.replace(evaluation, upload=key))
        return OfferedUpload(evaluation.id, url, UPLOAD_SECONDS)

    def uploaded(self, upload: CasesUploaded) -> Started | None:
        """Start the evaluation whose cases have come; None if it has begun with others, or this is no upload of cases.

        A file that nobody had announced is evaluated with the default request. Raises StoreUnavailable.
        """
        found = UPLOADED.fullmatch(upload.key)
        if not found or not TITLE.fullmatch(found["title"]):
            return None
        waiting = self._waiting(found["title"], found["name"], upload)
        if waiting.upload != upload.key or waiting.total:
            return None
        # What was refused before has been mended.
        return self._again(waiting) if waiting.state == "failed" else self._start(waiting)

    def _waiting(self, title: str, name: str, upload: CasesUploaded) -> Evaluation:
        if ID.fullmatch(name):
            with suppress(NotFound):
                return self._evaluations.find(title, name)
        request = EvaluationRequest(note=f"Uploaded as {name}"[:500])
        begun = msgspec.structs.replace(self._begun(title, "upload", request), id=upload.id, upload=upload.key)
        # The same event may come twice.
        with suppress(Conflict):
            self._evaluations.begin(begun)
        return self._evaluations.find(title, begun.id)

    def resume(self, title: str, evaluation: str) -> Started:
        """Go on with an evaluation that failed, was interrupted, or lacks results. Raises NotFound and Conflict."""
        known = self._evaluations.find(title, evaluation)
        if known.state == "concluded" and known.verdict and known.verdict.outcome != "incomplete":
            raise Conflict("This evaluation is concluded and has all its results; start a new one.")
        if known.state in ("queued", "running") and self._starter.running(evaluation, known.attempt):
            raise Conflict("This evaluation is still under way.")
        return self._again(known)

    def _again(self, evaluation: Evaluation) -> Started:
        again = msgspec.structs.replace(evaluation, state="queued", attempt=evaluation.attempt + 1, failure="")
        self._evaluations.replace(again)
        return self._start(again)

    def _start(self, evaluation: Evaluation) -> Started:
        self._starter.start(evaluation.title, evaluation.id, evaluation.attempt)
        return Started(evaluation.id, evaluation.state, evaluation.attempt)

    def _begun(self, title: str, by: str, request: EvaluationRequest) -> Evaluation:
        for configuration in (request.candidate, request.baseline):
            check_model(configuration)
        check_ids(request.cases)
        bare = msgspec.structs.replace(request, cases=())
        return Evaluation(title, new_turn_id(), by, self._now().isoformat(timespec="milliseconds"), bare)


def check_model(configuration: Configuration | None) -> None:
    """Raises InvalidRequest for a model of which nothing is known: a mistyped one would fail every case."""
    if configuration and configuration.model:
        try:
            chat_model(configuration.model)
        except ModelFailed as error:
            raise InvalidRequest(str(error)) from None
