"""What the functions of tuning and promotion are made of; see bootstrap, which has those for players and for lore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npcops import settings, tuning_settings
from npcops.wiring import evaluation_files, evaluation_starter, evaluations, events, fresh_catalog, lore_bucket
from npcops.wiring_people import reviews
from npcops.wiring_tuning import (
    custom_models,
    decided_promotions,
    drifts,
    live_figures,
    machines,
    pipeline,
    registry,
    training_files,
    tunings,
)

if TYPE_CHECKING:
    from npcops.assess_model import PollAssessment, StartAssessment
    from npcops.end_tuning import EndTuning
    from npcops.evaluate_live import EvaluateLive
    from npcops.offer_training import OfferTraining
    from npcops.report_assessment import ReportAssessment
    from npcops.report_tuning import ReportTuningResult
    from npcops.show_tuning import ShowTuning
    from npcops.stop_tuning import StopTuning
    from npcops.take_callback import TakeCallback
    from npcops.take_training import TakeTraining
    from npcops.tune_corrections import TuneCorrections
    from npcops.tuned_throughput import DeployTunedModel, FreeThroughput, PollDeployment
    from npcops.tuning_callbacks import Callbacks
    from npcops.tuning_jobs import PollTuningJob, StartTuningJob, StopTuningJob
    from npcops.tuning_requests import Prompting
    from npcops.watch_trend import WatchTrend

__all__ = ["tunings"]


# Runs: `tunings` alone serves ListTunings.
def prompting() -> Prompting:
    """How NPCs are prompted in production."""
    from npcops.tuning_requests import Prompting

    return Prompting(fresh_catalog(), settings.read(settings.CatalogSettings).catalog_label)


def base_model() -> str:
    """What is tuned where nobody names a model."""
    return settings.read(tuning_settings.BaseModelSettings).tuning_base_model


def offer_training() -> OfferTraining:
    """Function OfferTraining."""
    from npcops.offer_training import OfferTraining

    return OfferTraining(tunings(), training_files(), prompting(), base_model())


def tune_corrections() -> TuneCorrections:
    """Function TuneCorrections."""
    from npcops.tune_corrections import TuneCorrections

    return TuneCorrections(tunings(), training_files(), reviews(), prompting(), base_model())


def show_tuning() -> ShowTuning:
    """Function DescribeTuning."""
    from npcops.show_tuning import ShowTuning
    from npcops.tuning_state import Tunings

    return ShowTuning(Tunings(tunings(), training_files(), pipeline()), evaluations(), evaluation_files())


def stop_tuning() -> StopTuning:
    """Function StopTuning."""
    from npcops.stop_tuning import StopTuning

    return StopTuning(tunings(), pipeline())


def take_training() -> TakeTraining:
    """Function TakeTraining."""
    from npcops import processing_code
    from npcops.take_training import TakeTraining

    return TakeTraining(tunings(), training_files(), pipeline(), registry(), prompting(), processing_code, base_model())


def end_tuning() -> EndTuning:
    """Function EndTuning."""
    from npcops.end_tuning import EndTuning

    return EndTuning(tunings(), pipeline(), custom_models())


# Work of the pipeline's callback steps.
def callbacks() -> Callbacks:
    """Who waits for what."""
    from npcops.tuning_callbacks import Callbacks

    return Callbacks(pipeline())


def take_callback() -> TakeCallback:
    """Function TakeCallback."""
    from npcops.take_callback import TakeCallback
    from npcops.tuning_callbacks import EVALUATE, TUNE

    known = settings.read(tuning_settings.CallbackMachineSettings)
    work = {TUNE: known.tune_model_machine, EVALUATE: known.assess_model_machine}
    return TakeCallback(machines(), pipeline(), work)


def start_tuning_job() -> StartTuningJob:
    """Function StartTuningJob."""
    from npcops.tuning_jobs import StartTuningJob

    stage = settings.read(settings.Stage).stage
    return StartTuningJob(tunings(), training_files(), custom_models(), callbacks(), stage)


def poll_tuning_job() -> PollTuningJob:
    """Function PollTuningJob."""
    from npcops.tuning_jobs import PollTuningJob

    return PollTuningJob(tunings(), custom_models(), callbacks())


def stop_tuning_job() -> StopTuningJob:
    """Function StopTuningJob."""
    from npcops.tuning_jobs import StopTuningJob

    return StopTuningJob(custom_models())


def deploy_tuned_model() -> DeployTunedModel:
    """Function DeployTunedModel."""
    from npcops.tuned_throughput import DeployTunedModel

    return DeployTunedModel(tunings(), custom_models(), settings.read(settings.Stage).stage)


def poll_deployment() -> PollDeployment:
    """Function PollDeployment."""
    from npcops.tuned_throughput import PollDeployment

    return PollDeployment(custom_models())


def free_throughput() -> FreeThroughput:
    """Function FreeThroughput."""
    from npcops.tuned_throughput import FreeThroughput

    return FreeThroughput(tunings(), custom_models(), callbacks())


def report_tuning_result() -> ReportTuningResult:
    """Function ReportTuningResult."""
    from npcops.report_tuning import ReportTuningResult

    return ReportTuningResult(tunings(), callbacks())


def start_assessment() -> StartAssessment:
    """Function StartAssessment."""
    from npcops.assess_model import StartAssessment
    from npcops.start_evaluation import StartEvaluation

    begin = StartEvaluation(evaluations(), evaluation_files(), evaluation_starter())
    label = settings.read(settings.CatalogSettings).catalog_label
    return StartAssessment(tunings(), training_files(), fresh_catalog(), begin, callbacks(), label)


def poll_assessment() -> PollAssessment:
    """Function PollAssessment."""
    from npcops.assess_model import PollAssessment

    return PollAssessment(tunings(), evaluations(), evaluation_starter(), callbacks())


def report_assessment() -> ReportAssessment:
    """Function ReportAssessment."""
    from npcops.report_assessment import ReportAssessment

    return ReportAssessment(tunings(), evaluations(), evaluation_files(), callbacks())


# Drift.
def evaluate_live() -> EvaluateLive:
    """Function EvaluateLive. Titles are those that have lore, and those for which a model was tuned."""
    from npcops.evaluate_live import EvaluateLive
    from npcops.start_evaluation import StartEvaluation

    lore, promotions = lore_bucket(), decided_promotions()
    start = StartEvaluation(evaluations(), evaluation_files(), evaluation_starter())
    label = settings.read(settings.CatalogSettings).catalog_label
    return EvaluateLive(
        lambda: (*lore.titles(), *promotions.titles()),
        fresh_catalog(),
        evaluations(),
        live_figures(),
        start,
        events(),
        label,
    )


def watch_trend() -> WatchTrend:
    """Function WatchTrend."""
    from npcops.watch_trend import WatchTrend

    return WatchTrend(evaluations(), drifts(), tunings(), events())
