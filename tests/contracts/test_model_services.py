"""Model registry, alarms and release pipeline: what is asked of the services, over all pages, and how they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from npcops.adapters.release_pipeline import CodePipelineRelease
from npcops.adapters.sagemaker_registry import SageMakerRegistry
from npcops.adapters.stage_alarms import CloudWatchAlarms
from npcops.errors import InvalidRequest, NotFound, StoreUnavailable
from npcops.promotions import ModelPackage
from tests.resources import Resources

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package"
CREATED = datetime(2026, 11, 20, 12, tzinfo=UTC)
NONE = "ModelPackageGroup npcops-dev-saltmarrow does not exist."


@pytest.fixture
def stubbed(aws_environment: None) -> Iterator[tuple[SageMakerRegistry, Stubber]]:
    client = boto3.client("sagemaker")
    with Stubber(client) as stubber:
        yield SageMakerRegistry(client, "npcops-dev-"), stubber
        stubber.assert_no_pending_responses()


def described(version: int, group: str = "npcops-dev-saltmarrow", **more: Any) -> dict[str, Any]:
    return {
        "ModelPackageName": f"{group}/{version}",
        "ModelPackageGroupName": group,
        "ModelPackageVersion": version,
        "ModelPackageArn": f"{ARN}/{group}/{version}",
        "CreationTime": CREATED,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "ModelApprovalStatus": "PendingManualApproval",
        **more,
    }


def summary(version: int, group: str = "npcops-dev-saltmarrow") -> dict[str, Any]:
    wanted = ("ModelPackageGroupName", "ModelPackageVersion", "ModelPackageArn", "CreationTime", "ModelPackageStatus")
    return {name: value for name, value in described(version, group).items() if name in wanted}


def test_a_version_is_read_with_everything_the_pipeline_registered(stubbed: tuple[SageMakerRegistry, Stubber]) -> None:
    registry, stubber = stubbed
    more = {
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "Herself. (lead)",
        "CustomerMetadataProperties": {"model": "base@arn", "npcs": "mira otto"},
        "LastModifiedTime": datetime(2026, 11, 20, 13, tzinfo=UTC),
    }
    arn = f"{ARN}/npcops-dev-saltmarrow/3"
    stubber.add_response("describe_model_package", described(3, **more), {"ModelPackageName": arn})
    assert registry.by_arn(arn) == ModelPackage(
        arn=arn,
        title="saltmarrow",
        version=3,
        approval="Approved",
        created_at="2026-11-20T12:00:00+00:00",
        why="Herself. (lead)",
        metadata={"model": "base@arn", "npcs": "mira otto"},
        changed_at="2026-11-20T13:00:00+00:00",
    )


def test_defect_06_versions_are_listed_over_all_pages_of_exactly_this_group(
    stubbed: tuple[SageMakerRegistry, Stubber],
) -> None:
    registry, stubber = stubbed
    group = {"ModelPackageGroupName": "npcops-dev-saltmarrow"}
    stubber.add_response(
        "list_model_packages", {"ModelPackageSummaryList": [summary(1), summary(2)], "NextToken": "more"}, group
    )
    stubber.add_response(
        "list_model_packages", {"ModelPackageSummaryList": [summary(11)]}, {**group, "NextToken": "more"}
    )
    for version in (1, 2, 11):
        stubber.add_response("describe_model_package", described(version))
    assert [package.version for package in registry.packages("saltmarrow")] == [11, 2, 1]


def test_a_version_that_is_deleted_while_all_are_listed_is_left_out(
    stubbed: tuple[SageMakerRegistry, Stubber],
) -> None:
    registry, stubber = stubbed
    stubber.add_response("list_model_packages", {"ModelPackageSummaryList": [summary(2), summary(1)]})
    stubber.add_client_error("describe_model_package", "ValidationException", "ModelPackage x/2 does not exist.")
    stubber.add_response("describe_model_package", described(1))
    assert [package.version for package in registry.packages("saltmarrow")] == [1]


@pytest.mark.parametrize(
    "group", ["npcops-prod-saltmarrow", "npcops-developers-saltmarrow", "xnpcops-dev-saltmarrow", "npcops-dev-"]
)
def test_defect_06_a_package_of_another_stage_is_none_of_this_one(
    stubbed: tuple[SageMakerRegistry, Stubber], group: str
) -> None:
    """QA and PROD share an account, and one name may be part of another."""
    registry, stubber = stubbed
    stubber.add_response("describe_model_package", described(1, group))
    with pytest.raises(NotFound):
        registry.by_arn(f"{ARN}/{group}/1")


def test_a_version_is_found_by_its_number(stubbed: tuple[SageMakerRegistry, Stubber]) -> None:
    registry, stubber = stubbed
    found = {
        "ModelPackageGroupName": "npcops-dev-saltmarrow",
        "ModelPackageGroupArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/npcops-dev-saltmarrow",
        "CreationTime": CREATED,
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
    }
    stubber.add_response("describe_model_package_group", found, {"ModelPackageGroupName": "npcops-dev-saltmarrow"})
    for version in (3, 12):
        arn = f"{ARN}/npcops-dev-saltmarrow/{version}"
        stubber.add_response("describe_model_package", described(version), {"ModelPackageName": arn})
        assert registry.package("saltmarrow", version).version == version


def test_a_title_without_models_has_no_versions(stubbed: tuple[SageMakerRegistry, Stubber]) -> None:
    registry, stubber = stubbed
    stubber.add_client_error("list_model_packages", "ValidationException", NONE)
    assert registry.packages("saltmarrow") == []
    stubber.add_client_error("describe_model_package_group", "ValidationException", NONE)
    with pytest.raises(NotFound, match="tune one first"):
        registry.package("saltmarrow", 1)


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFound"])
def test_a_version_that_is_not_there_is_not_found(stubbed: tuple[SageMakerRegistry, Stubber], code: str) -> None:
    registry, stubber = stubbed
    stubber.add_client_error("describe_model_package", code, "ModelPackage x/9 does not exist.")
    with pytest.raises(NotFound):
        registry.by_arn(f"{ARN}/npcops-dev-saltmarrow/9")
    stubber.add_client_error("update_model_package", code, "ModelPackage x/9 does not exist.")
    with pytest.raises(NotFound):
        registry.decide(f"{ARN}/npcops-dev-saltmarrow/9", "Approved", "")


def test_a_decision_is_written_on_one_line_that_fits(stubbed: tuple[SageMakerRegistry, Stubber]) -> None:
    registry, stubber = stubbed
    arn = f"{ARN}/npcops-dev-saltmarrow/3"
    for why, told in (("Not\nready. " * 200, ("Not ready. " * 200)[:1024]), ("", None)):
        expected = {"ModelPackageArn": arn, "ModelApprovalStatus": "PendingManualApproval"}
        if told:
            expected["ApprovalDescription"] = told
        stubber.add_response("update_model_package", {"ModelPackageArn": arn}, expected)
        registry.decide(arn, "PendingManualApproval", why)


def test_a_group_is_made_once_and_found_after_that(stubbed: tuple[SageMakerRegistry, Stubber]) -> None:
    registry, stubber = stubbed
    group = {"ModelPackageGroupName": "npcops-dev-saltmarrow"}
    arn = "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/npcops-dev-saltmarrow"
    stubber.add_response("create_model_package_group", {"ModelPackageGroupArn": arn}, group)
    assert registry.ensure_group("saltmarrow") == "npcops-dev-saltmarrow"
    stubber.add_client_error(
        "create_model_package_group", "ValidationException", f"Model Package Group already exists: {arn}"
    )
    found = {
        "ModelPackageGroupArn": arn,
        "CreationTime": CREATED,
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
    }
    stubber.add_response("describe_model_package_group", group | found, group)
    assert registry.ensure_group("saltmarrow") == "npcops-dev-saltmarrow"


@pytest.mark.parametrize("title", ["a" * 60, "ends-with-"])
def test_a_title_whose_group_sagemaker_does_not_take_is_told_so(
    stubbed: tuple[SageMakerRegistry, Stubber], title: str
) -> None:
    with pytest.raises(InvalidRequest, match="63"):
        stubbed[0].ensure_group(title)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalFailure", "ValidationException"])
def test_a_registry_that_does_not_answer_is_unavailable(stubbed: tuple[SageMakerRegistry, Stubber], code: str) -> None:
    registry, stubber = stubbed
    for call in ("describe_model_package", "list_model_packages", "update_model_package", "create_model_package_group"):
        stubber.add_client_error(call, code, "Something else.")
    with pytest.raises(StoreUnavailable):
        registry.by_arn(f"{ARN}/npcops-dev-saltmarrow/9")
    with pytest.raises(StoreUnavailable):
        registry.packages("saltmarrow")
    with pytest.raises(StoreUnavailable):
        registry.decide(f"{ARN}/npcops-dev-saltmarrow/9", "Approved", "")
    with pytest.raises(StoreUnavailable):
        registry.ensure_group("saltmarrow")


def alarm(client: Any, name: str, state: str) -> None:
    client.put_metric_alarm(
        AlarmName=name,
        MetricName="Errors",
        Namespace="npcops",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="because")


def test_alarms_that_ring_are_told_by_their_whole_names(moto_resources: Resources) -> None:
    client = moto_resources.client("cloudwatch")
    for name, state in (("slow", "ALARM"), ("slow-2", "ALARM"), ("fine", "OK"), ("unknown", "INSUFFICIENT_DATA")):
        alarm(client, name, state)
    alarms = CloudWatchAlarms(client)
    assert alarms.firing(["fine", "slow", "slow", "unknown", "gone"]) == ["slow"]
    assert alarms.firing([]) == []


def test_alarms_are_asked_for_by_the_hundred_over_all_pages_and_kinds(aws_environment: None) -> None:
    client = boto3.client("cloudwatch")
    names = [f"alarm-{number}" for number in range(150)]
    kinds = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "StateValue": "ALARM"}
    with Stubber(client) as stubber:
        stubber.add_response(
            "describe_alarms",
            {
                "MetricAlarms": [
                    {"AlarmName": "alarm-7", "StateValue": "ALARM"},
                    {"AlarmName": "alarm-8", "StateValue": "OK"},
                ],
                "NextToken": "more",
            },
            {"AlarmNames": names[:100], **kinds},
        )
        stubber.add_response(
            "describe_alarms",
            {"CompositeAlarms": [{"AlarmName": "alarm-3", "StateValue": "ALARM"}]},
            {"AlarmNames": names[:100], "NextToken": "more", **kinds},
        )
        stubber.add_response(
            "describe_alarms",
            {"MetricAlarms": [{"AlarmName": "alarm-149", "StateValue": "ALARM"}]},
            {"AlarmNames": names[100:], **kinds},
        )
        assert CloudWatchAlarms(client).firing(names) == ["alarm-3", "alarm-7", "alarm-149"]
        stubber.add_client_error("describe_alarms", "ThrottlingException")
        with pytest.raises(StoreUnavailable):
            CloudWatchAlarms(client).firing(names)


def test_the_release_pipeline_is_started_once_for_a_token(aws_environment: None) -> None:
    client, token = boto3.client("codepipeline"), "0123456789abcdef0123456789abcdef"
    with Stubber(client) as stubber:
        stubber.add_response(
            "start_pipeline_execution",
            {"pipelineExecutionId": "5d1b5a9e"},
            {"name": "release", "clientRequestToken": token},
        )
        release = CodePipelineRelease(lambda: client, "release")
        assert release.start("saltmarrow", 3, token) == "5d1b5a9e"
        stubber.add_client_error("start_pipeline_execution", "PipelineNotFoundException")
        with pytest.raises(StoreUnavailable, match="version 3 of saltmarrow"):
            release.start("saltmarrow", 3, token)
    model = client.meta.service_model.shape_for("ClientRequestToken")
    assert re.fullmatch(model.metadata["pattern"], token)
    assert len(token) <= model.metadata["max"]


def test_a_stage_without_a_release_pipeline_starts_none() -> None:
    def nobody() -> Any:
        raise EndpointConnectionError(endpoint_url="codepipeline")

    assert CodePipelineRelease(nobody, "").start("saltmarrow", 3, "token") == ""
