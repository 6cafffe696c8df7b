"""Tuned models that are loaded: a few at a time, the one that was asked least recently goes first."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from local.bedrock.converse import ChatModel

MOST_LOADED = 2
_LOG = logging.getLogger(__name__)


class TunedModels:
    """Chat models by the ARN of their custom model."""

    def __init__(self, load: Callable[[str], Awaitable[ChatModel]], most: int = MOST_LOADED) -> None:
        self._load, self._most = load, most
        self._loaded: OrderedDict[str, ChatModel] = OrderedDict()
        self._loading = asyncio.Lock()

    async def get(self, model: str) -> ChatModel:
        """The model, loaded if it is not; raises what loading raises."""
        async with self._loading:
            if model not in self._loaded:
                while len(self._loaded) >= self._most:
                    # Its memory is freed once the last turn that it still answers is over.
                    _LOG.info("unloaded %s", self._loaded.popitem(last=False)[0])
                self._loaded[model] = await self._load(model)
                _LOG.info("loaded %s", model)
            self._loaded.move_to_end(model)
            return self._loaded[model]

    def drop(self, model: str) -> None:
        """Unloads it, if it is loaded."""
        self._loaded.pop(model, None)

    @property
    def loaded(self) -> list[str]:
        """Which are, least recently asked first."""
        return list(self._loaded)
