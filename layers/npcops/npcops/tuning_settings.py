"""What functions of tuning, promotion and drift must be told by their environment; read by settings.read."""

from __future__ import annotations

import msgspec


class ModelsTableSettings(msgspec.Struct, frozen=True):
    """The table of tuning runs, promotions and figures of live turns."""

    models_table: str


class TrainingFileSettings(msgspec.Struct, frozen=True):
    """The bucket of training data, which is watched, and the one of what runs make of it, which is not."""

    training_bucket: str
    models_bucket: str


class PipelineSettings(msgspec.Struct, frozen=True):
    """The SageMaker pipeline."""

    tuning_pipeline: str


class BaseModelSettings(msgspec.Struct, frozen=True):
    """Which model is tuned where nobody names one."""

    tuning_base_model: str


class JobSettings(msgspec.Struct, frozen=True):
    """The role in which Bedrock reads training data and writes metrics."""

    tuning_role: str


class CallbackMachineSettings(msgspec.Struct, frozen=True):
    """The state machines that do the work of callback steps."""

    tune_model_machine: str
    assess_model_machine: str


class PromotionSettings(msgspec.Struct, frozen=True):
    """Below which names the parameters of promoted and of approved models are."""

    tuned_model_parameters: str
    candidate_parameters: str


class ShiftSettings(msgspec.Struct, frozen=True):
    """How traffic is shifted: percents by commas, and minutes of watching each percent."""

    promote_model_machine: str
    shift_percents: str
    shift_minutes: float


class ShiftAlarmSettings(msgspec.Struct, frozen=True):
    """The alarms, by commas, that end a promotion."""

    shift_alarms: str = ""


class RetireSettings(msgspec.Struct, frozen=True):
    """For how many hours throughput is kept that nothing refers to."""

    retire_hours: float


class TunedModelSettings(msgspec.Struct, frozen=True):
    """Below which name the parameters of promoted models are, for functions that only read them."""

    tuned_model_parameters: str


class LiveSettings(msgspec.Struct, frozen=True):
    """More than so many milliseconds are slow for a turn."""

    slow_turn_milliseconds: float


class ReleaseSettings(msgspec.Struct, frozen=True):
    """The release pipeline that an approval starts; empty for none."""

    release_pipeline: str = ""
