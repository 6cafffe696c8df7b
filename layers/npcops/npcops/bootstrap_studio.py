"""What the functions for studios are made of; see bootstrap, which has those for players and for lore.

Each function's module calls its own factory once at cold start, and pays only for what it uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from npcops import settings
from npcops.wiring import (
    BATCH_SECONDS,
    TRIAL_SECONDS,
    background,
    catalog,
    chat,
    embeddings,
    evaluation_files,
    evaluation_starter,
    evaluations,
    events,
    fresh_catalog,
    one_look_at_catalog,
    patient_chat,
    retriever,
    snapshots,
    toxicity,
    trial_players,
    vector_store,
)
from npcops.wiring_people import judgements
from npcops.wiring_tuning import decided_promotions

if TYPE_CHECKING:
    from npcops.canon_gate import CanonGate
    from npcops.catalog_entries import CopyEntry, PutEntry
    from npcops.conclude_evaluation import ConcludeEvaluation, FailEvaluation
    from npcops.entry_diff import DiffEntry
    from npcops.evaluation_state import Evaluations, ShowTrend
    from npcops.labels import MoveLabel
    from npcops.load_cases import LoadCases
    from npcops.lore_snapshots import DeleteSnapshot, ListSnapshots
    from npcops.score_case import ScoreCase
    from npcops.scoring import Scorer
    from npcops.snapshot_lore import SnapshotLore
    from npcops.start_evaluation import StartEvaluation
    from npcops.trial import Trial
    from npcops.try_out import TryOut

__all__ = ["evaluations", "fresh_catalog"]


# Catalogue: fresh_catalog alone serves GetEntry, ListEntries and ListVersions.
def canon_gate() -> CanonGate:
    """What guards the label that the stage serves."""
    from npcops.canon_gate import CanonGate

    label = settings.read(settings.CatalogSettings).catalog_label
    model = settings.read(settings.SpeakingSettings).chat_model
    return CanonGate(one_look_at_catalog, evaluations(), model, label, decided_promotions().get)


def move_label() -> MoveLabel:
    """Function MoveLabel."""
    from npcops.labels import MoveLabel

    return MoveLabel(fresh_catalog(), canon_gate(), events(), snapshots())


def put_entry() -> PutEntry:
    """Function PutEntry."""
    from npcops.catalog_entries import PutEntry

    return PutEntry(fresh_catalog(), move_label(), snapshots())


def copy_entry() -> CopyEntry:
    """Function CopyEntry."""
    from npcops.catalog_entries import CopyEntry

    return CopyEntry(fresh_catalog(), put_entry())


def diff_entry() -> DiffEntry:
    """Function DiffEntry."""
    from npcops.entry_diff import DiffEntry

    return DiffEntry(fresh_catalog())


# Lore snapshots.
def snapshot_lore() -> SnapshotLore:
    """Function SnapshotLore."""
    from npcops.snapshot_lore import SnapshotLore

    return SnapshotLore(vector_store(), snapshots())


def list_snapshots() -> ListSnapshots:
    """Function ListSnapshots."""
    from npcops.lore_snapshots import ListSnapshots

    return ListSnapshots(snapshots(), fresh_catalog())


def delete_snapshot() -> DeleteSnapshot:
    """Function DeleteSnapshot."""
    from npcops.lore_snapshots import DeleteSnapshot

    return DeleteSnapshot(vector_store(), snapshots(), fresh_catalog())


# Evaluations: `evaluations` alone serves ListEvaluations.
def start_evaluation() -> StartEvaluation:
    """Functions StartEvaluation, OfferCases, TakeCases and ResumeEvaluation."""
    from npcops.start_evaluation import StartEvaluation

    return StartEvaluation(evaluations(), evaluation_files(), evaluation_starter())


def evaluation_state() -> Evaluations:
    """Function DescribeEvaluation."""
    from npcops.evaluation_state import Evaluations

    return Evaluations(evaluations(), evaluation_files(), evaluation_starter())


def show_trend() -> ShowTrend:
    """Function ShowTrend."""
    from npcops.evaluation_state import ShowTrend

    return ShowTrend(evaluations(), fresh_catalog(), settings.read(settings.CatalogSettings).catalog_label)


def load_cases() -> LoadCases:
    """Function LoadCases."""
    from npcops.load_cases import LoadCases
    from npcops.plan_evaluation import PlanEvaluation

    wanted, label = settings.read(settings.JudgeSettings), settings.read(settings.CatalogSettings).catalog_label
    model = settings.read(settings.SpeakingSettings).chat_model
    promoted = decided_promotions().get
    plan = PlanEvaluation(fresh_catalog(), label, model, wanted.judge_model or model, promoted)
    return LoadCases(evaluations(), evaluation_files(), plan, wanted.evaluation_concurrency)


def trial() -> Trial:
    """What plays cases, as bootstrap.converse plays turns."""
    from npcops.converse import StagePace
    from npcops.trial import Trial

    wanted = settings.read(settings.ChatSettings)
    settings.read(settings.StoreSettings), settings.read(settings.EmbeddingSettings)
    pace = StagePace(wanted.turn_seconds, wanted.first_token_seconds, wanted.hedge_seconds or None)
    return Trial(catalog(), trial_players(), retriever, chat(TRIAL_SECONDS), background(), pace, wanted.context_tokens)


def scorer() -> Scorer:
    """What judges played cases, and what judges with it."""
    from npcops.judgements import KnownAgreement
    from npcops.judging import Judge
    from npcops.scoring import Scorer

    label = settings.read(settings.CatalogSettings).catalog_label
    stage = settings.read(settings.ChatSettings).chat_model
    model = settings.read(settings.JudgeSettings).judge_model or stage
    judge = Judge(catalog(), label, patient_chat(), model, KnownAgreement(judgements()))
    return Scorer(embeddings(BATCH_SECONDS), judge, toxicity())


def score_case() -> ScoreCase:
    """Function ScoreCase."""
    from npcops.score_case import ScoreCase

    return ScoreCase(evaluation_files(), trial(), scorer())


def conclude_evaluation() -> ConcludeEvaluation:
    """Function ConcludeEvaluation."""
    from npcops.conclude_evaluation import ConcludeEvaluation
    from npcops.report import render
    from npcops.verdicts import conclude

    return ConcludeEvaluation(evaluations(), evaluation_files(), events(), conclude, render)


def fail_evaluation() -> FailEvaluation:
    """Function FailEvaluation."""
    from npcops.conclude_evaluation import FailEvaluation

    return FailEvaluation(evaluations())


def try_out() -> TryOut:
    """Function TryOut."""
    from npcops.try_out import TryOut

    model = settings.read(settings.ChatSettings).chat_model
    return TryOut(fresh_catalog(), trial(), model, decided_promotions().get)
