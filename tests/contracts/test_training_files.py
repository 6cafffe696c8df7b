"""The contract of `TrainingFiles`: versions of data are kept as they were, code is written once, runs keep apart."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from npcops.adapters.s3_files import client as s3_client
from npcops.adapters.s3_training import S3TrainingFiles
from npcops.errors import NotFound, StoreUnavailable
from npcops.tuning_ports import TrainingFiles
from tests.resources import Resources

KEY = "training/game/spring/Grey+Gull inn %2B 船.jsonl"


@pytest.fixture
def files(resources: Resources) -> TrainingFiles:
    return S3TrainingFiles(resources.s3, resources.name("training"), resources.name("models"))


@pytest.fixture
def title() -> str:
    return f"game-{secrets.token_hex(6)}"


def version(resources: Resources, data: bytes, key: str = KEY) -> str:
    put = resources.s3.put_object(Bucket=resources.name("training"), Key=key, Body=data)
    return str(put["VersionId"])


def test_each_version_of_data_is_kept_as_it_was(resources: Resources, files: TrainingFiles, title: str) -> None:
    first, second = version(resources, b"one"), version(resources, b"two")
    for tuning, told, data in (("t1", first, b"one"), ("t2", second, b"two"), ("t1", first, b"one")):
        uri = files.keep_data(KEY, told, title, tuning, "source/data.jsonl")
        assert uri == f"s3://{resources.name('models')}/runs/{title}/{tuning}/source/data.jsonl"
        assert files.get(title, tuning, "source/data.jsonl") == data


def test_data_that_are_gone_are_not_found(resources: Resources, files: TrainingFiles, title: str) -> None:
    told = version(resources, b"one")
    resources.s3.delete_object(Bucket=resources.name("training"), Key=KEY, VersionId=told)
    for key, found in ((KEY, told), ("training/game/spring/none.jsonl", told)):
        with pytest.raises(NotFound):
            files.keep_data(key, found, title, "t1", "source/data.jsonl")


def test_data_without_versions_are_told_by_their_tag(aws_environment: None, title: str) -> None:
    s3: Any = boto3.client("s3")
    asked = {
        "Bucket": "m", "Key": f"runs/{title}/t1/source/data.jsonl", "CopySource": {"Bucket": "t", "Key": KEY},
        "CopySourceIfMatch": "b1946ac9", "TaggingDirective": "REPLACE",
    }  # fmt: skip
    with Stubber(s3) as stubber:
        stubber.add_response("copy_object", {}, asked)
        stubber.add_client_error("copy_object", "PreconditionFailed", expected_params=asked)
        files = S3TrainingFiles(s3, "t", "m")
        files.keep_data(KEY, "etag:b1946ac9:0055", title, "t1", "source/data.jsonl")
        with pytest.raises(NotFound):
            files.keep_data(KEY, "etag:b1946ac9:0055", title, "t1", "source/data.jsonl")


def test_what_starts_a_run_is_written_where_it_is_watched(
    resources: Resources, files: TrainingFiles, title: str
) -> None:
    key = f"training/{title}/corrections/t1.jsonl"
    files.put_data(key, b"{}\n")
    found = resources.s3.get_object(Bucket=resources.name("training"), Key=key)
    assert (found["Body"].read(), found["ContentType"]) == (b"{}\n", "application/jsonl")


def test_files_of_a_run_are_its_own(resources: Resources, files: TrainingFiles, title: str) -> None:
    for name in ("request.json", "output/job-1/a.csv", "output/job-1/b.csv", "data/train.jsonl"):
        files.put(title, "t1", name, name.encode())
    files.put(title, "t11", "output/other.csv", b"x")
    assert files.get(title, "t1", "request.json") == b"request.json"
    assert files.names(title, "t1", "output/") == ["output/job-1/a.csv", "output/job-1/b.csv"]
    assert files.names(title, "t2", "output/") == []
    assert files.run_uri(title, "t1") == f"s3://{resources.name('models')}/runs/{title}/t1"
    for strange, tuning in ((f"{title}-2", "t1"), (title, "t")):
        with pytest.raises(NotFound):
            files.get(strange, tuning, "request.json")


def test_code_is_written_once(resources: Resources, files: TrainingFiles) -> None:
    folder = secrets.token_hex(8)
    for data in (b"first", b"second"):
        assert files.put_code(f"{folder}/run.sh", data) == f"s3://{resources.name('models')}/code/{folder}/"
    found = resources.s3.get_object(Bucket=resources.name("models"), Key=f"code/{folder}/run.sh")
    assert found["Body"].read() == b"first"


def test_links_are_for_what_is_there(files: TrainingFiles, title: str) -> None:
    files.put(title, "t1", "data/report.json", b"{}")
    assert f"/runs/{title}/t1/data/report.json" in files.link(title, "t1", "data/report.json", 60)
    with pytest.raises(NotFound):
        files.link(title, "t1", "data/heldout.jsonl", 60)


def test_data_are_uploaded_to_one_key_for_a_while(aws_environment: None) -> None:
    url = S3TrainingFiles(s3_client(), "training-bucket", "models-bucket").upload_url("training/g/d/t1.csv", 900)
    parts = urlsplit(url)
    assert parts.path.endswith("/training/g/d/t1.csv")
    assert "training-bucket" in url
    assert parse_qs(parts.query)["X-Amz-Expires"] == ["900"]


class Failing:
    """An S3 client that refuses everything for a passing reason."""

    def __getattr__(self, name: str) -> Any:
        def refuse(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "SlowDown"}}, name)

        return refuse


def test_failures_that_pass_are_told_from_absence(title: str) -> None:
    failing: Any = Failing()
    files = S3TrainingFiles(failing, "t", "m")
    for call in (
        lambda: files.keep_data(KEY, "v1", title, "t1", "x"),
        lambda: files.get(title, "t1", "x"),
        lambda: files.link(title, "t1", "x", 60),
        lambda: files.put_code("d/run.sh", b""),
        lambda: files.put_data(KEY, b""),
    ):
        with pytest.raises(StoreUnavailable):
            call()
