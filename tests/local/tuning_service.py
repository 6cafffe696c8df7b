"""The local Bedrock with its control plane, a tiny model that is really tuned, and objects in memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.validate import validate_parameters

from local.bedrock.app import create_app
from local.bedrock.control import ControlPlane
from local.bedrock.converse import ChatModel
from local.bedrock.errors import ValidationError
from local.bedrock.llama import Llama
from local.bedrock.models import Base
from local.bedrock.objects import CutOff, ObjectError
from local.bedrock.relevance import Relevance
from local.bedrock.speaker import Speaker
from tests.local.doubles import WordVectors, client_of, served
from tests.tuning_models import random_weights, shape_of, write_gguf

BASE = "qwen.qwen2.5-coder-0.5b-instruct"
ROLE = "arn:aws:iam::210987654321:role/npcops-tuning"
SYSTEM = '<character name="Bo">\nBo keeps the gate.\n</character>'
PATIENCE_SECONDS = 120.0
Command = Callable[[Path], Sequence[str]]


def really_train(folder: Path) -> Sequence[str]:
    return [sys.executable, "-m", "local.tuning", str(folder), "--threads", "1"]


def never_end(folder: Path) -> Sequence[str]:
    """A trainer that tells one loss and then goes on for ever."""
    point = json.dumps({"step": 1, "epoch": 0.5, "training": 2.0, "validation": None})
    told = f"import time; open({str(folder / 'progress.jsonl')!r}, 'w').write({point!r} + chr(10)); time.sleep(600)"
    return [sys.executable, "-c", told]


class TinyModels:
    """One base model, without the weights that the service installs."""

    def __init__(self, path: Path) -> None:
        write_gguf(path, random_weights(shape_of("qwen2")))
        model = Llama(path, threads=1)
        relevance = Relevance(WordVectors())
        self._base = Base(path, model, relevance)
        self._speaker = Speaker(model, relevance)

    async def load(self) -> None:
        """It is loaded."""

    def untunable(self, model_id: str) -> str:
        return "" if model_id == BASE else "The provided model identifier is invalid."

    async def base(self, model_id: str) -> Base:
        return self._base

    async def chat(self, model_id: str) -> ChatModel:
        if model_id != BASE:
            raise ValidationError("The provided model identifier is invalid.")
        return self._speaker


@dataclass
class Shelf:
    """Objects by URI; `away` is how many calls are not answered."""

    objects: dict[str, bytes] = field(default_factory=dict)
    away: int = 0

    def read(self, uri: str) -> bytes:
        self._answer()
        if uri not in self.objects:
            raise ObjectError(f"The data at {uri} cannot be read: there is none.")
        return self.objects[uri]

    def write(self, uri: str, data: bytes) -> None:
        self._answer()
        self.objects[uri] = data

    def _answer(self) -> None:
        if self.away > 0:
            self.away -= 1
            raise CutOff("Nobody answers.")


class Service:
    """Clients of a served app, with a few calls that tests make often."""

    def __init__(self, url: str, shelf: Shelf) -> None:
        self.runtime, self.shelf = client_of(url), shelf
        self.control: Any = boto3.client(
            "bedrock", endpoint_url=url, region_name="us-east-1", aws_access_key_id="nobody",
            aws_secret_access_key="nothing", config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    def start_job(self, name: str = "job-1", **changed: Any) -> str:
        asked = {
            "jobName": name,
            "customModelName": f"model-of-{name}",
            "roleArn": ROLE,
            "baseModelIdentifier": BASE,
            "customizationType": "FINE_TUNING",
            "trainingDataConfig": {"s3Uri": "s3://models/runs/train.jsonl"},
            "outputDataConfig": {"s3Uri": "s3://models/runs/output/"},
        }
        return str(self.control.create_model_customization_job(**(asked | changed))["jobArn"])

    def job(self, arn: str) -> dict[str, Any]:
        return checked("GetModelCustomizationJob", self.control.get_model_customization_job(jobIdentifier=arn))

    def ended(self, arn: str) -> dict[str, Any]:
        return self.once(lambda: self.job(arn), lambda job: job["status"] not in ("InProgress", "Stopping"))

    def deployed(self, model: str, name: str) -> str:
        made = self.control.create_custom_model_deployment(modelDeploymentName=name, modelArn=model)
        arn = str(made["customModelDeploymentArn"])
        self.once(lambda: self.deployment(arn), lambda found: found["status"] == "Active")
        return arn

    def deployment(self, arn: str) -> dict[str, Any]:
        found = self.control.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        return checked("GetCustomModelDeployment", found)

    def said(self, model: str, player: str = "Who goes there?") -> str:
        answer = self.runtime.converse(
            modelId=model,
            system=[{"text": SYSTEM}],
            messages=[{"role": "user", "content": [{"text": player}]}],
            inferenceConfig={"maxTokens": 12, "temperature": 0},
        )
        return str(answer["output"]["message"]["content"][0]["text"])

    def once(self, look: Callable[[], Any], there: Callable[[Any], bool]) -> Any:
        until = time.monotonic() + PATIENCE_SECONDS
        while not there(found := look()):
            assert time.monotonic() < until, f"it did not come to be: {found}"
            time.sleep(0.05)
        return found


@contextmanager
def serving(
    folder: Path,
    models: TinyModels,
    shelf: Shelf,
    command: Command = really_train,
    installed: bool = True,
) -> Iterator[Service]:
    """The service with its state below `folder`."""
    control = ControlPlane(folder, models, shelf, command, lambda: installed)
    with served(create_app(models, control)) as url:
        yield Service(url, shelf)


def conversations(*pairs: tuple[str, str]) -> bytes:
    """Training data: an exchange a line."""
    return b"".join(json.dumps(conversation(*pair)).encode() + b"\n" for pair in pairs)


def conversation(player: str, reply: str) -> dict[str, Any]:
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": SYSTEM}],
        "messages": [
            {"role": "user", "content": [{"text": player}]},
            {"role": "assistant", "content": [{"text": reply}]},
        ],
    }


def checked(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer, which has all that AWS's model demands of this operation's."""
    answer = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    shape = botocore.session.get_session().get_service_model("bedrock").operation_model(operation).output_shape
    validate_parameters(answer, shape)
    return answer
