"""Use case: give back throughput that nobody needs any more, so that nobody pays for what nobody uses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from npcops.errors import Conflict, NpcopsError
from npcops.promotions import Promoted
from npcops.tuning_ports import CustomModels, LiveFigures, ModelRegistry, PromotedModels, TuningStore
from npcops.tunings import Deployment, Tuning

log = logging.getLogger(__name__)
WORKING = ("waiting", "running")
# More are not made in the time for which something is kept that nobody needs.
MOST_MOVES = 100


class Retired(msgspec.Struct, frozen=True):
    """The deployments that were freed, how many are kept, and titles whose parameter had to be written again."""

    freed: tuple[str, ...]
    kept: int
    mended: tuple[str, ...] = ()


class RetireModels:
    """Frees deployments by rule.

    One stays that anything refers to (what players are, were last, or are about to be answered by; a candidate; a
    version that waits for a decision; a run under way; the model that a title names), that is younger than `grace`,
    or that in this time was approved, or promoted, or left, or answered a turn.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        promotions: PromotedModels,
        models: CustomModels,
        tunings: TuningStore,
        live: LiveFigures,
        named: Callable[[str], str],
        grace: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`named` tells the model that a title's entry names, or that the stage has."""
        self._registry, self._promotions, self._models, self._tunings = registry, promotions, models, tunings
        self._live, self._named, self._grace, self._now = live, named, grace, now

    def __call__(self) -> Retired:
        """Raises StoreUnavailable before anything is freed of which not everything is known."""
        deployments = self._models.deployments()
        runs = list(self._tunings.everywhere())
        titles = {*self._promotions.titles(), *(run.title for run in runs)}
        mended = tuple(title for title in sorted(titles) if self._promotions.mend(title))
        needed = {arn for title in titles for arn in self._needed(title)} | {
            run.deployment for run in runs if run.state in WORKING
        }
        models = {run.deployment: run for run in runs if run.deployment}
        idle = [one for one in deployments if one.arn not in needed and self._is_idle(one, models.get(one.arn), titles)]
        freed = tuple(one.arn for one in idle if self._free(one, models.get(one.arn)))
        return Retired(freed, len(deployments) - len(freed), mended)

    def _needed(self, title: str) -> Iterator[str]:
        """The deployments that something of a title refers to."""
        yield from (deployment_of(model) for model in _referred(self._promotions.get(title)))
        candidate = self._promotions.candidate(title)
        yield deployment_of(candidate.model if candidate else "")
        yield deployment_of(self._named(title))
        yield from self._decided(title)

    def _decided(self, title: str) -> Iterator[str]:
        """Of versions that wait for a decision, or about which something was decided lately that may not have been
        followed yet, or may have been a mistake.
        """
        since = self._now() - self._grace
        moves = self._promotions.moves(title, MOST_MOVES)
        moved = {version for move in moves if _moment(move.at) > since for version in (move.version, move.before)}
        for package in self._registry.packages(title):
            lately = package.version in moved or _moment(package.changed_at) > since
            if package.approval == "PendingManualApproval" or (package.approval == "Approved" and lately):
                yield package.metadata.get("deployment", "")

    def _is_idle(self, deployment: Deployment, run: Tuning | None, titles: Iterable[str]) -> bool:
        since = self._now() - self._grace
        if deployment.readiness == "creating" or _moment(deployment.created_at) > since:
            return False
        if run is None or not run.model:
            return True
        return not any(self._live.window(title, run.model, since.isoformat()).turns for title in titles)

    def _free(self, deployment: Deployment, run: Tuning | None) -> bool:
        """Whether it was; one that cannot be freed stops no other, and its turn comes again."""
        try:
            self._models.free(deployment.arn)
            if run:
                self._tunings.change(run.title, run.id, deployment="")
        except Conflict:
            return False
        except NpcopsError as error:
            log.warning("a deployment was not freed", extra={"deployment": deployment.arn, "error": str(error)})
            return False
        return True


def deployment_of(model: str) -> str:
    """The ARN in `<base>@<ARN>`; empty for a model that is called by its own id."""
    return model.partition("@")[2]


def _referred(promoted: Promoted) -> Iterator[str]:
    shifted = promoted.shift.to if promoted.shift else None
    for served in (promoted.current, promoted.previous, shifted):
        yield from (one.model for one in (served.all() if served else ()))


def _moment(told: str) -> datetime:
    """Of what does not tell, the beginning of time."""
    if not told:
        return datetime.fromtimestamp(0, UTC)
    found = datetime.fromisoformat(told)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
