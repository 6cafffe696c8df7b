"""The contract of `CustomModels`: jobs, and what is paid for, on the stand-in of other tests and on Bedrock's API.

With AWS_ENDPOINT_URL_BEDROCK set to where `python -m local.bedrock` listens, and BEDROCK_TEST_DATA to the `s3://` URI
of training data that it can read, also on that, where a job is really trained.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from npcops.adapters.bedrock_tuning import BedrockCustomModels, client
from npcops.errors import Conflict, NotFound, StoreUnavailable, TuningRefused
from npcops.tuning_ports import CustomModels
from npcops.tunings import TuningJob
from tests.bedrock_control import ControlPlane
from tests.bedrock_control import client as wired
from tests.bedrock_wire import refusal
from tests.clock import Clock
from tests.custom_models import MemoryCustomModels

# Read now: tests see an environment without any AWS settings.
SERVED, DATA = os.environ.get("AWS_ENDPOINT_URL_BEDROCK"), os.environ.get("BEDROCK_TEST_DATA", "")
LOCAL_BASE, BASE = "qwen.qwen2.5-coder-0.5b-instruct", "amazon.nova-lite-v1:0:300k"
PREFIX = "npcops-test-"
MOST_SECONDS = 1800.0
TAGS = {"npcops:stage": "test"}


class Bench:
    """Models under test, and how time passes for them."""

    def __init__(self, models: CustomModels, clock: Clock | None, base: str = BASE, data: str = "s3://b/data") -> None:
        self.models, self._clock, self.base, self.data = models, clock, base, data

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something."""
        for _ in range(int(MOST_SECONDS)):
            if holds():
                return
            if self._clock is None:
                time.sleep(1)
            else:
                self._clock.now += 60
        pytest.fail("it never came")

    def job(self, name: str) -> TuningJob:
        """A job to be started."""
        parameters = {"epochCount": "1"}
        where = (f"{self.data}/train.jsonl", f"{self.data}/validation.jsonl", f"{self.data}/output/")
        return TuningJob(name, name, self.base, "fine-tuning", *where, parameters, TAGS)

    def trained(self, name: str) -> str:
        """The custom model of a job that is carried through."""
        job = self.models.start_job(self.job(name))
        self.until(lambda: self.models.job(job).status == "Completed")
        return self.models.job(job).custom_model


@pytest.fixture(params=["memory", "api", pytest.param("served", marks=pytest.mark.models)])
def bench(request: pytest.FixtureRequest, aws_environment: None) -> Bench:
    if request.param == "served":
        if not SERVED or not DATA:
            pytest.skip("AWS_ENDPOINT_URL_BEDROCK and BEDROCK_TEST_DATA are not set")
        own = boto3.client("bedrock", endpoint_url=SERVED)
        return Bench(BedrockCustomModels(own, "arn:aws:iam::123456789012:role/t", PREFIX), None, LOCAL_BASE, DATA)
    clock = Clock()
    models = MemoryCustomModels(clock, PREFIX)
    if request.param == "memory":
        return Bench(models, clock)
    return Bench(adapter(models)[0], clock)


def adapter(models: MemoryCustomModels) -> tuple[BedrockCustomModels, ControlPlane]:
    """The adapter on Bedrock's API."""
    own = wired()
    plane = ControlPlane(own, models)
    return BedrockCustomModels(own, "arn:aws:iam::123456789012:role/tuning", PREFIX), plane


@pytest.fixture
def name() -> str:
    return f"019a9c4f2d803f1b2c4d5e-{secrets.token_hex(5)}"


def test_a_job_is_started_once_by_its_name_and_found_by_it(bench: Bench, name: str) -> None:
    first = bench.models.start_job(bench.job(name))
    assert bench.models.start_job(bench.job(name)) == first
    assert bench.models.job(first) == bench.models.job(name)
    assert bench.models.job(name).status == "InProgress"
    bench.models.stop_job(name)


def test_a_job_that_is_carried_through_tells_its_model_and_losses(bench: Bench, name: str) -> None:
    model = bench.trained(name)
    found = bench.models.job(name)
    assert ":custom-model/" in model
    assert found.training_loss is not None
    assert found.training_loss > 0
    assert found.failure == ""


def test_a_job_that_is_stopped_is_stopping_and_then_has_stopped(bench: Bench, name: str) -> None:
    job = bench.models.start_job(bench.job(name))
    bench.models.stop_job(job)
    assert bench.models.job(job).status in ("Stopping", "Stopped")
    bench.models.stop_job(name)
    bench.until(lambda: bench.models.job(job).status == "Stopped")
    bench.models.stop_job(name)
    assert bench.models.job(job).status == "Stopped"


def test_what_was_never_started_is_not_found_and_need_not_be_stopped(bench: Bench, name: str) -> None:
    with pytest.raises(NotFound):
        bench.models.job(name)
    bench.models.stop_job(name)


@pytest.mark.parametrize("kind", ["on-demand", "provisioned"])
def test_throughput_is_bought_once_by_its_name_becomes_ready_and_is_freed(bench: Bench, name: str, kind: str) -> None:
    model = bench.trained(name)
    arn = bench.models.deploy(name, model, kind, TAGS)
    assert bench.models.deploy(name, model, kind, TAGS) == arn
    bench.until(lambda: bench.models.deployment(arn).readiness == "ready")
    found = bench.models.deployment(arn)
    assert found == bench.models.deployment(name)
    assert (found.arn, found.kind, found.custom_model) == (arn, kind, model)
    assert found.name == f"{PREFIX}{name}"
    assert arn in [one.arn for one in bench.models.deployments()]
    bench.models.free(arn)
    assert bench.models.deployment(arn).readiness == bench.models.deployment(name).readiness == "gone"
    assert arn not in [one.arn for one in bench.models.deployments()]
    bench.models.free(arn)


@pytest.mark.parametrize("kind", ["on-demand", "provisioned"])
def test_throughput_that_is_being_created_cannot_be_freed_yet(bench: Bench, name: str, kind: str) -> None:
    arn = bench.models.deploy(name, bench.trained(name), kind, TAGS)
    if bench.models.deployment(arn).readiness == "creating":
        with pytest.raises(Conflict):
            bench.models.free(arn)
    bench.until(lambda: bench.models.deployment(arn).readiness == "ready")
    bench.models.free(arn)
    assert bench.models.deployment(arn).readiness == "gone"


def test_a_model_that_is_gone_need_not_be_deleted(bench: Bench, name: str) -> None:
    bench.models.delete_model(f"arn:aws:bedrock:us-east-1:123456789012:custom-model/{LOCAL_BASE}/a1b2c3d4e5f6")


def test_the_request_of_a_job_is_whole(name: str) -> None:
    models, plane = adapter(MemoryCustomModels(Clock(), PREFIX))
    job = Bench(models, None).job(name)
    models.start_job(job)
    (asked,) = [given for operation, given in plane.calls if operation == "CreateModelCustomizationJob"]
    assert (asked["jobName"], asked["customModelName"], asked["clientRequestToken"]) == (f"{PREFIX}{name}",) * 3
    assert asked["roleArn"] == "arn:aws:iam::123456789012:role/tuning"
    assert asked["customizationType"] == "FINE_TUNING"
    assert asked["validationDataConfig"] == {"validators": [{"s3Uri": job.validation}]}
    assert asked["hyperParameters"] == {"epochCount": "1"}
    assert asked["jobTags"] == asked["customModelTags"] == [{"key": "npcops:stage", "value": "test"}]


def test_defect_06_throughput_of_this_stage_is_found_over_all_pages_and_no_other_s() -> None:
    """Names were matched by a part of them, and on the first page alone."""
    memory = MemoryCustomModels(Clock(), PREFIX)
    models, _ = adapter(memory)
    for number in range(5):
        for kind in ("on-demand", "provisioned"):
            memory.deploy(f"{number}-{kind}", "arn:aws:bedrock:us-east-1:123456789012:custom-model/x.y/a1", kind, {})
    memory.prefix = "x-"
    memory.deploy(f"x-{PREFIX}other", "arn:aws:bedrock:us-east-1:123456789012:custom-model/x.y/a1", "on-demand", {})
    assert sorted(one.name for one in models.deployments()) == sorted(
        f"{PREFIX}{number}-{kind}" for number in range(5) for kind in ("on-demand", "provisioned")
    )


@pytest.mark.parametrize(
    "code",
    ["ValidationException", "AccessDeniedException", "ServiceQuotaExceededException", "ResourceNotFoundException"],
)
def test_what_no_later_attempt_would_mend_is_refused_in_bedrock_s_words(name: str, code: str) -> None:
    models, plane = adapter(MemoryCustomModels(Clock(), PREFIX))
    plane.refusals["CreateModelCustomizationJob"] = [refusal(code, 400, "The data has 3 records.")]
    with pytest.raises(TuningRefused, match=r"The data has 3 records\."):
        models.start_job(Bench(models, None).job(name))
    plane.refusals["CreateCustomModelDeployment"] = [refusal(code, 400, "There is no quota.")]
    with pytest.raises(TuningRefused, match=r"There is no quota\."):
        models.deploy(name, "arn:aws:bedrock:us-east-1:123456789012:custom-model/x.y/a1b2c3d4e5f6", "on-demand", TAGS)


PASSING = [
    refusal("ThrottlingException", 429, "Slow down."),
    refusal("InternalServerException", 500, "Oh."),
    ReadTimeoutError(endpoint_url="https://bedrock"),
]


@pytest.mark.parametrize("failure", PASSING, ids=["throttled", "broken", "silent"])
def test_what_may_pass_is_unavailable(name: str, failure: object) -> None:
    models, plane = adapter(MemoryCustomModels(Clock(), PREFIX))
    calls: dict[str, Callable[[], object]] = {
        "CreateModelCustomizationJob": lambda: models.start_job(Bench(models, None).job(name)),
        "GetModelCustomizationJob": lambda: models.job(name),
        "GetCustomModelDeployment": lambda: models.deployment(name),
        "ListCustomModelDeployments": models.deployments,
    }
    for operation, call in calls.items():
        plane.refusals[operation] = [failure]
        with pytest.raises(StoreUnavailable):
            call()


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_the_job_of_a_name_that_is_in_use_is_found_however_bedrock_says_so(name: str, code: str) -> None:
    models, plane = adapter(MemoryCustomModels(Clock(), PREFIX))
    job = models.start_job(Bench(models, None).job(name))
    plane.refusals["CreateModelCustomizationJob"] = [refusal(code, 400, "The provided job name is currently in use.")]
    assert models.start_job(Bench(models, None).job(name)) == job


def test_a_conflict_that_is_no_earlier_job_of_ours_is_refused(name: str) -> None:
    models, plane = adapter(MemoryCustomModels(Clock(), PREFIX))
    plane.refusals["CreateModelCustomizationJob"] = [refusal("ConflictException", 400, "The model's name is taken.")]
    with pytest.raises(TuningRefused, match="name is taken"):
        models.start_job(Bench(models, None).job(name))


def test_defect_05_a_failed_job_without_a_message_is_read(name: str) -> None:
    memory = MemoryCustomModels(Clock(), PREFIX, job_seconds=0, ends_as="Failed")
    models, _ = adapter(memory)
    job = models.start_job(Bench(models, None).job(name))
    assert (models.job(job).status, models.job(job).failure) == ("Failed", "")


def test_one_client_a_process_that_gives_up_before_its_function_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    config: Any = client().meta.config
    assert client() is client()
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < 60
