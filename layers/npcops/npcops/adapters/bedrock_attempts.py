"""When a call of a model is made again: after what passes in a moment, and never after a wait."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError

T = TypeVar("T")

SOON = 1.0
"""Seconds within which a call must have failed to be made again; what took longer may have been worked on, and billed,
and whoever waited has turned to another model."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0
_BUSY = frozenset({429, 503})


class Attempts:
    """Makes a call up to `limit` times.

    It is made again when the service said soon that it was busy, after a pause, and once when the connection broke, as
    one does that has been idle for long; a call that timed out never is. `draw` gives the part of a pause that is
    waited, from 0 to 1.
    """

    def __init__(
        self,
        limit: int = 1,
        clock: Callable[[], float] = time.perf_counter,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._limit, self._clock, self._draw = limit, clock, draw

    def make(self, call: Callable[[], T], unwanted: Event) -> T:
        """The result of `call`, or what it raised last. No further attempt begins once it is `unwanted`."""
        whole = True
        for made in range(1, self._limit):
            started = self._clock()
            try:
                return call()
            except ClientError as error:
                if not _busy(error) or self._clock() - started > SOON:
                    raise
                pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (made - 1)) * self._draw()
                if unwanted.wait(pause):
                    raise
            except (ConnectionClosedError, EndpointConnectionError):
                if not whole or self._clock() - started > SOON or unwanted.is_set():
                    raise
                whole = False
        return call()


def _busy(error: ClientError) -> bool:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in _BUSY
