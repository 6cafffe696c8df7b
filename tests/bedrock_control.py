"""Bedrock's control plane in place of the network: `MemoryCustomModels`, told in requests and answers of the real API.

Requests pass botocore's parameter checks and serialisation, answers its deserialisation; no socket is opened. Lists
have one entry a page.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from npcops.errors import Conflict, NotFound
from npcops.tunings import Deployment, TuningJob
from tests.bedrock_wire import http, refusal
from tests.custom_models import MemoryCustomModels

JOBS, UNITS = "/model-customization-jobs", "/provisioned-model-throughput"
DEPLOYMENTS = "/model-customization/custom-model-deployments"
TYPES: dict[str, Any] = {"FINE_TUNING": "fine-tuning", "CONTINUED_PRE_TRAINING": "continued-pre-training"}
STATUS = {
    "on-demand": {"creating": "Creating", "ready": "Active", "failed": "Failed"},
    "provisioned": {"creating": "Creating", "ready": "InService", "failed": "Failed"},
}


def client() -> Any:
    """A client as the product makes it, but of nobody, and which tries once."""
    return boto3.client(
        "bedrock",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
        config=Config(retries={"total_max_attempts": 1}),
    )


class ControlPlane:
    """Answers a client. `refusals` are errors, by operation, that the next calls get instead."""

    def __init__(self, client: Any, models: MemoryCustomModels) -> None:
        self.models, self.calls = models, list[tuple[str, dict[str, Any]]]()
        self.refusals: dict[str, list[AWSResponse | Exception]] = {}
        client.meta.events.register("before-send.bedrock", self._send)

    def _send(self, request: Any, event_name: str, **_: Any) -> AWSResponse:
        operation, where = event_name.rpartition(".")[2], urlsplit(request.url)
        asked = json.loads(request.body) if request.body else {}
        asked |= {name: values[0] for name, values in parse_qs(where.query).items()}
        self.calls.append((operation, asked))
        if waiting := self.refusals.get(operation):
            refused = waiting.pop(0)
            if isinstance(refused, Exception):
                raise refused
            return refused
        identifier = unquote(where.path.removesuffix("/stop").partition(self._place(where.path))[2].lstrip("/"))
        name = "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        try:
            found = getattr(self, name)(identifier or asked)
        except NotFound as error:
            return refusal("ResourceNotFoundException", 404, str(error))
        except Conflict as error:
            return refusal("ConflictException", 400, str(error))
        return http(200, json.dumps(found).encode(), content_type="application/json")

    def _place(self, path: str) -> str:
        return next(
            place for place in (JOBS, DEPLOYMENTS, f"{UNITS}s", UNITS, "/custom-models") if path.startswith(place)
        )

    def _create_model_customization_job(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["jobName"] in self.models.jobs:
            raise Conflict("There is a job of this name.")
        job = TuningJob(
            name=asked["jobName"],
            model_name=asked["customModelName"],
            base=asked["baseModelIdentifier"],
            type=TYPES[asked["customizationType"]],
            training=asked["trainingDataConfig"]["s3Uri"],
            validation="".join(one["s3Uri"] for one in asked.get("validationDataConfig", {}).get("validators", [])),
            output=asked["outputDataConfig"]["s3Uri"],
            hyperparameters=asked["hyperParameters"],
            tags={tag["key"]: tag["value"] for tag in asked["jobTags"]},
        )
        return {"jobArn": self.models.start_job(job)}

    def _get_model_customization_job(self, identifier: str) -> dict[str, Any]:
        state = self.models.job(identifier)
        name, job = self.models.find(identifier)
        found: dict[str, Any] = {
            "jobArn": self.models.start_job(job.asked),
            "jobName": name,
            "outputModelName": job.asked.model_name,
            "roleArn": "arn:aws:iam::123456789012:role/tuning",
            "status": state.status,
            "creationTime": _time(0),
            "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/base",
            "trainingDataConfig": {"s3Uri": job.asked.training},
            "validationDataConfig": {"validators": []},
            "outputDataConfig": {"s3Uri": job.asked.output},
        }
        if state.failure:
            found["failureMessage"] = state.failure
        if state.custom_model:
            found["outputModelArn"] = state.custom_model
            found["trainingMetrics"] = {"trainingLoss": state.training_loss}
            found["validationMetrics"] = [{"validationLoss": state.validation_loss}]
        return found

    def _stop_model_customization_job(self, identifier: str) -> dict[str, Any]:
        if self.models.job(identifier).status != "InProgress":
            raise Conflict("The job does not run.")
        self.models.stop_job(identifier)
        return {}

    def _create_custom_model_deployment(self, asked: dict[str, Any]) -> dict[str, Any]:
        arn = self._bought(asked["modelDeploymentName"], asked["modelArn"], "on-demand", asked)
        return {"customModelDeploymentArn": arn}

    def _create_provisioned_model_throughput(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["modelUnits"] == 1
        assert "commitmentDuration" not in asked
        return {
            "provisionedModelArn": self._bought(asked["provisionedModelName"], asked["modelId"], "provisioned", asked)
        }

    def _bought(self, name: str, model: str, kind: str, asked: dict[str, Any]) -> str:
        assert asked["clientRequestToken"]
        return self.models.deploy(name, model, kind, {tag["key"]: tag["value"] for tag in asked["tags"]})

    def _get_custom_model_deployment(self, identifier: str) -> dict[str, Any]:
        found = _told(self._found(identifier, "on-demand"))
        return {**found, "modelDeploymentName": found.pop("customModelDeploymentName")}

    def _get_provisioned_model_throughput(self, identifier: str) -> dict[str, Any]:
        return _told(self._found(identifier, "provisioned"))

    def _list_custom_model_deployments(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._page(asked, "on-demand", "modelDeploymentSummaries")

    def _list_provisioned_model_throughputs(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._page(asked, "provisioned", "provisionedModelSummaries")

    def _delete_custom_model_deployment(self, identifier: str) -> dict[str, Any]:
        self.models.free(self._found(identifier, "on-demand").arn)
        return {}

    def _delete_provisioned_model_throughput(self, identifier: str) -> dict[str, Any]:
        self.models.free(self._found(identifier, "provisioned").arn)
        return {}

    def _delete_custom_model(self, identifier: str) -> dict[str, Any]:
        raise NotFound("There is no such model.")

    def _found(self, identifier: str, kind: str) -> Deployment:
        found = self.models.deployment(identifier)
        if found.readiness == "gone" or found.kind != kind:
            raise NotFound("There is no such throughput.")
        return found

    def _page(self, asked: dict[str, Any], kind: str, field: str) -> dict[str, Any]:
        named = [one for one in self.models.deployments() if one.kind == kind and asked["nameContains"] in one.name]
        first = int(asked.get("nextToken", 0))
        more = {"nextToken": str(first + 1)} if len(named) > first + 1 else {}
        return {field: [_told(one) for one in named[first : first + 1]], **more}


def _told(found: Deployment) -> dict[str, Any]:
    """A summary; what is a description besides is not looked at."""
    common = {"status": STATUS[found.kind][found.readiness], "modelArn": found.custom_model}
    common |= {"failureMessage": found.failure} if found.failure else {}
    if found.kind == "on-demand":
        names = {"customModelDeploymentArn": found.arn, "customModelDeploymentName": found.name}
        return {**common, **names, "createdAt": _time(0)}
    names = {"provisionedModelArn": found.arn, "provisionedModelName": found.name}
    base = "arn:aws:bedrock:us-east-1::foundation-model/base"
    units = {"modelUnits": 1, "desiredModelUnits": 1, "foundationModelArn": base, "desiredModelArn": found.custom_model}
    return {**common, **names, **units, "creationTime": _time(0), "lastModifiedTime": _time(0)}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(1_795_000_000 + seconds, UTC).isoformat().replace("+00:00", "Z")
