"""Customization jobs and custom models as a boto3 client has them, with a tiny model that is really tuned."""

from __future__ import annotations

import csv
import io
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from local.bedrock import workshop
from local.bedrock.objects import CutOff, Objects
from tests.local.conftest import cloud_environment
from tests.local.tuning_service import (
    BASE,
    Service,
    Shelf,
    TinyModels,
    checked,
    conversations,
    never_end,
    serving,
)

TRAINING, VALIDATION = "s3://models/runs/train.jsonl", "s3://models/runs/validation.jsonl"
CALLS = ("Who goes there?", "Open up!", "What now?", "Hello.", "Good day.", "Why?", "Where?", "Ho!")
QUICK = {"epochCount": "12", "learningRate": "0.01", "batchSize": "4", "learningRateWarmupSteps": "2"}
TRAINING_CSV = "training_artifacts/step_wise_training_metrics.csv"
VALIDATION_CSV = "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"

pytestmark = pytest.mark.usefixtures("_needs_gguf")


@pytest.fixture(scope="module")
def _needs_gguf() -> None:
    pytest.importorskip("gguf")


@pytest.fixture(scope="module")
def models(_needs_gguf: None, tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    return TinyModels(tmp_path_factory.mktemp("base") / "tiny.gguf")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf({TRAINING: conversations(*((call, "Hum hum hum.") for call in CALLS))})


@pytest.fixture
def idle(tmp_path: Path, models: TinyModels, shelf: Shelf) -> Iterator[Service]:
    """The service with a trainer that never ends."""
    with serving(tmp_path, models, shelf, never_end) as service:
        yield service


def test_a_tuned_model_answers_as_it_has_learned_and_its_base_as_before(
    tmp_path: Path, models: TinyModels, shelf: Shelf
) -> None:
    shelf.objects[VALIDATION] = conversations(("Who is it?", "Hum hum hum."))
    with serving(tmp_path, models, shelf) as service:
        before = service.said(BASE)
        job = service.ended(
            service.start_job(
                hyperParameters=QUICK, validationDataConfig={"validators": [{"s3Uri": VALIDATION}]}, jobTags=[]
            )
        )
        assert job["status"] == "Completed", job.get("failureMessage")
        folder = f"s3://models/runs/output/model-customization-job-{job['jobArn'].rpartition('/')[2]}"
        losses = _column(shelf, f"{folder}/{TRAINING_CSV}", "training_loss")
        validation = _column(shelf, f"{folder}/{VALIDATION_CSV}", "validation_loss")
        assert sum(losses[-4:]) < sum(losses[:4]) / 2
        assert min(validation) == pytest.approx(job["validationMetrics"][0]["validationLoss"], abs=1e-5)
        assert len(validation) == 1 + int(QUICK["epochCount"])
        model = checked("GetCustomModel", service.control.get_custom_model(modelIdentifier=job["outputModelArn"]))
        assert (model["modelName"], model["jobArn"]) == ("model-of-job-1", job["jobArn"])
        assert model["baseModelArn"].endswith(f"foundation-model/{BASE}")
        deployment = service.deployed(job["outputModelArn"], "gate")
        assert "hum" in service.said(deployment).lower()
        assert service.said(BASE) == before


def test_plain_text_is_learned_whole(tmp_path: Path, models: TinyModels, shelf: Shelf) -> None:
    shelf.objects[TRAINING] = b'{"input": "the gate the gate the gate the gate"}\n' * 4
    with serving(tmp_path, models, shelf) as service:
        asked = {"customizationType": "CONTINUED_PRE_TRAINING", "hyperParameters": QUICK}
        job = service.ended(service.start_job(**asked))
        assert job["status"] == "Completed", job.get("failureMessage")
        assert job["trainingMetrics"]["trainingLoss"] < 3.0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (conversations(("a", "b")) + b"{not json\n", "Line 2 of train.jsonl"),
        (b'\n{"messages": []}\n', "Line 2 of train.jsonl: schemaVersion"),
        (conversations(("a", " ")), "Line 1 of train.jsonl: messages.1.content"),
        (b"", "no records"),
        (None, TRAINING),
    ],
)
def test_bad_data_fails_the_job_and_names_the_line(
    tmp_path: Path, models: TinyModels, shelf: Shelf, data: bytes | None, told: str
) -> None:
    shelf.objects = {} if data is None else {TRAINING: data}
    with serving(tmp_path, models, shelf, never_end) as service:
        job = service.ended(service.start_job())
        assert job["status"] == "Failed"
        assert told in job["failureMessage"]
        assert not list((tmp_path / "jobs").iterdir())


def test_a_cloud_that_does_not_answer_is_waited_for(
    tmp_path: Path, models: TinyModels, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "LOOK_SECONDS", 0.05)
    shelf.away = 3
    with serving(tmp_path, models, shelf, never_end) as service:
        arn = service.start_job(hyperParameters=QUICK | {"epochCount": "1"})
        service.once(_trainers, bool)
        shelf.away = 10**9
    with serving(tmp_path, models, shelf) as service:
        service.once(lambda: list(tmp_path.glob("jobs/*/done.json")), bool)
        assert service.job(arn)["status"] == "InProgress"
        shelf.away = 0
        assert service.ended(arn)["status"] == "Completed"
    assert len([uri for uri in shelf.objects if uri.endswith(TRAINING_CSV)]) == 1


def test_a_job_that_waits_for_the_cloud_can_be_stopped(idle: Service) -> None:
    idle.shelf.away = 10**9
    arn = idle.start_job()
    idle.control.stop_model_customization_job(jobIdentifier=arn)
    assert idle.ended(arn)["status"] == "Stopped"


def test_a_service_that_is_not_there_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    for name, value in cloud_environment(address).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CutOff):
        Objects().read(TRAINING)


def test_texts_of_a_single_token_teach_nothing(tmp_path: Path, models: TinyModels, shelf: Shelf) -> None:
    shelf.objects = {TRAINING: b'{"input": "a"}\n'}
    with serving(tmp_path, models, shelf) as service:
        job = service.ended(service.start_job(customizationType="CONTINUED_PRE_TRAINING"))
        assert (job["status"], "nothing that could be learned" in job["failureMessage"]) == ("Failed", True)


def test_the_same_request_is_one_job_and_another_one_of_its_name_a_conflict(idle: Service) -> None:
    first = idle.start_job(clientRequestToken="token-1")
    assert idle.start_job(clientRequestToken="token-1") == first
    for changed in ({}, {"clientRequestToken": "token-1", "customModelName": "another"}):
        with pytest.raises(idle.control.exceptions.ConflictException):
            idle.start_job(**changed)
    listed = idle.control.list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert [job["jobArn"] for job in listed] == [first]


def test_stopping_kills_the_trainer(idle: Service) -> None:
    arn = idle.start_job()
    trainer = idle.once(_trainers, bool)[0]
    idle.control.stop_model_customization_job(jobIdentifier=arn)
    assert idle.job(arn)["status"] in ("Stopping", "Stopped")
    assert idle.ended(arn)["status"] == "Stopped"
    assert not trainer.is_running()
    with pytest.raises(idle.control.exceptions.ConflictException):
        idle.control.stop_model_customization_job(jobIdentifier=arn)


def test_one_job_trains_while_others_wait_and_can_be_stopped(idle: Service) -> None:
    first, second = idle.start_job("job-1"), idle.start_job("job-2")
    idle.once(_trainers, bool)
    idle.control.stop_model_customization_job(jobIdentifier=second)
    assert idle.ended(second)["status"] == "Stopped"
    assert len(_trainers()) == 1
    assert idle.job(first)["status"] == "InProgress"


def test_losses_are_told_while_it_trains(idle: Service) -> None:
    arn = idle.start_job()
    uri = f"s3://models/runs/output/model-customization-job-{arn.rpartition('/')[2]}/{TRAINING_CSV}"
    idle.once(lambda: idle.shelf.objects.get(uri), bool)
    assert _column(idle.shelf, uri, "training_loss") == [2.0]
    assert idle.job(arn)["status"] == "InProgress"


def test_a_job_goes_on_after_the_service_was_stopped(tmp_path: Path, models: TinyModels, shelf: Shelf) -> None:
    with serving(tmp_path, models, shelf, never_end) as service:
        arn = service.start_job(hyperParameters=QUICK | {"epochCount": "2"})
        service.once(_trainers, bool)
    assert not _trainers()
    with serving(tmp_path, models, shelf) as service:
        assert service.ended(arn)["status"] == "Completed"


def test_without_the_extra_it_is_told_what_to_run(tmp_path: Path, models: TinyModels, shelf: Shelf) -> None:
    with serving(tmp_path, models, shelf, installed=False) as service:
        with pytest.raises(ClientError, match="npc tune") as refused:
            service.start_job()
        assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"baseModelIdentifier": "amazon.nova-lite-v1:0"}, "model identifier"),
        ({"hyperParameters": {"temperature": "1"}}, "temperature"),
        ({"hyperParameters": {"epochCount": "1.5"}}, "epochCount"),
        ({"hyperParameters": {"learningRate": "nan"}}, "learningRate"),
        ({"hyperParameters": {"learningRate": "much"}}, "learningRate"),
        ({"customizationType": "DISTILLATION"}, "DISTILLATION"),
        ({"customizationType": "SOMETHING"}, "enum value set"),
        ({"jobName": "-"}, "jobName"),
        ({"customModelName": "m" * 64}, "customModelName"),
        ({"trainingDataConfig": {}}, "trainingDataConfig"),
        ({"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}, "vpcConfig"),
    ],
)
def test_what_is_wrong_with_a_request_is_told_at_once(idle: Service, changed: dict[str, object], told: str) -> None:
    with pytest.raises(idle.control.exceptions.ValidationException, match=told):
        idle.start_job(**changed)
    assert idle.control.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []


def test_jobs_are_listed_by_pages_newest_first(idle: Service) -> None:
    made = [idle.start_job(f"job-{number}") for number in range(5)]
    pages = idle.control.get_paginator("list_model_customization_jobs").paginate(PaginationConfig={"PageSize": 2})
    found = [[job["jobArn"] for job in page["modelCustomizationJobSummaries"]] for page in pages]
    assert [len(page) for page in found] == [2, 2, 1]
    assert [arn for page in found for arn in page] == made[::-1]
    for filters, number in (
        ({"nameContains": "job-3"}, 1),
        ({"statusEquals": "Completed"}, 0),
        ({"creationTimeAfter": "2100-01-01T00:00:00Z"}, 0),
        ({"creationTimeBefore": "2100-01-01T00:00:00Z", "sortOrder": "Ascending"}, 5),
    ):
        assert len(idle.control.list_model_customization_jobs(**filters)["modelCustomizationJobSummaries"]) == number


def test_what_is_not_there_is_not_found(idle: Service) -> None:
    for call in (
        lambda: idle.control.get_model_customization_job(jobIdentifier="nothing"),
        lambda: idle.control.stop_model_customization_job(jobIdentifier="nothing"),
        lambda: idle.control.get_custom_model(modelIdentifier="nothing"),
        lambda: idle.control.delete_custom_model(modelIdentifier="nothing"),
    ):
        with pytest.raises(idle.control.exceptions.ResourceNotFoundException):
            call()


def _column(shelf: Shelf, uri: str, name: str) -> list[float]:
    return [float(row[name]) for row in csv.DictReader(io.StringIO(shelf.objects[uri].decode()))]


def _trainers() -> list[psutil.Process]:
    """What the service of this test has train: processes that were given the folder of a job."""
    return [child for child in psutil.Process().children() if _trains(child)]


def _trains(child: psutil.Process) -> bool:
    try:
        return any("/jobs/" in part for part in child.cmdline())
    except psutil.Error:
        return False  # It has ended, or is a zombie.
