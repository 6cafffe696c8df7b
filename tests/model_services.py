"""Doubles of what models need from services: registry, throughput, runs, live figures, alarms, bus, releases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from botocore.exceptions import ConnectTimeoutError

from npcops.errors import Conflict, NotFound
from npcops.promotions import Approval, ModelPackage, SideFigures
from npcops.tunings import Deployment, Tuning


class Registry:
    """A `ModelRegistry` of one stage, which tells of a decision only when it is asked again."""

    def __init__(self) -> None:
        self.found: dict[str, ModelPackage] = {}
        self.decided = 0

    def packages(self, title: str) -> list[ModelPackage]:
        own = [package for package in self.found.values() if package.title == title]
        return sorted(own, key=lambda package: -package.version)

    def package(self, title: str, version: int) -> ModelPackage:
        return self.by_arn(arn_of(title, version))

    def by_arn(self, arn: str) -> ModelPackage:
        if arn not in self.found:
            raise NotFound("There is no such model version.")
        return self.found[arn]

    def decide(self, arn: str, approval: Approval, why: str) -> None:
        self.decided += 1
        told = {"approval": approval, "why": why, "changed_at": f"2026-11-20T12:00:{self.decided:02d}+00:00"}
        self.found[arn] = msgspec.structs.replace(self.by_arn(arn), **told)


class Deployments:
    """What `CustomModels` knows of throughput."""

    def __init__(self) -> None:
        self.found: dict[str, Deployment] = {}
        self.failures: list[Exception] = []

    def deployment(self, arn: str) -> Deployment:
        return self.found.get(arn, Deployment(arn, "gone", "on-demand"))

    def deployments(self) -> list[Deployment]:
        return list(self.found.values())

    def free(self, arn: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        if self.deployment(arn).readiness == "creating":
            raise Conflict("It is still being created.")
        self.found.pop(arn, None)


class Runs:
    """What is asked of a `TuningStore`."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Tuning] = {}

    def find(self, title: str, tuning: str) -> Tuning:
        try:
            return self.found[title, tuning]
        except KeyError:
            raise NotFound("There is no tuning run of this id.") from None

    def change(self, title: str, tuning: str, **fields: Any) -> Tuning:
        self.found[title, tuning] = msgspec.structs.replace(self.find(title, tuning), **fields)
        return self.found[title, tuning]

    def everywhere(self) -> list[Tuning]:
        return [run for run in self.found.values() if run.deployment]


class Live:
    """`LiveFigures` that are what a test says, by model; `asked` since when."""

    def __init__(self) -> None:
        self.figures: dict[str, SideFigures] = {}
        self.asked: list[tuple[str, str]] = []

    def window(self, title: str, model: str, since: str) -> SideFigures:
        self.asked.append((model, since))
        return self.figures.get(model, SideFigures())


class Ringing:
    """`StageAlarms`, of which some ring."""

    def __init__(self) -> None:
        self.ringing: set[str] = set()

    def firing(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self.ringing]


class Bus:
    """An `EventPublisher` that keeps what it is given."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[Exception] = []

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.events.append((detail_type, detail))

    def told(self) -> list[str]:
        """The types of what was announced, once for each id."""
        return list(dict.fromkeys(f"{kind} {detail.get('id', '')}" for kind, detail in self.events))

    def kinds(self) -> list[str]:
        return [told.partition(" ")[0] for told in self.told()]


class Releases:
    """A `ReleasePipeline`, which starts once per token."""

    def __init__(self) -> None:
        self.started: dict[str, tuple[str, int]] = {}
        self.failures: list[Exception] = []

    def start(self, title: str, version: int, token: str) -> str:
        if self.failures:
            raise self.failures.pop(0)
        self.started.setdefault(token, (title, version))
        return f"release-{token[:4]}"


class Parameters:
    """A client of the parameter store that is silent for some writes; `before` is done before each."""

    def __init__(self, client: Any) -> None:
        self._client, self.silent = client, 0
        self.before: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_parameter(self, **request: Any) -> Any:
        self.before()
        if self.silent:
            self.silent -= 1
            raise ConnectTimeoutError(endpoint_url="ssm")
        return self._client.put_parameter(**request)


def arn_of(title: str, version: int) -> str:
    return f"arn:aws:sagemaker:eu-central-1:123456789012:model-package/npcops-dev-{title}/{version}"


def deployment_of(title: str, version: int) -> str:
    return f"arn:aws:bedrock:eu-central-1:123456789012:custom-model-deployment/{title}{version}"
