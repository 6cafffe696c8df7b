"""What the tests of the local Bedrock share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from local.bedrock.app import create_app
from tests.local.doubles import FakeModels, ScriptedChat, client_of, served


@pytest.fixture
def bedrock() -> Iterator[Callable[[ScriptedChat], Any]]:
    """Serves a scripted chat model and returns a client for it."""
    with ExitStack() as stack:

        def start(chat: ScriptedChat) -> Any:
            return client_of(stack.enter_context(served(create_app(FakeModels(chat)))))

        yield start
