"""Hyperparameters agree with the recipe, data is read as promised, and objects are those of S3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from local import venvs
from local.bedrock import hyperparameters, job_metrics, rehearsal
from local.bedrock.errors import ServiceError, ValidationError
from local.bedrock.objects import ObjectError, Objects
from local.bedrock.records import Job
from local.bedrock.training_data import Conversation, conversations, texts
from local.tuning import extra
from local.tuning.job import Point
from npcops.recipes import recipe

BASE = "qwen.qwen2.5-coder-0.5b-instruct"


@pytest.mark.parametrize("kind", ["fine-tuning", "continued-pre-training"])
def test_the_service_knows_what_the_recipe_offers(kind: str) -> None:
    offered = recipe(BASE).training(kind).hyperparameters
    assert {each.name: (each.least, each.most, each.default, each.whole) for each in offered} == {
        name: (each.least, each.most, each.default, each.whole) for name, each in hyperparameters.KNOWN.items()
    }


def test_what_is_not_given_is_by_default() -> None:
    found = hyperparameters.checked({"loraRank": "16"})
    assert found == {name: each.default for name, each in hyperparameters.KNOWN.items()} | {"loraRank": "16"}
    plan = hyperparameters.plan("model.gguf", "gate", found)
    assert (plan.rank, plan.alpha, plan.epochs) == (16, 32.0, int(hyperparameters.KNOWN["epochCount"].default))


def test_conversations_are_read_with_their_system_text() -> None:
    record = {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be"}, {"text": "kind."}],
        "messages": [
            {"role": "user", "content": [{"text": "Hm?"}]},
            {"role": "assistant", "content": [{"text": "Aye,"}, {"text": "aye."}]},
        ],
    }
    data = b"\n" + json.dumps(record).encode() + b"\r\n"
    assert conversations(data, "train.jsonl") == [
        Conversation(("Be", "kind."), (("user", "Hm?"), ("assistant", "Aye,\naye.")))
    ]


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "in turn"),
        ([("assistant", "a")], "in turn"),
        ([("user", "a")], "in turn"),
        ([("user", "a"), ("user", "b"), ("assistant", "c")], "in turn"),
        ([("user", "a"), ("system", "b"), ("assistant", "c")], "role"),
        ([("user", ""), ("assistant", "c")], "messages.0.content"),
    ],
)
def test_turns_that_cannot_be_learned_from_are_told(messages: list[tuple[str, str]], told: str) -> None:
    record = {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [{"role": role, "content": [{"text": text}]} for role, text in messages],
    }
    with pytest.raises(ValidationError, match=told) as refused:
        conversations(json.dumps(record).encode(), "train.jsonl")
    assert refused.value.message.startswith("Line 1 of train.jsonl")


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
    lambda value: json.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": value, "input": value}).encode()
))  # fmt: skip
def test_whatever_the_data_is_it_is_read_or_refused(data: bytes) -> None:
    for read in (conversations, texts):
        with suppress(ValidationError):
            assert read(data, "train.jsonl")


def test_the_line_that_is_no_text_is_told() -> None:
    with pytest.raises(ValidationError, match=r"Line 2 of train\.jsonl is not UTF-8"):
        texts(b'{"input": "a"}\n{"input": "\xff"}\n', "train.jsonl")


def test_metrics_are_those_of_bedrock() -> None:
    job = Job(
        id="abc", arn="", name="", created="", base=BASE, type="FINE_TUNING", role="", model_name="", training="",
        validation=[], output="s3://models/output/", hyperparameters={},
    )  # fmt: skip
    points = [Point(0, 0.0, validation=3.0), Point(1, 0.5, training=2.0), Point(2, 1.0, training=1.0)]
    folder = "s3://models/output/model-customization-job-abc"
    assert job_metrics.files(job, points) == {
        f"{folder}/training_artifacts/step_wise_training_metrics.csv": (
            b"step_number,epoch_number,training_loss,perplexity\n1,0.5,2.000000,7.3891\n2,1.0,1.000000,2.7183\n"
        ),
        f"{folder}/validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv": (
            b"step_number,epoch_number,validation_loss,perplexity\n0,0.0,3.000000,20.0855\n"
        ),
    }
    assert job_metrics.files(job, []) == {}


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    for name, value in {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        import boto3

        boto3.client("s3").create_bucket(Bucket="models")
        yield Objects()


def test_objects_are_written_and_read(objects: Objects) -> None:
    objects.write("s3://models/runs/a b/train.jsonl", b"data")
    assert objects.read("s3://models/runs/a b/train.jsonl") == b"data"
    for call in (lambda: objects.read("s3://models/nothing"), lambda: objects.write("s3://nowhere/key", b"")):
        with pytest.raises(ObjectError, match=r"s3://(models/nothing|nowhere/key)"):
            call()


def test_failures_of_objects_are_failures_of_the_service() -> None:
    assert issubclass(ObjectError, ServiceError)


def test_rehearsed_answers_are_in_their_notes() -> None:
    """What is rehearsed would teach to invent if it did."""
    for example in rehearsal.AUTHORED:
        words = {word.strip(".,;").lower() for word in example.reply.split()}
        unknown = [word for word in words if len(word) > 5 and word not in example.note.lower()]
        assert not unknown, example


def test_the_extra_is_an_environment_of_its_own() -> None:
    assert extra.installed() == venvs.up_to_date("tuning")
    assert "tuning" in str(extra.python())
    lock = (venvs.ROOT / "requirements" / "tuning.txt").read_text()
    assert "gguf==" in lock
    assert "torch" not in lock
    assert all(
        "--hash=sha256:" in requirement for requirement in lock.replace("\\\n", "").splitlines() if "==" in requirement
    )
