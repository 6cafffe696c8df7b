"""What the functions of model versions and promotions are made of; see bootstrap_tuning, which has those of runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from npcops import settings, tuning_settings
from npcops.bootstrap_studio import canon_gate
from npcops.wiring import events, fresh_catalog, patient_chat
from npcops.wiring_tuning import (
    custom_models,
    decided_promotions,
    live_figures,
    machines,
    promoted_models,
    registry,
    release_pipeline,
    stage_alarms,
    tunings,
)

if TYPE_CHECKING:
    from npcops.approve_model import ApproveModel
    from npcops.canary_turn import CanaryTurn
    from npcops.decide_model import DecideModel
    from npcops.models_state import ListModels
    from npcops.retire_models import RetireModels
    from npcops.roll_back_model import RollBackModel
    from npcops.shift_sides import ShiftSides
    from npcops.shift_traffic import ReturnTraffic, ShiftTraffic
    from npcops.start_promotion import StartPromotion
    from npcops.watch_shift import WatchShift


def list_models() -> ListModels:
    """Function ListModels."""
    from npcops.models_state import ListModels

    return ListModels(registry(), decided_promotions(), custom_models(), _sides())


def decide_model() -> DecideModel:
    """Function DecideModel."""
    from npcops.decide_model import DecideModel

    return DecideModel(registry(), decided_promotions())


def approve_model() -> ApproveModel:
    """Function OnModelApproved. What asks the first turn is made when a version comes so far."""
    from npcops.approve_model import ApproveModel

    settings.read(settings.ChatSettings), settings.read(settings.CatalogSettings)
    return ApproveModel(
        registry=registry(),
        tunings=tunings(),
        models=custom_models(),
        promotions=promoted_models(),
        release=release_pipeline(),
        canary=_canary,
        events=events(),
    )


def start_promotion() -> StartPromotion:
    """Function StartPromotion."""
    from npcops.start_promotion import StartPromotion, Ways

    wanted = settings.read(tuning_settings.ShiftSettings)
    percents = tuple(int(percent) for percent in _listed(wanted.shift_percents))
    return StartPromotion(
        registry=registry(),
        promotions=promoted_models(),
        models=custom_models(),
        gate=canon_gate(),
        alarms=stage_alarms(),
        machines=machines(),
        events=events(),
        ways=Ways(wanted.promote_model_machine, percents, wanted.shift_minutes, _alarms()),
    )


def shift_traffic() -> ShiftTraffic:
    """Functions ShiftTraffic and SettlePromotion."""
    from npcops.shift_traffic import ShiftTraffic

    return ShiftTraffic(promoted_models(), canon_gate(), events())


def watch_shift() -> WatchShift:
    """Function WatchShift."""
    from npcops.watch_shift import WatchShift

    return WatchShift(decided_promotions(), stage_alarms(), _sides(), _alarms())


def return_traffic() -> ReturnTraffic:
    """Function ReturnTraffic."""
    from npcops.shift_traffic import ReturnTraffic

    return ReturnTraffic(promoted_models(), events())


def roll_back_model() -> RollBackModel:
    """Function RollBackModel."""
    from npcops.roll_back_model import RollBackModel

    return RollBackModel(promoted_models(), events())


def retire_models() -> RetireModels:
    """Function RetireModels."""
    from npcops.retire_models import RetireModels

    return RetireModels(
        registry=registry(),
        promotions=promoted_models(),
        models=custom_models(),
        tunings=tunings(),
        live=live_figures(),
        named=_own_model(),
        grace=timedelta(hours=settings.read(tuning_settings.RetireSettings).retire_hours),
    )


def _canary() -> CanaryTurn:
    from npcops.canary_turn import CanaryTurn

    return CanaryTurn(fresh_catalog(), settings.read(settings.CatalogSettings).catalog_label, patient_chat())


def _sides() -> ShiftSides:
    from npcops.shift_sides import ShiftSides

    return ShiftSides(live_figures(), _own_model())


def _own_model() -> Callable[[str], str]:
    """The model by which a title's NPCs speak where none is promoted."""
    catalog, label = fresh_catalog(), settings.read(settings.CatalogSettings).catalog_label
    model = settings.read(settings.SpeakingSettings).chat_model
    return lambda title: catalog.game(title, label)[0].model or model


def _alarms() -> tuple[str, ...]:
    return _listed(settings.read(tuning_settings.ShiftAlarmSettings).shift_alarms)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
