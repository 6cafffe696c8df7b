"""Tuning runs on real tables and buckets; the pipeline, the registry and Bedrock are stand-ins in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from npcops.adapters.dynamo_catalog import DynamoCatalog
from npcops.adapters.dynamo_tunings import DynamoTunings
from npcops.adapters.s3_training import S3TrainingFiles
from npcops.characters import PromptTemplate, PromptVariant
from npcops.end_tuning import EndTuning
from npcops.errors import Conflict, NotFound
from npcops.offer_training import OfferTraining
from npcops.stop_tuning import StopTuning
from npcops.take_training import TakeTraining
from npcops.tuning_requests import Prompting
from npcops.tunings import PipelineRun, StepState, TrainingUploaded, Tuning
from tests.conversation import DIALOGUE, MIRA, OTTO
from tests.publishing import LABEL, publish
from tests.resources import Resources

BASE = "qwen.qwen2.5-coder-0.5b-instruct"
AT = "2026-11-20T12:00:00Z"
PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/npcops-test-game/3"
DEPLOYMENT = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abc"
JOB = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/xyz"
# As models of the local family are prompted.
VARIED = msgspec.structs.replace(
    DIALOGUE, variants={"local": PromptVariant(system="Be {{ character.name }}, briefly."), "nova": PromptVariant()}
)


class MemoryPipeline:
    """A `TuningPipeline`: executions by their ARN, which go on when a test says so.

    With `asks`, each execution waits in a callback step of this name for the answer to a token.
    """

    def __init__(self, asks: str = "") -> None:
        self._asks = asks
        self.waiting: dict[str, str] = {}
        self.runs: dict[str, PipelineRun] = {}
        self.given: dict[str, dict[str, str]] = {}
        self.names: dict[str, str] = {}
        self.stopped: list[str] = []
        self._tokens: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def start(self, name: str, token: str, parameters: dict[str, str]) -> str:
        if token not in self._tokens:
            execution = f"arn:aws:sagemaker:us-east-1:123456789012:pipeline/tune/execution/{next(self._numbers)}"
            self._tokens[token] = execution
            self.names[execution], self.given[execution] = name, parameters
            self.runs[execution] = PipelineRun("Executing", (StepState(self._asks or "Preprocess", "Executing"),))
            if self._asks:
                self.waiting[f"token{len(self.runs):05}"] = execution
        return self._tokens[token]

    def run(self, execution: str) -> PipelineRun:
        if execution not in self.runs:
            raise NotFound("There is no such execution.")
        return self.runs[execution]

    def stop(self, execution: str) -> None:
        self.stopped.append(execution)
        if self.run(execution).status == "Executing":
            self.ends(execution, "Stopping", *self.runs[execution].steps)

    def succeed(self, token: str, outputs: dict[str, str]) -> bool:
        execution = self.waiting.pop(token, "")
        if execution:
            self.ends(execution, "Succeeded", StepState(self._asks, "Succeeded", outputs=outputs), package=PACKAGE)
        return bool(execution)

    def fail(self, token: str, reason: str) -> bool:
        execution = self.waiting.pop(token, "")
        if execution:
            step = StepState(self._asks, "Failed", failure=reason[:256])
            self.ends(execution, "Failed", step, failure="Step failure: One or multiple steps failed.")
        return bool(execution)

    def ends(self, execution: str, status: str, *steps: StepState, failure: str = "", package: str = "") -> None:
        """What is told of an execution from now on."""
        self.runs[execution] = PipelineRun(status, steps, failure, package)


class MemoryModels:
    """What a `CustomModels` is asked to free; `creating` are deployments that are not ready to be deleted."""

    def __init__(self) -> None:
        self.freed: list[str] = []
        self.stopped: list[str] = []
        self.creating: set[str] = set()

    def free(self, arn: str) -> None:
        if arn in self.creating:
            raise Conflict("It is still being created.")
        self.freed.append(arn)

    def stop_job(self, job: str) -> None:
        self.stopped.append(job)


class MemoryRegistry:
    """The groups of a `ModelRegistry`."""

    def __init__(self) -> None:
        self.groups: set[str] = set()

    def ensure_group(self, title: str) -> str:
        self.groups.add(title)
        return f"npcops-test-{title}"


class Code:
    """The code of processing jobs."""

    def __init__(self, content: bytes = b"exit 0") -> None:
        self._content = content

    def files(self) -> Mapping[str, bytes]:
        return {"run.sh": self._content, "source.tar.gz": b"code"}

    def digest(self) -> str:
        return f"d{len(self._content)}"


class Interrupted(Exception):
    """The process ended here."""


class Outside:
    """Counts the calls that a use case makes to the outside, and does something at one of them."""

    def __init__(self) -> None:
        self.calls = 0
        self.before: Callable[[int], None] = lambda _: None
        self.after: Callable[[int], None] = lambda _: None

    def watch(self, port: Any) -> Any:
        """The port, with every call counted."""
        return _Watched(port, self)


class _Watched:
    def __init__(self, port: Any, outside: Outside) -> None:
        self._port, self._outside = port, outside

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def called(*args: Any, **kwargs: Any) -> Any:
            self._outside.calls += 1
            number = self._outside.calls
            self._outside.before(number)
            try:
                return found(*args, **kwargs)
            finally:
                self._outside.after(number)

        return called


class Runs:
    """A title with two NPCs whose models can be tuned."""

    def __init__(self, resources: Resources, title: str, template: PromptTemplate = VARIED) -> None:
        self.resources, self.title = resources, title
        self.tunings = DynamoTunings(resources.dynamodb, resources.name("models"))
        self.files = S3TrainingFiles(resources.s3, resources.name("training"), resources.name("models"))
        self.pipeline, self.models, self.registry = MemoryPipeline(), MemoryModels(), MemoryRegistry()
        self.catalog = DynamoCatalog(resources.dynamodb, resources.name("catalog"), label_seconds=0)
        for card in (MIRA, OTTO):
            publish(self.catalog, title, "npcs", card.id, card)
        publish(self.catalog, title, "prompts", "dialogue", template)
        self.prompting = Prompting(self.catalog, LABEL)
        self.offer = OfferTraining(self.tunings, self.files, self.prompting, BASE)
        self.take = self.taking()
        models: Any = self.models
        self.end = EndTuning(self.tunings, self.pipeline, models)
        self.stop = StopTuning(self.tunings, self.pipeline)

    def taking(self, outside: Outside | None = None, base: str = BASE, code: Code | None = None) -> TakeTraining:
        """TakeTraining as a process of its own has it."""
        watch = outside.watch if outside else lambda port: port
        return TakeTraining(
            watch(self.tunings),
            watch(self.files),
            watch(self.pipeline),
            watch(self.registry),
            self.prompting,
            code or Code(),
            base,
        )

    def upload(self, key: str = "", data: bytes = b'{"prompt": "Hi", "completion": "Hm."}\n') -> TrainingUploaded:
        """Put an object, and what is told of it."""
        key = key or f"training/{self.title}/spring/lines.jsonl"
        put = self.resources.s3.put_object(Bucket=self.resources.name("training"), Key=key, Body=data)
        return TrainingUploaded(self.resources.name("training"), key, put["VersionId"], AT, len(data))

    def read(self, uri: str) -> bytes:
        """What an `s3://` URI leads to."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return bytes(self.resources.s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    def only(self) -> Tuning:
        """The one run there is."""
        (tuning,) = self.tunings.newest(self.title, 10)
        return tuning

    @property
    def executions(self) -> list[str]:
        """All that were started."""
        return list(self.pipeline.runs)
