"""The local model registry as botocore sees it, and what the default bus learns of it."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_double import until
from tests.local.pipelined import Bench

METRICS = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://models/report.json"}}}


def test_versions_count_up_within_their_group(bench: Bench) -> None:
    client = bench.client
    group = client.create_model_package_group(ModelPackageGroupName="npcops-a")["ModelPackageGroupArn"]
    assert client.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupName"] == "npcops-a"
    client.create_model_package_group(ModelPackageGroupName="npcops-b")
    arns = [client.create_model_package(ModelPackageGroupName="npcops-a")["ModelPackageArn"] for _ in range(2)]
    other = client.create_model_package(ModelPackageGroupName="npcops-b")["ModelPackageArn"]
    assert arns[1] == "arn:aws:sagemaker:us-east-1:210987654321:model-package/npcops-a/2"
    assert other.endswith("/npcops-b/1")
    described = client.describe_model_package(ModelPackageName=arns[1])
    assert (described["ModelPackageVersion"], described["ModelApprovalStatus"]) == (2, "PendingManualApproval")


def test_a_repeated_request_makes_no_second_version(bench: Bench) -> None:
    bench.client.create_model_package_group(ModelPackageGroupName="npcops-a")
    arns = {
        bench.client.create_model_package(ModelPackageGroupName="npcops-a", ClientToken="once")["ModelPackageArn"]
        for _ in range(2)
    }
    assert len(arns) == 1


def test_groups_and_packages_that_are_not_there_are_told_as_aws_tells_them(bench: Bench) -> None:
    client = bench.client
    client.create_model_package_group(ModelPackageGroupName="npcops-a")
    with pytest.raises(ClientError, match=r"ValidationException.*already exists"):
        client.create_model_package_group(ModelPackageGroupName="npcops-a")
    for call in (
        lambda: client.describe_model_package_group(ModelPackageGroupName="gone"),
        lambda: client.list_model_packages(ModelPackageGroupName="gone"),
        lambda: client.create_model_package(ModelPackageGroupName="gone"),
        lambda: client.describe_model_package(
            ModelPackageName="arn:aws:sagemaker:us-east-1:210987654321:model-package/npcops-a/1"
        ),
    ):
        with pytest.raises(ClientError, match=r"ValidationException.*does not exist"):
            call()


def test_a_decision_changes_the_package_and_is_told(bench: Bench) -> None:
    client = bench.client
    client.create_model_package_group(ModelPackageGroupName="npcops-a")
    arn = client.create_model_package(
        ModelPackageGroupName="npcops-a",
        ModelMetrics=METRICS,
        CustomerMetadataProperties={"title": "saltmarrow", "tuning": "t1"},
    )["ModelPackageArn"]
    client.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="It answers well.",
        CustomerMetadataProperties={"tuning": "t2"},
    )
    described = client.describe_model_package(ModelPackageName=arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Approved", "It answers well.")
    assert described["CustomerMetadataProperties"] == {"title": "saltmarrow", "tuning": "t2"}
    assert described["ModelMetrics"] == METRICS
    until(lambda: len(bench.cloud.events) == 2)
    assert bench.cloud.statuses("Model Package State Change") == ["PendingManualApproval", "Approved"]
    event = bench.cloud.events[1]
    detail = json.loads(event["Detail"])
    assert (event["Source"], event["Resources"]) == ("aws.sagemaker", [arn])
    assert (detail["ModelPackageGroupName"], detail["ModelPackageVersion"]) == ("npcops-a", 1)
    assert (detail["ModelPackageArn"], detail["ApprovalDescription"]) == (arn, "It answers well.")
    assert detail["CustomerMetadataProperties"]["tuning"] == "t2"


def test_metadata_is_held_to_what_the_api_allows(bench: Bench) -> None:
    bench.client.create_model_package_group(ModelPackageGroupName="npcops-a")
    for value in ("a,b", "x" * 257):
        with pytest.raises(ClientError, match="ValidationException"):
            bench.client.create_model_package(
                ModelPackageGroupName="npcops-a", CustomerMetadataProperties={"npcs": value}
            )


def test_lists_come_in_pages_filtered_and_sorted(bench: Bench) -> None:
    client = bench.client
    client.create_model_package_group(ModelPackageGroupName="npcops-a")
    for _ in range(12):
        arn = client.create_model_package(ModelPackageGroupName="npcops-a")["ModelPackageArn"]
    client.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")

    def versions(**asked: str) -> list[int]:
        pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName="npcops-a", **asked)
        return [found["ModelPackageVersion"] for page in pages for found in page["ModelPackageSummaryList"]]

    assert versions() == list(range(1, 13))
    assert versions(SortOrder="Descending") == list(range(12, 0, -1))
    assert versions(ModelApprovalStatus="Rejected") == [12]
    assert len(client.list_model_packages(ModelPackageGroupName="npcops-a")["ModelPackageSummaryList"]) == 10
    assert client.list_model_packages()["ModelPackageSummaryList"] == []
