"""Operations on model customization jobs and on the custom models that they make."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.bedrock import hyperparameters, repeats
from local.bedrock.errors import ConflictError, ResourceNotFoundError, ValidationError
from local.bedrock.ledger import Ledger
from local.bedrock.listing import listed
from local.bedrock.operations import Handler, Parameters
from local.bedrock.records import (
    CONTINUED_PRE_TRAINING,
    FINE_TUNING,
    CustomModel,
    Deployment,
    Job,
    Provisioned,
    arn,
    foundation_arn,
    new_id,
    now,
)
from local.services import ACCOUNT

RUNNING = ("InProgress", "Stopping")


class Customization:
    """Jobs are begun by `wake`, and worked off by somebody else who writes how they stand into the ledger."""

    def __init__(
        self, ledger: Ledger, folder: Callable[[str], Path], refusal: Callable[[str], str], wake: Callable[[], None]
    ) -> None:
        """`folder` is where the files of a job are; `refusal` tells why a base model cannot be tuned, or nothing."""
        self._ledger, self._folder, self._refusal, self._wake = ledger, folder, refusal, wake

    def handlers(self) -> dict[str, Handler]:
        """Each operation's."""
        return {
            "CreateModelCustomizationJob": self._create,
            "GetModelCustomizationJob": self._get,
            "ListModelCustomizationJobs": self._list,
            "StopModelCustomizationJob": self._stop,
            "GetCustomModel": self._get_model,
            "ListCustomModels": self._list_models,
            "DeleteCustomModel": self._delete_model,
        }

    async def _create(self, asked: Parameters) -> dict[str, Any]:
        if earlier := repeats.earlier(self._ledger.all(Job), asked, asked["jobName"], ConflictError):
            return {"jobArn": earlier.arn}
        base = asked["baseModelIdentifier"].rpartition("/")[2]
        if refusal := self._refusal(base):
            raise ValidationError(refusal)
        job = self._job(asked, base)
        taken = {model.name for model in self._ledger.all(CustomModel)}
        taken |= {other.model_name for other in self._ledger.all(Job) if other.status in RUNNING}
        if job.model_name in taken:
            raise ConflictError(f"The name {job.model_name} is already in use.")
        self._ledger.put(job)
        self._wake()
        return {"jobArn": job.arn}

    def _job(self, asked: Parameters, base: str) -> Job:
        kind = asked.get("customizationType", FINE_TUNING)
        if kind not in (FINE_TUNING, CONTINUED_PRE_TRAINING):
            raise ValidationError(f"The model {base} does not support customization by {kind}.")
        if not asked["trainingDataConfig"].get("s3Uri"):
            raise ValidationError("trainingDataConfig.s3Uri: is needed; logs of calls are not learned from.")
        for unknown in ("vpcConfig", "customModelKmsKeyId", "customizationConfig"):
            if unknown in asked:
                raise ValidationError(f"{unknown}: is not known to the local service.")
        job_id, moment = new_id(), now()
        return Job(
            id=job_id,
            arn=arn("model-customization-job", base, job_id),
            name=asked["jobName"],
            created=moment,
            modified=moment,
            token=asked.get(repeats.TOKEN, ""),
            asked=repeats.digest(asked),
            base=base,
            type=kind,
            role=asked["roleArn"],
            model_name=asked["customModelName"],
            training=asked["trainingDataConfig"]["s3Uri"],
            validation=[each["s3Uri"] for each in asked.get("validationDataConfig", {}).get("validators", [])],
            output=asked["outputDataConfig"]["s3Uri"],
            hyperparameters=hyperparameters.checked(asked.get("hyperParameters", {})),
            tags={tag["key"]: tag["value"] for tag in asked.get("customModelTags", [])},
        )

    async def _get(self, asked: Parameters) -> dict[str, Any]:
        job = self._found(asked)
        validated = job.validation_loss is not None
        return {
            **_summary(job),
            "outputModelName": job.model_name,
            "outputModelArn": job.model_arn,
            "clientRequestToken": job.token,
            "roleArn": job.role,
            "failureMessage": job.failure,
            **_settings(job),
            "validationMetrics": [{"validationLoss": job.validation_loss}] if validated else [],
            "trainingMetrics": {"trainingLoss": job.training_loss} if job.training_loss is not None else None,
        }

    async def _list(self, asked: Parameters) -> dict[str, Any]:
        wanted = asked.get("statusEquals")
        jobs = [job for job in self._ledger.all(Job) if wanted in (None, job.status)]
        return listed(jobs, asked, "modelCustomizationJobSummaries", _summary)

    async def _stop(self, asked: Parameters) -> dict[str, Any]:
        job = self._found(asked)
        if job.status not in RUNNING:
            raise ConflictError(f"The job {job.name} has ended: {job.status}.")
        job.status, job.modified = "Stopping", now()
        self._ledger.put(job)
        self._wake()
        return {}

    def _found(self, asked: Parameters) -> Job:
        job = self._ledger.find(Job, asked["jobIdentifier"])
        if job is None:
            raise ResourceNotFoundError("The customization job was not found.")
        return job

    async def _get_model(self, asked: Parameters) -> dict[str, Any]:
        model, job = self._found_model(asked)
        losses = [{"validationLoss": job.validation_loss}] if job.validation_loss is not None else []
        metrics = {"trainingMetrics": {"trainingLoss": job.training_loss}, "validationMetrics": losses}
        return {**_model_summary(model, job), "jobName": job.name, "jobArn": job.arn, **_settings(job), **metrics}

    async def _list_models(self, asked: Parameters) -> dict[str, Any]:
        bases = {asked.get(name) for name in ("baseModelArnEquals", "foundationModelArnEquals")} - {None}
        jobs = {job.id: job for job in self._ledger.all(Job)}
        models = [model for model in self._ledger.all(CustomModel) if bases <= {foundation_arn(model.base)}]
        if not asked.get("isOwned", True) or asked.get("modelStatus", "Active") != "Active":
            models = []
        return listed(models, asked, "modelSummaries", lambda model: _model_summary(model, jobs[model.id]))

    async def _delete_model(self, asked: Parameters) -> dict[str, Any]:
        model, _ = self._found_model(asked)
        called: list[Deployment | Provisioned] = [*self._ledger.all(Deployment), *self._ledger.all(Provisioned)]
        if users := [each.name for each in called if each.model == model.arn]:
            raise ConflictError(f"The model {model.name} is in use by {users[0]}.")
        self._ledger.delete(model)
        shutil.rmtree(self._folder(model.id), ignore_errors=True)
        return {}

    def _found_model(self, asked: Parameters) -> tuple[CustomModel, Job]:
        model = self._ledger.find(CustomModel, asked["modelIdentifier"])
        if model is None:
            raise ResourceNotFoundError("The custom model was not found.")
        return model, next(job for job in self._ledger.all(Job) if job.id == model.id)


def _summary(job: Job) -> dict[str, Any]:
    return {
        "jobArn": job.arn,
        "jobName": job.name,
        "baseModelArn": foundation_arn(job.base),
        "status": job.status,
        "creationTime": job.created,
        "lastModifiedTime": job.modified,
        "endTime": job.ended,
        "customModelArn": job.model_arn,
        "customModelName": job.model_name if job.model_arn else "",
        "customizationType": job.type,
    }


def _settings(job: Job) -> dict[str, Any]:
    return {
        "baseModelArn": foundation_arn(job.base),
        "customizationType": job.type,
        "hyperParameters": job.hyperparameters,
        "trainingDataConfig": {"s3Uri": job.training},
        "validationDataConfig": {"validators": [{"s3Uri": uri} for uri in job.validation]},
        "outputDataConfig": {"s3Uri": job.output},
    }


def _model_summary(model: CustomModel, job: Job) -> dict[str, Any]:
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "creationTime": model.created,
        "baseModelArn": foundation_arn(model.base),
        "baseModelName": model.base,
        "customizationType": job.type,
        "ownerAccountId": ACCOUNT,
        "modelStatus": "Active",
    }
