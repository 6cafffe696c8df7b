"""Stores are encrypted, private, backed up, and not lost with a production stack."""

import pytest

from tests.infra.descriptions import DOMAIN, SERVERLESS, Stage, resources

PRIVATE = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)


@pytest.mark.parametrize("name", sorted(resources("AWS::DynamoDB::Table")))
def test_tables_are_on_demand_encrypted_and_restorable(name: str) -> None:
    found = resources("AWS::DynamoDB::Table")[name]["Properties"]
    assert found["BillingMode"] == "PAY_PER_REQUEST"
    assert found["SSESpecification"] == {"SSEEnabled": True}
    assert found["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    for stage, protected in (("prod", True), ("dev", False)):
        assert Stage({**SERVERLESS, "Stage": stage}).value(found["DeletionProtectionEnabled"]) is protected


@pytest.mark.parametrize("table", ["PlayersTable", "ReviewsTable"])
def test_what_is_kept_about_players_expires(table: str) -> None:
    found = resources("AWS::DynamoDB::Table")[table]["Properties"]
    assert found["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


@pytest.mark.parametrize("name", sorted(resources("AWS::S3::Bucket")))
def test_buckets_are_encrypted_private_and_answer_over_tls_only(name: str) -> None:
    found = resources("AWS::S3::Bucket")[name]["Properties"]
    assert found["PublicAccessBlockConfiguration"] == PRIVATE
    assert found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (policy,) = [
        body["Properties"]["PolicyDocument"]
        for body in resources("AWS::S3::BucketPolicy").values()
        if body["Properties"]["Bucket"] == {"Ref": name}
    ]
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_lore_is_versioned_and_watched_and_work_files_are_neither() -> None:
    lore, work = (resources("AWS::S3::Bucket")[name]["Properties"] for name in ("LoreBucket", "WorkBucket"))
    assert lore["VersioningConfiguration"] == {"Status": "Enabled"}
    assert lore["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert "NotificationConfiguration" not in work
    assert work["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 7


@pytest.mark.parametrize("name", sorted(resources("AWS::SQS::Queue")))
def test_queues_are_encrypted(name: str) -> None:
    assert resources("AWS::SQS::Queue")[name]["Properties"]["SqsManagedSseEnabled"] is True


def test_the_domain_is_encrypted_everywhere() -> None:
    found = Stage(DOMAIN).resources()["LoreDomain"]["Properties"]
    assert found["EncryptionAtRestOptions"] == found["NodeToNodeEncryptionOptions"] == {"Enabled": True}
    assert found["DomainEndpointOptions"]["EnforceHTTPS"] is True
    assert found["DomainEndpointOptions"]["TLSSecurityPolicy"].startswith("Policy-Min-TLS-1-2")


def test_the_collection_scales_to_zero() -> None:
    found = Stage(SERVERLESS).resources()["LoreCollectionGroup"]["Properties"]
    assert found["Generation"] == "NEXTGEN"
    assert found["CapacityLimits"]["MinIndexingCapacityInOcu"] == found["CapacityLimits"]["MinSearchCapacityInOcu"] == 0


def test_all_logs_end() -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert {str(body["Properties"]["RetentionInDays"]) for body in groups.values()} == {"{'Ref': 'LogRetentionDays'}"}


@pytest.mark.parametrize(("parameters", "expected"), [(SERVERLESS, "LoreCollection"), (DOMAIN, "LoreDomain")])
def test_a_stage_has_one_lore_index(parameters: dict[str, str], expected: str) -> None:
    assert {"LoreCollection", "LoreDomain"} & Stage(parameters).resources().keys() == {expected}
