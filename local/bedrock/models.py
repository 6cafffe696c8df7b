"""The models that this process serves: loaded in the background, found by their Bedrock ids."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local import models as weights
from local.bedrock.converse import ChatModel
from local.bedrock.errors import ModelError, ModelNotReadyError, ValidationError
from local.bedrock.llama import Llama
from local.bedrock.minilm import MiniLM
from local.bedrock.openai import OpenAiChat
from local.bedrock.relevance import Relevance
from local.bedrock.speaker import Speaker

EMBEDDINGS = "all-minilm-l6-v2"
DEFAULT_CHAT = "qwen2.5-coder-0.5b-instruct"
READY_SECONDS = 30.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Base:
    """A model that can be tuned: its file, the loaded model, and what chooses its cues."""

    path: Path
    model: Llama
    relevance: Relevance


@dataclass(frozen=True)
class Settings:
    """What to serve; `chat` are names of `models.lock.json`."""

    directory: Path
    chat: tuple[str, ...] = (DEFAULT_CHAT,)
    model_path: Path | None = None
    openai_base_url: str = ""
    openai_model: str = ""
    openai_api_key: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], directory: Path, chat: Sequence[str]) -> Settings:
        """The settings given as LOCAL_* variables, beside those of the command line."""
        path = environment.get("LOCAL_MODEL_PATH")
        return cls(
            directory=directory,
            chat=tuple(chat) or (DEFAULT_CHAT,),
            model_path=Path(path) if path else None,
            openai_base_url=environment.get("LOCAL_OPENAI_BASE_URL", ""),
            openai_model=environment.get("LOCAL_OPENAI_MODEL", ""),
            openai_api_key=environment.get("LOCAL_OPENAI_API_KEY", ""),
        )

    def problem(self) -> str:
        """Why this cannot be served, in one line; empty if it can."""
        if self.openai_base_url and not self.openai_model:
            return "LOCAL_OPENAI_BASE_URL needs LOCAL_OPENAI_MODEL, the name that the server gives to the model."
        if self.model_path and not self.model_path.is_file():
            return f"LOCAL_MODEL_PATH is not a file: {self.model_path}"
        own = bool(self.openai_base_url or self.model_path)
        needed = [EMBEDDINGS] if own else [EMBEDDINGS, *self.chat]
        missing = [name for name in needed if not weights.installed(name, self.directory)]
        return f"Weights are not installed; run: python -m local.models {' '.join(missing)}" if missing else ""


class Models:
    """Loads what the settings name; requests wait until it is ready."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        known = weights.catalogue()
        self._chat_names = {known[name].bedrock_id: name for name in settings.chat}
        self._embeddings_id = known[EMBEDDINGS].bedrock_id
        self._chat: dict[str, ChatModel] = {}
        self._bases: dict[str, Base] = {}
        self._embedder: MiniLM | None = None
        self._done = asyncio.Event()
        self._failure = ""

    async def load(self) -> None:
        """Reads all weights; a failure is kept and reported to every request."""
        try:
            await self._load()
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            self._failure = f"The weights cannot be loaded: {error}"
            _LOG.error(self._failure)
        finally:
            self._done.set()

    async def _load(self) -> None:
        settings = self._settings
        self._embedder = await asyncio.to_thread(MiniLM, settings.directory / EMBEDDINGS)
        relevance = Relevance(self._embedder)
        for model_id, name in self._chat_names.items():
            if settings.openai_base_url:
                self._chat[model_id] = OpenAiChat(
                    settings.openai_base_url, settings.openai_model, settings.openai_api_key
                )
            else:
                path = settings.model_path or weights.weights_file(name, settings.directory)
                model = await asyncio.to_thread(Llama, path)
                self._bases[model_id] = Base(path, model, relevance)
                self._chat[model_id] = Speaker(model, relevance)
            _LOG.info("ready: %s", model_id)

    async def chat(self, model_id: str) -> ChatModel:
        """The chat model of that id; waits for the weights, then raises ModelNotReadyError."""
        name = _base_id(model_id)
        if name not in self._chat_names:
            raise ValidationError("The provided model identifier is invalid.")
        await self._ready()
        return self._chat[name]

    async def embedder(self, model_id: str) -> MiniLM:
        """The embedding model, if the id is its own."""
        if _base_id(model_id) != self._embeddings_id:
            raise ValidationError("The provided model identifier is invalid.")
        await self._ready()
        assert self._embedder is not None
        return self._embedder

    def untunable(self, model_id: str) -> str:
        """Why a model cannot be tuned; empty if it can."""
        if model_id not in self._chat_names:
            return "The provided model identifier is invalid, or the model is not one that can be customized."
        if self._settings.openai_base_url:
            return "The chat model is another server's (LOCAL_OPENAI_BASE_URL), which cannot be tuned from here."
        return ""

    async def base(self, model_id: str) -> Base:
        """A model that can be tuned; waits for the weights, however long they take to be read."""
        if refusal := self.untunable(model_id):
            raise ValidationError(refusal)
        await self._done.wait()
        await self._ready()
        return self._bases[model_id]

    def state(self) -> dict[str, str]:
        """Each id with `ready`, `loading` or the failure."""
        ready = {*self._chat, *([self._embeddings_id] if self._embedder else [])}
        waiting = self._failure or "loading"
        return {name: "ready" if name in ready else waiting for name in [*self._chat_names, self._embeddings_id]}

    async def _ready(self) -> None:
        try:
            await asyncio.wait_for(self._done.wait(), READY_SECONDS)
        except TimeoutError as error:
            raise ModelNotReadyError("The model is being loaded; try again.") from error
        if self._failure:
            raise ModelError(self._failure)


def _base_id(model_id: str) -> str:
    """The id itself, also if the ARN of the foundation model is given."""
    return model_id.rpartition("/")[2]
