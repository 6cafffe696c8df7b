"""What a custom model is called by: deployments, provisioned throughput, and which models are in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from botocore.exceptions import ClientError

from local.bedrock import control
from local.bedrock.errors import ServiceError
from local.bedrock.ledger import Ledger
from local.bedrock.records import CustomModel, Job, arn, now
from local.bedrock.tuned import TunedModels
from npcops.adapters.bedrock_tuning import BedrockCustomModels
from npcops.errors import TuningRefused
from npcops.tunings import TuningJob
from tests.local.doubles import ScriptedChat
from tests.local.tuning_service import (
    BASE,
    ROLE,
    Service,
    Shelf,
    TinyModels,
    checked,
    conversations,
    never_end,
    serving,
)
from tests.tuning_models import random_adapter, shape_of

MODEL = arn("custom-model", BASE, "abcdefghijkl")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    pytest.importorskip("gguf")
    return TinyModels(tmp_path_factory.mktemp("base") / "tiny.gguf")


@pytest.fixture
def service(tmp_path: Path, models: TinyModels) -> Iterator[Service]:
    """The service with a custom model whose adapter is a random one."""
    _keep_model(tmp_path)
    with serving(tmp_path, models, Shelf()) as service:
        yield service


def test_a_deployment_is_created_answers_and_is_gone_when_it_is_deleted(service: Service) -> None:
    made = service.control.create_custom_model_deployment(modelDeploymentName="gate", modelArn=MODEL)
    deployment = made["customModelDeploymentArn"]
    ready = service.once(lambda: service.deployment(deployment), lambda found: found["status"] != "Creating")
    assert (ready["status"], ready["modelArn"], ready["modelDeploymentName"]) == ("Active", MODEL, "gate")
    assert service.said(deployment) != service.said(BASE)
    streamed = service.runtime.converse_stream(
        modelId=deployment, messages=[{"role": "user", "content": [{"text": "Ho!"}]}], inferenceConfig={"maxTokens": 3}
    )
    assert [next(iter(event)) for event in streamed["stream"]][-2:] == ["messageStop", "metadata"]
    service.control.delete_custom_model_deployment(customModelDeploymentIdentifier="gate")
    for call in (lambda: service.said(deployment), lambda: service.deployment(deployment)):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_the_same_deployment_is_made_once(service: Service) -> None:
    asked = {"modelDeploymentName": "gate", "modelArn": MODEL, "clientRequestToken": "token-1"}
    first, again = (service.control.create_custom_model_deployment(**asked) for _ in range(2))
    assert first["customModelDeploymentArn"] == again["customModelDeploymentArn"]
    with pytest.raises(service.control.exceptions.ValidationException, match="in use"):
        service.control.create_custom_model_deployment(modelDeploymentName="gate", modelArn=MODEL)
    listed = checked("ListCustomModelDeployments", service.control.list_custom_model_deployments(nameContains="gat"))
    assert [each["customModelDeploymentName"] for each in listed["modelDeploymentSummaries"]] == ["gate"]


def test_provisioned_throughput_is_in_service_once_it_answers(service: Service) -> None:
    made = service.control.create_provisioned_model_throughput(
        modelUnits=1, provisionedModelName="gate", modelId=MODEL, commitmentDuration="OneMonth"
    )
    identifier = made["provisionedModelArn"]

    def look() -> dict[str, object]:
        found = service.control.get_provisioned_model_throughput(provisionedModelId=identifier)
        return checked("GetProvisionedModelThroughput", found)

    assert service.once(look, lambda found: found["status"] != "Creating")["status"] == "InService"
    assert service.said(identifier)
    listed = service.control.list_provisioned_model_throughputs(modelArnEquals=MODEL, statusEquals="InService")
    assert len(checked("ListProvisionedModelThroughputs", listed)["provisionedModelSummaries"]) == 1
    service.control.delete_provisioned_model_throughput(provisionedModelId=identifier)
    with pytest.raises(service.control.exceptions.ResourceNotFoundException):
        look()


def test_a_model_that_is_called_by_something_cannot_be_deleted(service: Service, tmp_path: Path) -> None:
    service.deployed(MODEL, "gate")
    with pytest.raises(service.control.exceptions.ConflictException, match="gate"):
        service.control.delete_custom_model(modelIdentifier=MODEL)
    service.control.delete_custom_model_deployment(customModelDeploymentIdentifier="gate")
    service.control.delete_custom_model(modelIdentifier="gate-model")
    assert service.control.list_custom_models()["modelSummaries"] == []
    assert not (tmp_path / "jobs" / "abcdefghijkl").exists()
    with pytest.raises(service.control.exceptions.ResourceNotFoundException):
        service.control.create_custom_model_deployment(modelDeploymentName="gate", modelArn=MODEL)


def test_an_adapter_that_cannot_be_loaded_fails_its_deployment(service: Service, tmp_path: Path) -> None:
    (tmp_path / "jobs" / "abcdefghijkl" / "adapter.gguf").write_bytes(b"GGUF, or not")
    made = service.control.create_custom_model_deployment(modelDeploymentName="gate", modelArn=MODEL)
    deployment = made["customModelDeploymentArn"]
    failed = service.once(lambda: service.deployment(deployment), lambda found: found["status"] != "Creating")
    assert (failed["status"], "adapter" in failed["failureMessage"]) == ("Failed", True)
    with pytest.raises(ClientError, match="failed"):
        service.said(deployment)


def test_whatever_goes_wrong_a_deployment_can_be_deleted(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> None:
        raise KeyError("tokens")

    monkeypatch.setattr(control, "_said", broken)
    made = service.control.create_custom_model_deployment(modelDeploymentName="gate", modelArn=MODEL)
    deployment = made["customModelDeploymentArn"]
    failed = service.once(lambda: service.deployment(deployment), lambda found: found["status"] != "Creating")
    assert (failed["status"], "KeyError" in failed["failureMessage"]) == ("Failed", True)
    service.control.delete_custom_model_deployment(customModelDeploymentIdentifier=deployment)


def test_deployments_come_back_when_the_service_does(tmp_path: Path, models: TinyModels) -> None:
    _keep_model(tmp_path)
    with serving(tmp_path, models, Shelf()) as service:
        deployment = service.deployed(MODEL, "gate")
        said = service.said(deployment)
    with serving(tmp_path, models, Shelf()) as service:
        assert service.said(deployment) == said


def test_the_model_asked_least_recently_makes_room() -> None:
    loads: list[str] = []

    async def load(model: str) -> ScriptedChat:
        loads.append(model)
        return ScriptedChat()

    async def ask() -> list[str]:
        tuned = TunedModels(load, most=2)
        first = await tuned.get("a")
        await tuned.get("b")
        assert await tuned.get("a") is first
        await asyncio.gather(tuned.get("c"), tuned.get("c"))
        return tuned.loaded

    assert asyncio.run(ask()) == ["a", "c"]
    assert loads == ["a", "b", "c"]


def test_a_model_that_failed_to_load_is_tried_again() -> None:
    answers = [ServiceError("The adapter cannot be loaded."), ScriptedChat()]

    async def load(_: str) -> ScriptedChat:
        answer = answers.pop(0)
        if isinstance(answer, ServiceError):
            raise answer
        return answer

    async def ask() -> list[str]:
        tuned = TunedModels(load)
        with pytest.raises(ServiceError):
            await tuned.get("a")
        await tuned.get("a")
        return tuned.loaded

    assert asyncio.run(ask()) == ["a"]


def test_what_a_stage_asks_of_bedrock_is_served(service: Service) -> None:
    stage = BedrockCustomModels(service.control, ROLE, "npcops-local-")
    deployment = stage.deploy("gate", MODEL, "on-demand", {"title": "saltmarrow"})
    assert stage.deploy("gate", MODEL, "on-demand", {"title": "saltmarrow"}) == deployment
    service.once(lambda: stage.deployment(deployment), lambda found: found.readiness == "ready")
    units = stage.deploy("units", MODEL, "provisioned", {})
    service.once(lambda: stage.deployment(units), lambda found: found.readiness == "ready")
    assert {found.arn for found in stage.deployments()} == {deployment, units}
    for arn_of_one in (deployment, units):
        stage.free(arn_of_one)
        stage.free(arn_of_one)
        assert stage.deployment(arn_of_one).readiness == "gone"
    stage.delete_model(MODEL)
    stage.delete_model(MODEL)
    assert stage.deployments() == []


def test_a_stages_job_is_started_once_and_stopped(tmp_path: Path, models: TinyModels) -> None:
    shelf = Shelf({"s3://models/runs/train.jsonl": conversations(("Who goes there?", "Hum."))})
    asked = TuningJob(
        name="run-1", model_name="run-1", base=BASE, type="fine-tuning", training="s3://models/runs/train.jsonl",
        validation="", output="s3://models/runs/output/", hyperparameters={"epochCount": "1"}, tags={"title": "salt"},
    )  # fmt: skip
    with serving(tmp_path, models, shelf, never_end) as service:
        stage = BedrockCustomModels(service.control, ROLE, "npcops-local-")
        job = stage.start_job(asked)
        assert stage.start_job(asked) == job
        assert stage.job(job).status == "InProgress"
        stage.stop_job(job)
        service.once(lambda: stage.job(job), lambda found: found.status == "Stopped")
        stage.stop_job(job)
        with pytest.raises(TuningRefused, match="epochCount"):
            stage.start_job(msgspec.structs.replace(asked, name="run-2", hyperparameters={"epochCount": "0"}))


def _keep_model(folder: Path) -> None:
    from local.tuning.adapter_file import write_adapter

    ledger, moment = Ledger(folder / "control.sqlite"), now()
    job = Job(
        id="abcdefghijkl", arn=arn("model-customization-job", BASE, "abcdefghijkl"), name="job-1", created=moment,
        base=BASE, type="FINE_TUNING", role="", model_name="gate-model", training="s3://models/train.jsonl",
        validation=[], output="s3://models/output", hyperparameters={}, status="Completed", training_loss=1.0,
    )  # fmt: skip
    ledger.put(job)
    ledger.put(CustomModel(id=job.id, arn=MODEL, name="gate-model", created=moment, base=BASE, job=job.arn))
    ledger.close()
    adapter = folder / "jobs" / job.id / "adapter.gguf"
    adapter.parent.mkdir(parents=True)
    shape = shape_of("qwen2")
    write_adapter(adapter, random_adapter(shape), shape.architecture, "gate-model")
