"""Asking a stage again and again until what it says will do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from npc.errors import NotReachable

T = TypeVar("T")
POLL_SECONDS = 2.0
# A stage that is busy may leave a question or two unanswered.
PATIENCE = 3


def polled(ask: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> Iterator[T]:
    """Every answer, without end, a pause after each. Raises NotReachable if several questions stay unanswered."""
    unanswered = 0
    while True:
        try:
            found = ask()
        except NotReachable:
            unanswered += 1
            if unanswered >= PATIENCE:
                raise
        else:
            unanswered = 0
            yield found
        sleep(POLL_SECONDS)
