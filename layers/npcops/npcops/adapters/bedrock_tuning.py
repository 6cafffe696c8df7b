"""Bedrock's customization jobs, custom models and their throughput: deployments on demand, and provisioned units.

Everything that a stage makes there has a name that begins with its prefix, which is also the request's token: whoever
asks again by the same name gets what there is.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from npcops.adapters.bedrock_control import (
    ABSENT,
    CONFLICT,
    INVALID,
    asking,
    on_demand,
    pages,
    present,
    provisioned,
    tag_list,
    words,
)
from npcops.errors import Conflict, NotFound, StoreUnavailable, TuningRefused
from npcops.tunings import Deployment, JobState, TuningJob, TuningType

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

TYPES: dict[TuningType, Any] = {
    "fine-tuning": "FINE_TUNING",
    "continued-pre-training": "CONTINUED_PRE_TRAINING",
}
PROVISIONED_ARN, ON_DEMAND_ARN = ":provisioned-model/", ":custom-model-deployment/"


@cache
def client() -> BedrockClient:
    """One client a process; nobody waits for it."""
    config = Config(connect_timeout=2, read_timeout=12, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("bedrock", config=config)


class BedrockCustomModels:
    """`CustomModels`. `role` is the one that Bedrock assumes for jobs, `prefix` begins the names of this stage."""

    def __init__(self, client: BedrockClient, role: str, prefix: str) -> None:
        self._client, self._role, self._prefix = client, role, prefix

    def start_job(self, job: TuningJob) -> str:
        """See CustomModels."""
        name = self._named(job.name)
        tags: Any = tag_list(job.tags)
        request: Any = {
            "jobName": name,
            "customModelName": self._named(job.model_name),
            "roleArn": self._role,
            "clientRequestToken": name,
            "baseModelIdentifier": job.base,
            "customizationType": TYPES[job.type],
            "jobTags": tags,
            "customModelTags": tags,
            "trainingDataConfig": {"s3Uri": job.training},
            "outputDataConfig": {"s3Uri": job.output},
            "hyperParameters": job.hyperparameters,
        }
        if job.validation:
            request["validationDataConfig"] = {"validators": [{"s3Uri": job.validation}]}
        try:
            with asking(CONFLICT, INVALID, refusing=True):
                return self._client.create_model_customization_job(**request)["jobArn"]
        except ClientError as error:
            # That the name is in use, Bedrock tells by either.
            with suppress(NotFound):
                return str(self._job(name)["jobArn"])
            raise TuningRefused(words(error)) from None

    def job(self, job: str) -> JobState:
        """See CustomModels."""
        found = self._job(self._named(job))
        losses: Any = found.get("validationMetrics") or [{}]
        return JobState(
            status=found.get("status") or "InProgress",
            custom_model=found.get("outputModelArn") or "",
            failure=found.get("failureMessage") or "",
            training_loss=(found.get("trainingMetrics") or {}).get("trainingLoss"),
            validation_loss=losses[0].get("validationLoss"),
        )

    def stop_job(self, job: str) -> None:
        """See CustomModels."""
        with suppress(NotFound):
            if self._job(self._named(job)).get("status") == "InProgress":
                with suppress(ClientError), asking(ABSENT, CONFLICT):
                    self._client.stop_model_customization_job(jobIdentifier=self._named(job))

    def deploy(self, name: str, custom_model: str, kind: str, tags: dict[str, str]) -> str:
        """See CustomModels. Provisioned throughput is one unit, without commitment."""
        full = self._named(name)
        known = self.deployment(full)
        if known.readiness != "gone":
            return known.arn
        common: Any = {"clientRequestToken": full, "tags": tag_list(tags)}
        with asking(refusing=True):
            if kind == "provisioned":
                return self._client.create_provisioned_model_throughput(
                    provisionedModelName=full, modelId=custom_model, modelUnits=1, **common
                )["provisionedModelArn"]
            return self._client.create_custom_model_deployment(
                modelDeploymentName=full, modelArn=custom_model, **common
            )["customModelDeploymentArn"]

    def deployment(self, arn: str) -> Deployment:
        """See CustomModels."""
        identifier = self._named(arn)
        if PROVISIONED_ARN not in arn:
            found = present(
                lambda: self._client.get_custom_model_deployment(customModelDeploymentIdentifier=identifier)
            )
            if found or ON_DEMAND_ARN in arn:
                return on_demand(found) if found else Deployment(arn, "gone", "on-demand")
        found = present(lambda: self._client.get_provisioned_model_throughput(provisionedModelId=identifier))
        return provisioned(found) if found else Deployment(arn, "gone", "provisioned")

    def deployments(self) -> list[Deployment]:
        """See CustomModels."""
        named = {"nameContains": self._prefix}
        deployed = pages(self._client.list_custom_model_deployments, "modelDeploymentSummaries", **named)
        units = pages(self._client.list_provisioned_model_throughputs, "provisionedModelSummaries", **named)
        found = [*map(on_demand, deployed), *map(provisioned, units)]
        return [one for one in found if one.name.startswith(self._prefix)]

    def free(self, arn: str) -> None:
        """See CustomModels."""
        try:
            with asking(ABSENT, CONFLICT, INVALID):
                if PROVISIONED_ARN in arn:
                    self._client.delete_provisioned_model_throughput(provisionedModelId=arn)
                else:
                    self._client.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
        except ClientError as error:
            left = self.deployment(arn).readiness
            if left == "creating":
                raise Conflict("This deployment is still being created.") from None
            if left != "gone":
                raise StoreUnavailable(f"A deployment could not be deleted. {words(error)}") from None

    def delete_model(self, custom_model: str) -> None:
        """See CustomModels."""
        with suppress(ClientError), asking(ABSENT):
            self._client.delete_custom_model(modelIdentifier=custom_model)

    def _named(self, identifier: str) -> str:
        """An ARN as it is, a name with the stage's prefix."""
        if identifier.startswith(("arn:", self._prefix)):
            return identifier
        return f"{self._prefix}{identifier}"

    def _job(self, identifier: str) -> Any:
        found = present(lambda: self._client.get_model_customization_job(jobIdentifier=identifier))
        if found is None:
            raise NotFound("There is no such tuning job.")
        return found
