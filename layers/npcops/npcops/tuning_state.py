"""Use cases of those who look at tuning runs: a list, and one with its steps, its losses and its data."""

from __future__ import annotations

import re

import msgspec

from npcops.errors import InvalidRequest, NotFound
from npcops.improvement import Improvement
from npcops.recipes import recipe
from npcops.training_metrics import losses
from npcops.tuning_ports import TrainingFiles, TuningPipeline, TuningStore
from npcops.tunings import DataReport, LossPoint, PipelineRun, Tuning

LINKED = ("request.json", "data/report.json", "data/train.jsonl", "data/validation.jsonl", "data/heldout.jsonl")
LINK_SECONDS = 3600
MOST = 100
USUAL = 20
COUNT = re.compile("[0-9]{1,3}")


class TuningList(msgspec.Struct, frozen=True):
    """A page of runs, newest first; `next` is the `before` of the next page, None on the last."""

    tunings: tuple[Tuning, ...]
    next: str | None = None


class DescribedTuning(msgspec.Struct, frozen=True):
    """A run: what is known of it, how its pipeline stands (None: it has none yet), and what came of it so far.

    `hyperparameters` are all those that its job is given; `losses` are by step, also while it trains; `files` has an
    address, for an hour, for each file of the run that there is, by name (`data/report.json`). `better` is what its
    concluded evaluation showed; `page` is HTML, if it was asked for.
    """

    tuning: Tuning
    pipeline: PipelineRun | None = None
    hyperparameters: dict[str, str] = {}
    losses: tuple[LossPoint, ...] = ()
    data: DataReport | None = None
    files: dict[str, str] = {}
    better: Improvement | None = None
    page: str = ""


class Tunings:
    """Looks at the runs of a title."""

    def __init__(self, tunings: TuningStore, files: TrainingFiles, pipeline: TuningPipeline) -> None:
        self._tunings, self._files, self._pipeline = tunings, files, pipeline

    def describe(self, title: str, tuning: str) -> DescribedTuning:
        """Raises NotFound and StoreUnavailable."""
        known = self._tunings.find(title, tuning)
        if not known.execution:
            return DescribedTuning(known, hyperparameters=_hyperparameters(known))
        return DescribedTuning(
            tuning=known,
            pipeline=self._run(known),
            hyperparameters=_hyperparameters(known),
            losses=losses(self._files, title, tuning),
            data=self._data(title, tuning),
            files=self._links(title, tuning),
        )

    def _run(self, tuning: Tuning) -> PipelineRun | None:
        """SageMaker keeps executions for as long as their pipeline, which may have been made anew."""
        try:
            return self._pipeline.run(tuning.execution)
        except NotFound:
            return None

    def _data(self, title: str, tuning: str) -> DataReport | None:
        try:
            return msgspec.json.decode(self._files.get(title, tuning, "data/report.json"), type=DataReport)
        except NotFound:
            return None

    def _links(self, title: str, tuning: str) -> dict[str, str]:
        links = {}
        for name in LINKED:
            try:
                links[name] = self._files.link(title, tuning, name, LINK_SECONDS)
            except NotFound:
                continue
        return links


def list_tunings(store: TuningStore, title: str, limit: str | None, before: str | None) -> TuningList:
    """One page, newest first. Raises InvalidRequest."""
    wanted = _count(limit)
    found = store.newest(title, wanted + 1, before or "")
    page = tuple(found[:wanted])
    return TuningList(page, page[-1].id if len(found) > wanted else None)


def _hyperparameters(tuning: Tuning) -> dict[str, str]:
    """None of a run that names no base yet, or one whose recipe is gone."""
    request = tuning.request
    try:
        return recipe(request.base).hyperparameters(request.type, request.hyperparameters)
    except InvalidRequest:
        return dict(request.hyperparameters)


def _count(limit: str | None) -> int:
    if limit is None:
        return USUAL
    if not COUNT.fullmatch(limit) or not 1 <= int(limit) <= MOST:
        raise InvalidRequest(f"limit must be a number from 1 to {MOST}.")
    return int(limit)
