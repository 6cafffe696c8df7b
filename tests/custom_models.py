"""A `CustomModels` in memory, on a test's clock: jobs that take their time, and throughput that is paid for."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from npcops.errors import Conflict, NotFound
from npcops.tunings import Deployment, JobState, JobStatus, Readiness, Throughput, TuningJob
from tests.machine_player import Ticking

ARN = "arn:aws:bedrock:us-east-1:123456789012"
HOUR = 3600.0
NEVER = float("inf")
KINDS: dict[str, tuple[str, Throughput]] = {
    "on-demand": ("custom-model-deployment", "on-demand"),
    "provisioned": ("provisioned-model", "provisioned"),
}


@dataclass
class Job:
    """A job; it ends at a time, unless it is stopped."""

    asked: TuningJob
    ends_at: float
    ends_as: str
    stopped_at: float | None = None
    failure: str = ""


@dataclass
class Bought:
    """Throughput, which costs from the moment at which it was asked for."""

    name: str
    kind: Throughput
    custom_model: str
    tags: dict[str, str]
    since: float
    ready_at: float
    fails: bool = False


@dataclass
class MemoryCustomModels:
    """What Bedrock does; the fields of what is to come may be set by a test at any time."""

    clock: Ticking
    prefix: str = "npcops-test-"
    job_seconds: float = 2 * HOUR
    ends_as: str = "Completed"
    failure: str = ""
    stopping_seconds: float = 900.0
    ready_seconds: float = 300.0
    deployments_fail: bool = False
    jobs: dict[str, Job] = field(default_factory=dict)
    bought: dict[str, Bought] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)
    purchases: Counter[str] = field(default_factory=Counter)

    @property
    def running(self) -> list[str]:
        """The jobs that work, and are not asked to stop."""
        return [name for name in self.jobs if self._status(self.jobs[name]) == "InProgress"]

    @property
    def paid(self) -> list[str]:
        """What costs money at this moment."""
        return list(self.bought)

    def start_job(self, job: TuningJob) -> str:
        """See CustomModels."""
        name = self._named(job.name)
        if name not in self.jobs:
            self.jobs[name] = Job(job, self.clock.now + self.job_seconds, self.ends_as, failure=self.failure)
            self.started[name] += 1
        return f"{ARN}:model-customization-job/{job.base}/{_id(name)}"

    def job(self, job: str) -> JobState:
        """See CustomModels."""
        name, found = self.find(job)
        status = self._status(found)
        if status != "Completed":
            return JobState(status, failure=found.failure if status == "Failed" else "")
        model = f"{ARN}:custom-model/{found.asked.base}/{_id(name)}"
        return JobState(status, model, training_loss=1.25, validation_loss=1.5)

    def stop_job(self, job: str) -> None:
        """See CustomModels."""
        try:
            _, found = self.find(job)
        except NotFound:
            return
        if self._status(found) == "InProgress":
            found.stopped_at = self.clock.now

    def deploy(self, name: str, custom_model: str, kind: str, tags: dict[str, str]) -> str:
        """See CustomModels."""
        full = self._named(name)
        for arn, known in self.bought.items():
            if known.name == full:
                return arn
        self.purchases[full] += 1
        what, bought = KINDS[kind]
        arn = f"{ARN}:{what}/{_id(full + kind)}"
        ready_at = self.clock.now + self.ready_seconds
        self.bought[arn] = Bought(full, bought, custom_model, tags, self.clock.now, ready_at, self.deployments_fail)
        return arn

    def deployment(self, arn: str) -> Deployment:
        """See CustomModels."""
        for known, found in self.bought.items():
            if known == arn or found.name == self._named(arn):
                return self._deployment(known, found)
        return Deployment(arn, "gone", "on-demand")

    def deployments(self) -> list[Deployment]:
        """See CustomModels."""
        return [self._deployment(arn, found) for arn, found in self.bought.items()]

    def free(self, arn: str) -> None:
        """See CustomModels."""
        if self.deployment(arn).readiness == "creating":
            raise Conflict("This deployment is still being created.")
        self.bought.pop(arn, None)

    def delete_model(self, custom_model: str) -> None:
        """See CustomModels."""

    def _named(self, name: str) -> str:
        return name if name.startswith(("arn:", self.prefix)) else f"{self.prefix}{name}"

    def find(self, job: str) -> tuple[str, Job]:
        """A job by its name or ARN, and its name. Raises NotFound."""
        for name, found in self.jobs.items():
            if name == self._named(job) or job.endswith(f"/{_id(name)}"):
                return name, found
        raise NotFound("There is no such tuning job.")

    def _status(self, job: Job) -> JobStatus:
        if job.stopped_at is not None:
            return "Stopped" if self.clock.now >= job.stopped_at + self.stopping_seconds else "Stopping"
        # A status of which nobody has heard is one of a test's own.
        return "InProgress" if self.clock.now < job.ends_at else job.ends_as

    def _deployment(self, arn: str, found: Bought) -> Deployment:
        readiness: Readiness = "creating" if self.clock.now < found.ready_at else "failed" if found.fails else "ready"
        failure = "There is no capacity." if readiness == "failed" else ""
        return Deployment(arn, readiness, found.kind, found.name, found.custom_model, failure=failure)


def _id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]
