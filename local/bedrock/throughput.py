"""Operations on what a custom model can be called by: deployments on demand, and provisioned throughput."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.bedrock import repeats
from local.bedrock.errors import ConflictError, ResourceNotFoundError, ValidationError
from local.bedrock.ledger import Ledger
from local.bedrock.listing import listed
from local.bedrock.operations import Handler, Parameters
from local.bedrock.records import CustomModel, Deployment, Provisioned, arn, foundation_arn, new_id, now

Called = Deployment | Provisioned


class Throughput:
    """`opened` is called with what was made, and sees to its becoming ready; `closed` with what was deleted."""

    def __init__(self, ledger: Ledger, opened: Callable[[Called], None], closed: Callable[[Called], None]) -> None:
        self._ledger, self._opened, self._closed = ledger, opened, closed

    def handlers(self) -> dict[str, Handler]:
        """Each operation's."""
        return {
            "CreateCustomModelDeployment": self._deploy,
            "GetCustomModelDeployment": self._get_deployment,
            "ListCustomModelDeployments": self._list_deployments,
            "DeleteCustomModelDeployment": self._delete_deployment,
            "CreateProvisionedModelThroughput": self._provision,
            "GetProvisionedModelThroughput": self._get_provisioned,
            "ListProvisionedModelThroughputs": self._list_provisioned,
            "DeleteProvisionedModelThroughput": self._delete_provisioned,
        }

    async def _deploy(self, asked: Parameters) -> dict[str, Any]:
        made = self._ledger.all(Deployment)
        found = repeats.earlier(made, asked, asked["modelDeploymentName"], ValidationError)
        if found is None:
            model, number, moment = self._model(asked["modelArn"]), new_id(), now()
            found = Deployment(
                id=number,
                arn=arn("custom-model-deployment", number),
                name=asked["modelDeploymentName"],
                created=moment,
                modified=moment,
                token=asked.get(repeats.TOKEN, ""),
                asked=repeats.digest(asked),
                model=model.arn,
                description=asked.get("description", ""),
            )
            self._ledger.put(found)
            self._opened(found)
        return {"customModelDeploymentArn": found.arn}

    async def _get_deployment(self, asked: Parameters) -> dict[str, Any]:
        deployment = self._deployment(asked)
        summary = _deployment_summary(deployment)
        name = summary.pop("customModelDeploymentName")
        return {**summary, "modelDeploymentName": name, "description": deployment.description}

    async def _list_deployments(self, asked: Parameters) -> dict[str, Any]:
        status, model = asked.get("statusEquals"), asked.get("modelArnEquals")
        found = [
            deployment
            for deployment in self._ledger.all(Deployment)
            if status in (None, deployment.status) and model in (None, deployment.model)
        ]
        return listed(found, asked, "modelDeploymentSummaries", _deployment_summary)

    async def _delete_deployment(self, asked: Parameters) -> dict[str, Any]:
        deployment = self._deployment(asked)
        if deployment.status == "Creating":
            raise ConflictError(f"The deployment {deployment.name} is still being created.")
        self._ledger.delete(deployment)
        self._closed(deployment)
        return {}

    def _deployment(self, asked: Parameters) -> Deployment:
        found = self._ledger.find(Deployment, asked["customModelDeploymentIdentifier"])
        if found is None:
            raise ResourceNotFoundError("The custom model deployment was not found.")
        return found

    async def _provision(self, asked: Parameters) -> dict[str, Any]:
        made = self._ledger.all(Provisioned)
        found = repeats.earlier(made, asked, asked["provisionedModelName"], ValidationError)
        if found is None:
            model, number, moment = self._model(asked["modelId"]), new_id(), now()
            found = Provisioned(
                id=number,
                arn=arn("provisioned-model", number),
                name=asked["provisionedModelName"],
                created=moment,
                modified=moment,
                token=asked.get(repeats.TOKEN, ""),
                asked=repeats.digest(asked),
                model=model.arn,
                units=asked["modelUnits"],
                commitment=asked.get("commitmentDuration", ""),
            )
            self._ledger.put(found)
            self._opened(found)
        return {"provisionedModelArn": found.arn}

    async def _get_provisioned(self, asked: Parameters) -> dict[str, Any]:
        provisioned = self._provisioned(asked)
        return {**self._provisioned_summary(provisioned), "failureMessage": provisioned.failure}

    async def _list_provisioned(self, asked: Parameters) -> dict[str, Any]:
        status, model = asked.get("statusEquals"), asked.get("modelArnEquals")
        found = [
            provisioned
            for provisioned in self._ledger.all(Provisioned)
            if status in (None, provisioned.status) and model in (None, provisioned.model)
        ]
        return listed(found, asked, "provisionedModelSummaries", self._provisioned_summary)

    async def _delete_provisioned(self, asked: Parameters) -> dict[str, Any]:
        provisioned = self._provisioned(asked)
        if provisioned.status == "Creating":
            raise ConflictError(f"The throughput {provisioned.name} is still being created.")
        self._ledger.delete(provisioned)
        self._closed(provisioned)
        return {}

    def _provisioned(self, asked: Parameters) -> Provisioned:
        found = self._ledger.find(Provisioned, asked["provisionedModelId"])
        if found is None:
            raise ResourceNotFoundError("The provisioned model throughput was not found.")
        return found

    def _provisioned_summary(self, provisioned: Provisioned) -> dict[str, Any]:
        model = self._model(provisioned.model)
        return {
            "provisionedModelName": provisioned.name,
            "provisionedModelArn": provisioned.arn,
            "modelArn": provisioned.model,
            "desiredModelArn": provisioned.model,
            "foundationModelArn": foundation_arn(model.base),
            "modelUnits": provisioned.units,
            "desiredModelUnits": provisioned.units,
            "status": provisioned.status,
            "commitmentDuration": provisioned.commitment,
            "creationTime": provisioned.created,
            "lastModifiedTime": provisioned.modified,
        }

    def _model(self, identifier: str) -> CustomModel:
        model = self._ledger.find(CustomModel, identifier)
        if model is None:
            raise ResourceNotFoundError("The custom model was not found.")
        return model


def _deployment_summary(deployment: Deployment) -> dict[str, Any]:
    return {
        "customModelDeploymentArn": deployment.arn,
        "customModelDeploymentName": deployment.name,
        "modelArn": deployment.model,
        "createdAt": deployment.created,
        "status": deployment.status,
        "lastUpdatedAt": deployment.modified,
        "failureMessage": deployment.failure,
    }
