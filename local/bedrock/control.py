"""The control plane of the local Bedrock: its operations, the work that they cause, and tuned models."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from starlette.routing import Route

from local.bedrock import operations
from local.bedrock.converse import ChatModel, Finish, Request
from local.bedrock.customization import Customization
from local.bedrock.errors import ModelNotReadyError, ResourceNotFoundError, ServiceError, ValidationError
from local.bedrock.ledger import Ledger
from local.bedrock.llama import Llama
from local.bedrock.models import Models
from local.bedrock.objects import Objects
from local.bedrock.records import CustomModel, Deployment, Provisioned, now
from local.bedrock.speaker import Speaker
from local.bedrock.throughput import Called, Throughput
from local.bedrock.tuned import TunedModels
from local.bedrock.workshop import Workshop
from local.tuning import extra
from local.tuning import job as files

KINDS: tuple[type[Deployment] | type[Provisioned], ...] = (Deployment, Provisioned)
CANARY = Request(turns=[("user", "Who are you?")], max_tokens=4, temperature=0.0)
READY = ("Active", "InService")
_LOG = logging.getLogger(__name__)


def trainer(folder: Path) -> Sequence[str]:
    """The command that trains the job in a folder, and ends with this process."""
    return [str(extra.python()), "-m", "local.tuning", str(folder), "--parent", str(os.getpid())]


class ControlPlane:
    """All of it keeps its state below one folder."""

    def __init__(
        self,
        folder: Path,
        models: Models,
        objects: Objects,
        command: Callable[[Path], Sequence[str]] = trainer,
        installed: Callable[[], bool] = extra.installed,
    ) -> None:
        self._models, self._installed = models, installed
        self._ledger = Ledger(folder / "control.sqlite")
        self._workshop = Workshop(self._ledger, folder / "jobs", models, objects, command)
        self._tuned = TunedModels(self._load)
        self._opening: set[asyncio.Task[None]] = set()

    def routes(self, headers: Callable[[], dict[str, str]]) -> list[Route]:
        """Of all operations."""
        customization = Customization(self._ledger, self._workshop.folder, self._refusal, self._workshop.wake)
        throughput = Throughput(self._ledger, self._open, lambda called: self._tuned.drop(called.model))
        return operations.routes(customization.handlers() | throughput.handlers(), headers)

    async def run(self) -> None:
        """Does what is left to be done, and then what comes, until it is cancelled."""
        for kind in KINDS:
            for called in self._ledger.all(kind):
                if called.status == "Creating":
                    self._open(called)
        try:
            await self._workshop.run()
        finally:
            for task in self._opening:
                task.cancel()

    def names(self, model_id: str) -> bool:
        """Whether an id is the ARN of something that a tuned model is called by."""
        return ":custom-model-deployment/" in model_id or ":provisioned-model/" in model_id

    async def chat(self, called: str) -> ChatModel:
        """The tuned model behind an ARN. Raises ResourceNotFoundError, ModelNotReadyError."""
        found = next((each for kind in KINDS for each in self._ledger.all(kind) if each.arn == called), None)
        if found is None:
            raise ResourceNotFoundError("The custom model deployment was not found.")
        if found.status == "Failed":
            raise ValidationError(f"The custom model deployment failed: {found.failure}")
        if found.status not in READY:
            raise ModelNotReadyError("The custom model deployment is being created; try again.")
        return await self._tuned.get(found.model)

    def _refusal(self, base: str) -> str:
        """Why a base model cannot be tuned here; empty if it can."""
        if refusal := self._models.untunable(base):
            return refusal
        return "" if self._installed() else f"Training is not installed on this machine. {extra.HOW}"

    async def _load(self, model_arn: str) -> ChatModel:
        model = self._ledger.find(CustomModel, model_arn)
        if model is None:
            raise ResourceNotFoundError("The custom model was not found.")
        base = await self._models.base(model.base)
        adapter = self._workshop.folder(model.id) / files.ADAPTER
        try:
            voice = await asyncio.to_thread(Llama, base.path, adapter=adapter, slots=1)
        except RuntimeError as error:
            raise ServiceError(f"The adapter cannot be loaded: {error}") from error
        return Speaker(voice, base.relevance, clerk=base.model)

    def _open(self, called: Called) -> None:
        task = asyncio.get_running_loop().create_task(self._answering(called))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _answering(self, called: Called) -> None:
        """Ready once it answers."""
        ready = {"status": "Active" if isinstance(called, Deployment) else "InService"}
        try:
            await _said(await self._tuned.get(called.model))
        except ServiceError as error:
            ready = {"status": "Failed", "failure": error.message}
        except Exception as error:  # noqa: BLE001 - one that stays `Creating` could never be deleted
            _LOG.exception("%s cannot be called", called.arn)
            ready = {"status": "Failed", "failure": f"The service failed ({type(error).__name__}); see its log."}
        # It may have been deleted meanwhile.
        if any(other.id == called.id for other in self._ledger.all(type(called))):
            self._ledger.put(msgspec.structs.replace(called, modified=now(), **ready))


async def _said(model: ChatModel) -> None:
    """Returns once the model has answered. Raises ServiceError."""
    async for event in model.respond(CANARY):
        if isinstance(event, Finish) and not event.output_tokens:
            raise ServiceError("The model said nothing.")
