"""Which adapter stands behind which port of tuning and promotion; as wiring, which has those of everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npcops import settings, tuning_settings

if TYPE_CHECKING:
    from npcops.ports import TunedModels
    from npcops.tuning_ports import (
        CustomModels,
        DecidedPromotions,
        DriftStore,
        LiveFigures,
        MachineStarter,
        ModelRegistry,
        PromotedModels,
        ReleasePipeline,
        StageAlarms,
        TrainingFiles,
        TuningPipeline,
        TuningStore,
    )


def tunings() -> TuningStore:
    """Runs."""
    from npcops.adapters import dynamo_tunings, dynamodb

    return dynamo_tunings.DynamoTunings(
        dynamodb.client(), settings.read(tuning_settings.ModelsTableSettings).models_table
    )


def training_files() -> TrainingFiles:
    """Training data, and files of runs."""
    from npcops.adapters import s3_files, s3_training

    where = settings.read(tuning_settings.TrainingFileSettings)
    return s3_training.S3TrainingFiles(s3_files.client(), where.training_bucket, where.models_bucket)


def pipeline() -> TuningPipeline:
    """The SageMaker pipeline."""
    from npcops.adapters import sagemaker_pipeline

    name = settings.read(tuning_settings.PipelineSettings).tuning_pipeline
    return sagemaker_pipeline.SageMakerPipeline(sagemaker_pipeline.client(), name)


def custom_models() -> CustomModels:
    """Bedrock's customization jobs and deployments; what this stage makes there is told by a prefix of its name."""
    from npcops.adapters import bedrock_tuning

    stage = settings.read(settings.Stage).stage
    role = settings.read(tuning_settings.JobSettings).tuning_role
    return bedrock_tuning.BedrockCustomModels(bedrock_tuning.client(), role, f"npcops-{stage}-")


def registry() -> ModelRegistry:
    """The model registry."""
    from npcops.adapters import sagemaker_pipeline, sagemaker_registry

    stage = settings.read(settings.Stage).stage
    return sagemaker_registry.SageMakerRegistry(sagemaker_pipeline.client(), f"npcops-{stage}-")


def promoted_models() -> PromotedModels:
    """Who is answered by which model."""
    from npcops.adapters import dynamodb, promoted_models

    where = settings.read(tuning_settings.PromotionSettings)
    return promoted_models.StagePromotions(
        dynamodb.client(),
        settings.read(tuning_settings.ModelsTableSettings).models_table,
        promoted_models.client,
        where.tuned_model_parameters,
        where.candidate_parameters,
    )


def decided_promotions() -> DecidedPromotions:
    """The same for those who only read what is decided."""
    from npcops.adapters import dynamodb, promoted_models

    table = settings.read(tuning_settings.ModelsTableSettings).models_table
    return promoted_models.DecidedPromotions(dynamodb.client(), table)


def live_figures() -> LiveFigures:
    """Sums over turns as players had them."""
    from npcops.adapters import dynamo_live, dynamodb

    return dynamo_live.DynamoLiveFigures(
        dynamodb.client(), settings.read(tuning_settings.ModelsTableSettings).models_table
    )


def tuned_models() -> TunedModels:
    """Who is answered by which model, as turns know it."""
    from npcops.adapters import aws_services

    where = settings.read(tuning_settings.TunedModelSettings).tuned_model_parameters
    return aws_services.ParameterTunedModels(aws_services.ssm_client, where)


def drifts() -> DriftStore:
    """What is known of drift."""
    from npcops.adapters import dynamo_drifts, dynamodb

    return dynamo_drifts.DynamoDrifts(
        dynamodb.client(), settings.read(tuning_settings.ModelsTableSettings).models_table
    )


def stage_alarms() -> StageAlarms:
    """The stage's alarms."""
    from npcops.adapters import stage_alarms

    return stage_alarms.CloudWatchAlarms(stage_alarms.client())


def release_pipeline() -> ReleasePipeline:
    """The stage's release pipeline, if it has one."""
    from npcops.adapters import release_pipeline

    name = settings.read(tuning_settings.ReleaseSettings).release_pipeline
    return release_pipeline.CodePipelineRelease(release_pipeline.client, name)


def machines() -> MachineStarter:
    """State machines."""
    from npcops.adapters import aws_services, machines

    return machines.StepFunctionsMachines(aws_services.sfn_client())
