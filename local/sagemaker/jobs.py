"""The processing jobs that run now: a thread each, a few at a time, ended with this process."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.sagemaker import processing
from local.sagemaker.cloud import Cloud
from local.sagemaker.processing import Job, Outcome
from local.sagemaker.records import FAILED

AT_ONCE = 2
_LOG = logging.getLogger(__name__)


class Jobs:
    """Runs jobs in folders below `folder`, and keeps what they print in `logs`."""

    def __init__(self, cloud: Cloud, folder: Path, logs: Path) -> None:
        self._cloud, self._folder, self._logs = cloud, folder, logs
        self._turn = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._closing = False

    def start(self, name: str, arguments: dict[str, Any], ended: Callable[[Outcome], None]) -> None:
        """Run a job, unless it runs; `ended` is called from its thread, but not for what `close` ends."""
        with self._lock:
            if name in self._threads or self._closing:
                return
            stop = self._stops.setdefault(name, threading.Event())
            thread = threading.Thread(target=self._run, args=(Job(name, arguments), stop, ended), name=name)
            self._threads[name] = thread
            thread.start()

    def stop(self, name: str) -> None:
        """End a job, also one that is about to be started."""
        with self._lock:
            self._stops.setdefault(name, threading.Event()).set()

    def close(self) -> None:
        """End all jobs, which are left as they are: whoever comes next starts them anew."""
        with self._lock:
            self._closing = True
            threads = list(self._threads.values())
            for stop in self._stops.values():
                stop.set()
        for thread in threads:
            thread.join()

    def _run(self, job: Job, stop: threading.Event, ended: Callable[[Outcome], None]) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        # A new folder each time: what a killed predecessor left may not be dead yet.
        folder = self._folder / f"{job.name}-{uuid.uuid4().hex[:8]}"
        with self._turn:
            try:
                outcome = processing.run(job, self._cloud, folder, self._logs / f"{job.name}.log", stop)
            except Exception as error:  # noqa: BLE001 - whatever it is, the step must end
                _LOG.error("job %s broke", job.name, exc_info=error)
                outcome = Outcome(FAILED, f"InternalServerError: {type(error).__name__}; see the server's log.")
        with self._lock:
            closing = self._closing
            self._threads.pop(job.name, None)
            self._stops.pop(job.name, None)
        if not closing:
            ended(outcome)
