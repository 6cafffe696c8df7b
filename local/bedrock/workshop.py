"""Works off customization jobs, one after the other: reads the data, has a process train, and tells how it stands.

What a job has come to is in its folder. After a kill of the service, and of the trainer with it, the job goes on from
its last checkpoint.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from local.bedrock import hyperparameters, job_metrics, training_data
from local.bedrock.errors import ServiceError
from local.bedrock.ledger import Ledger
from local.bedrock.lessons import Lessons
from local.bedrock.models import Models
from local.bedrock.objects import CutOff, Objects
from local.bedrock.records import CONTINUED_PRE_TRAINING, CustomModel, Job, JobStatus, arn, now
from local.layout import ROOT
from local.processes import last_lines
from local.tuning import job as files
from local.tuning.packing import Example, write_examples

LOOK_SECONDS = 1.0
# The cloud is started after this service, and may be started anew while a job trains.
CLOUD_PATIENCE_SECONDS = 120.0
LOG = "trainer.log"
_LOG = logging.getLogger(__name__)
T = TypeVar("T")


class JobFailed(Exception):
    """The job cannot be done; the message tells people why."""


class Workshop:
    """`trainer` makes the command that trains the job in a folder."""

    def __init__(
        self, ledger: Ledger, folder: Path, models: Models, objects: Objects, trainer: Callable[[Path], Sequence[str]]
    ) -> None:
        self._ledger, self._folder, self._models, self._objects = ledger, folder, models, objects
        self._trainer = trainer
        self._awake = asyncio.Event()
        self._told: dict[str, bytes] = {}

    def folder(self, job: str) -> Path:
        """The files of the job of this id."""
        return self._folder / job

    def wake(self) -> None:
        """There is something to do."""
        self._awake.set()

    async def run(self) -> None:
        """Works until it is cancelled, which ends a trainer as well."""
        while True:
            self._awake.clear()
            self._stop_those_told()
            job = next((job for job in self._ledger.all(Job) if job.status == "InProgress"), None)
            if job is None:
                await self._awake.wait()
            else:
                await self._do(job)

    async def _do(self, job: Job) -> None:
        try:
            await self._prepare(job)
            await self._train(job)
        except (JobFailed, ServiceError, OSError) as error:
            _LOG.warning("job %s failed: %s", job.id, error)
            if self._told_to_stop(job):
                self._end(job, "Stopped")
            else:
                self._end(job, "Failed", failure=str(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one job, the next ones are done
            _LOG.exception("job %s failed", job.id)
            self._end(job, "Failed", failure=f"The service failed ({type(error).__name__}); see its log.")

    async def _prepare(self, job: Job) -> None:
        """Fills the folder, unless that is done."""
        folder = self.folder(job.id)
        if (folder / files.PLAN).exists():
            return
        folder.mkdir(parents=True, exist_ok=True)
        base = await self._models.base(job.base)
        lessons = Lessons(base)
        write_examples(folder / files.TRAIN, await self._examples(job, [job.training], lessons, rehearsed=True))
        if job.validation:
            validation = await self._examples(job, job.validation, lessons, rehearsed=False)
            write_examples(folder / files.VALIDATION, validation)
        if not (folder / files.TRAIN).stat().st_size:
            raise JobFailed("The training data hold nothing that could be learned.")
        files.write_plan(folder, hyperparameters.plan(str(base.path), job.model_name, job.hyperparameters))

    async def _examples(self, job: Job, uris: Sequence[str], lessons: Lessons, rehearsed: bool) -> list[Example]:
        examples: list[Example] = []
        for uri in uris:
            data = await self._patiently(job, partial(asyncio.to_thread, self._objects.read, uri))
            name = uri.rpartition("/")[2]
            if job.type == CONTINUED_PRE_TRAINING:
                examples += await lessons.of_texts(training_data.texts(data, name))
            else:
                examples += await lessons.of_conversations(training_data.conversations(data, name), rehearsed)
        return examples

    async def _train(self, job: Job) -> None:
        if self._told_to_stop(job):
            self._end(job, "Stopped")
            return
        folder = self.folder(job.id)
        with (folder / LOG).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *self._trainer(folder), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
                | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        try:
            stopped = await self._watch(job, process)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if stopped:
            self._end(job, "Stopped")
        else:
            await self._conclude(job, folder, process.returncode or 0)

    async def _watch(self, job: Job, process: asyncio.subprocess.Process) -> bool:
        """Tells how far it is until the trainer ends; True if the job is to be stopped before."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), LOOK_SECONDS)
                return False
            self._stop_those_told(but=job)
            if self._told_to_stop(job):
                return True
            try:
                await self._tell(job)
            except ServiceError as error:
                _LOG.warning("job %s: %s", job.id, error)

    async def _tell(self, job: Job) -> None:
        """Writes the metrics that have changed. Raises ServiceError."""
        for uri, data in job_metrics.files(job, files.read_points(self.folder(job.id))).items():
            if self._told.get(uri) != data:
                await asyncio.to_thread(self._objects.write, uri, data)
                self._told[uri] = data

    async def _patiently(self, job: Job, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` gives, which is tried again while the cloud does not answer. Raises ServiceError."""
        until = time.monotonic() + CLOUD_PATIENCE_SECONDS
        while True:
            try:
                return await work()
            except CutOff:
                self._stop_those_told(but=job)
                if time.monotonic() > until or self._told_to_stop(job):
                    raise
                await asyncio.sleep(LOOK_SECONDS)

    async def _conclude(self, job: Job, folder: Path, code: int) -> None:
        if code or not (folder / files.DONE).exists():
            with suppress(FileNotFoundError):
                raise JobFailed((folder / files.FAILURE).read_text("utf-8"))
            killed = "The trainer was killed, perhaps for want of memory." if code < 0 else "The trainer failed."
            raise JobFailed(f"{killed} {last_lines(folder / LOG, 3)}".strip())
        try:
            await self._patiently(job, partial(self._tell, job))
        except ServiceError as error:
            # Without its curve a model is as good as it is.
            _LOG.warning("job %s: %s", job.id, error)
        done = json.loads((folder / files.DONE).read_text("utf-8"))
        model = CustomModel(
            id=job.id, arn=arn("custom-model", job.base, job.id), name=job.model_name, created=now(), base=job.base,
            job=job.arn,
        )  # fmt: skip
        self._ledger.put(model)
        losses = {name: done[name] for name in ("training_loss", "validation_loss")}
        self._end(job, "Completed", model_arn=model.arn, **losses)

    def _stop_those_told(self, but: Job | None = None) -> None:
        for job in self._ledger.all(Job):
            if job.status == "Stopping" and (but is None or job.id != but.id):
                self._end(job, "Stopped")

    def _told_to_stop(self, job: Job) -> bool:
        return any(other.id == job.id and other.status == "Stopping" for other in self._ledger.all(Job))

    def _end(self, job: Job, status: JobStatus, **told: object) -> None:
        moment = now()
        self._ledger.put(msgspec.structs.replace(job, status=status, modified=moment, ended=moment, **told))
        folder = self.folder(job.id)
        if status != "Completed":
            shutil.rmtree(folder, ignore_errors=True)
            return
        for name in (files.CHECKPOINT, files.TRAIN, files.VALIDATION, LOG):
            (folder / name).unlink(missing_ok=True)
