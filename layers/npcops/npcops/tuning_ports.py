"""What tuning needs from the outside world: runs and their files, the pipeline, jobs, deployments, registry, traffic.

As in `ports`, every method may raise the errors named in its docstring and `StoreUnavailable` (try again later);
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from npcops.drifts import NpcDrift
from npcops.personal_data import Found
from npcops.promotions import Approval, ModelMove, ModelPackage, Promoted, Served, SideFigures
from npcops.tunings import Deployment, JobState, PipelineRun, Tuning, TuningJob


class TuningStore(Protocol):
    """The table of tuning runs. No method crosses from one title to another, but for `everywhere`."""

    def begin(self, tuning: Tuning) -> None:
        """Keep a new run. Raises Conflict if there is one of this id."""

    def begin_for(self, tuning: Tuning, of: str) -> Tuning:
        """Keep a new run, unless there is one for what `of` names (a digest of its data); returns the one there is."""

    def find(self, title: str, tuning: str) -> Tuning:
        """One run, read consistently. Raises NotFound."""

    def change(self, title: str, tuning: str, **fields: Any) -> Tuning:
        """Set fields of a run, whatever else changes it at this moment, and return it. Raises NotFound."""

    def claim(self, title: str, tuning: str, key: str, version: str) -> Tuning:
        """Give a run that waits for data these, after which it runs, and return it as it then is. Raises NotFound."""

    def newest(self, title: str, limit: int, before: str = "") -> list[Tuning]:
        """The newest runs (before the one of id `before`), newest first."""

    def everywhere(self) -> Iterable[Tuning]:
        """Every run of every title that has a deployment, in no promised order: for work over all titles."""


class TrainingFiles(Protocol):
    """Data that is uploaded (`training/...` in a bucket that is watched) and what runs make of it (in another)."""

    def upload_url(self, key: str, expires_seconds: int) -> str:
        """A presigned URL to PUT an object at `key`."""

    def put_data(self, key: str, data: bytes) -> None:
        """Write training data, which starts a run."""

    def keep_data(self, key: str, version: str, title: str, tuning: str, name: str) -> str:
        """Copy one version of training data into a run's folder; returns the URI. Raises NotFound: it is gone."""

    def run_uri(self, title: str, tuning: str, name: str = "") -> str:
        """The `s3://` URI of a file, or the folder, of a run: `runs/{title}/{tuning}/{name}` in the other bucket."""

    def put(self, title: str, tuning: str, name: str, data: bytes) -> None:
        """Write a file of a run."""

    def get(self, title: str, tuning: str, name: str) -> bytes:
        """Read one. Raises NotFound."""

    def names(self, title: str, tuning: str, folder: str) -> list[str]:
        """The names of a run's files below `folder` (`output/`)."""

    def link(self, title: str, tuning: str, name: str, expires_seconds: int) -> str:
        """A presigned URL to read one. Raises NotFound."""

    def put_code(self, name: str, data: bytes) -> str:
        """Write a file of the processing jobs' code, unless it is there (`code/{name}`); the URI of its folder."""


class TuningPipeline(Protocol):
    """The SageMaker pipeline."""

    def start(self, name: str, token: str, parameters: dict[str, str]) -> str:
        """Start an execution, once per `token` (32 to 128 characters); returns its ARN, also of the earlier one."""

    def run(self, execution: str) -> PipelineRun:
        """How it stands. Raises NotFound."""

    def stop(self, execution: str) -> None:
        """Stop it; nothing happens if it has ended."""

    def succeed(self, token: str, outputs: dict[str, str]) -> bool:
        """Report success to a callback step; False if it no longer waits (it was told already, or has ended)."""

    def fail(self, token: str, reason: str) -> bool:
        """Report failure; the reason is cut to 256 characters. False if it no longer waits."""


class CustomModels(Protocol):
    """Bedrock's customization jobs, custom models and their throughput.

    `TuningRefused` is raised for what no later attempt would mend (validation, rights, quota), in Bedrock's own words.
    Jobs and throughput are found by their ARN, and by the name by which they were made.
    """

    def start_job(self, job: TuningJob) -> str:
        """Start it, once per name; returns its ARN, also of the earlier one. Raises TuningRefused."""

    def job(self, job: str) -> JobState:
        """How it stands. Raises NotFound."""

    def stop_job(self, job: str) -> None:
        """Stop it; nothing happens if it has ended."""

    def deploy(self, name: str, custom_model: str, kind: str, tags: dict[str, str]) -> str:
        """Make throughput for a custom model, once per name; returns its ARN. Raises TuningRefused."""

    def deployment(self, arn: str) -> Deployment:
        """How it stands; readiness `gone` if there is none."""

    def deployments(self) -> list[Deployment]:
        """All that this stage has bought, told by their names, over all pages."""

    def free(self, arn: str) -> None:
        """Delete throughput; nothing happens if it is gone. Raises Conflict while it is still being created."""

    def delete_model(self, custom_model: str) -> None:
        """Delete a custom model; nothing happens if it is gone."""


class ModelRegistry(Protocol):
    """SageMaker's model registry: one group of packages a title and stage."""

    def ensure_group(self, title: str) -> str:
        """Make the title's group if there is none; returns its name."""

    def packages(self, title: str) -> list[ModelPackage]:
        """All versions, newest first, over all pages."""

    def package(self, title: str, version: int) -> ModelPackage:
        """One version. Raises NotFound."""

    def by_arn(self, arn: str) -> ModelPackage:
        """One package, its title told by its group. Raises NotFound."""

    def decide(self, arn: str, approval: Approval, why: str) -> None:
        """Approve or reject it. Raises NotFound."""


class DecidedPromotions(Protocol):
    """By which tuned model each title's players are to be answered at this stage, as it is decided."""

    def get(self, title: str) -> Promoted:
        """As it is now, read consistently; an empty one if nothing was ever promoted."""

    def moves(self, title: str, limit: int) -> list[ModelMove]:
        """What happened last, newest first."""

    def candidate(self, title: str, version: int | None = None) -> Served | None:
        """The newest approved model, which waits to be promoted; or the approved one of this version."""

    def titles(self) -> list[str]:
        """Every title for which something was promoted or approved."""


class PromotedModels(DecidedPromotions, Protocol):
    """The same for those who decide, and tell turns of it."""

    def put(self, title: str, promoted: Promoted, move: ModelMove | None = None) -> Promoted:
        """Put it in the place of the one of revision `promoted.revision`, and the move (if any) into the history, both
        or neither; returns it with the next revision.

        The parameter that turns read is written before this returns. Raises Conflict (somebody else changed it) and
        TooLarge (it names more NPCs than a parameter holds), both of which leave everything as it was.
        """

    def mend(self, title: str) -> bool:
        """Write the parameter again if it is not what was decided; whether it was not."""

    def put_candidate(self, title: str, served: Served) -> None:
        """Record it; the parameter of the stage's candidate is the newest one's. Never an empty one."""

    def drop_candidate(self, title: str, version: int) -> None:
        """It is not approved any more; the parameter is that of the newest one left, or there is none."""


class LiveFigures(Protocol):
    """Sums over turns as players had them, by title, NPC, model and time."""

    def count(self, title: str, npc: str, model: str, at: str, figures: SideFigures, turn_id: str) -> None:
        """Add a turn's figures, once per turn id (and kind of figure)."""

    def window(self, title: str, model: str, since: str) -> SideFigures:
        """The sums of one model since a time (ISO 8601; to five minutes)."""

    def days(self, title: str, npc: str, first: str, last: str) -> dict[str, SideFigures]:
        """The sums of an NPC, whatever model, by day (`2026-11-20`), both days included."""


class DriftStore(Protocol):
    """What is known of each NPC's drift."""

    def find(self, title: str, npc: str) -> NpcDrift:
        """As it is now, read consistently; an empty one if nothing was ever told."""

    def put(self, title: str, npc: str, known: NpcDrift) -> NpcDrift:
        """Put it in the place of the one of revision `known.revision`; returns it with the next. Raises Conflict."""


class StageAlarms(Protocol):
    """Alarms that stop a shift of traffic."""

    def firing(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that are in alarm."""


class ReleasePipeline(Protocol):
    """The release pipeline of the stage, which deploys and tests what was approved."""

    def start(self, title: str, version: int, token: str) -> str:
        """Start it, once per token; returns the execution's id, empty where the stage has none."""


class MachineStarter(Protocol):
    """Starts a state machine."""

    def start(self, machine: str, name: str, given: dict[str, Any]) -> str:
        """Start it once per name; returns the execution's ARN, also of the earlier one."""

    def running(self, execution: str) -> bool:
        """Whether it runs."""


class PersonalDataModel(Protocol):
    """A service that finds personal data in texts."""

    def find(self, texts: Sequence[str], language: str) -> list[list[Found]] | None:
        """What it finds in each text; None if it does not read the language. Raises ModelFailed or ModelUnavailable."""
