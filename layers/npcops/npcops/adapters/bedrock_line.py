"""The connection of a call that is streaming, which another thread than its reader's may cut."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import suppress
from threading import Event
from typing import Any

from npcops.model_calls import Delta, Reply


class Line:
    """Tells a call that it is `unwanted`, and cuts the connection that it has then, or comes to have."""

    def __init__(self) -> None:
        self.unwanted = Event()
        self._events: Any = None

    def carries(self, events: Any) -> None:
        """From here on the call waits for these events of botocore."""
        self._events = events
        # Looked at after the events are known, as `cut` looks for them after it has told: one sees the other.
        if self.unwanted.is_set():
            _cut(events)

    def cut(self) -> None:
        """Nobody wants the call any more. Does not block."""
        self.unwanted.set()
        if self._events is not None:
            _cut(self._events)


class Call:
    """The pieces of a reply, and a way to end the call from another thread."""

    def __init__(self, pieces: Any, line: Line) -> None:
        self._pieces: Generator[Delta | Reply, None, None] = pieces
        self._line = line

    def __iter__(self) -> Call:
        return self

    def __next__(self) -> Delta | Reply:
        return next(self._pieces)

    def close(self) -> None:
        """As a generator's."""
        self._pieces.close()

    def hang_up(self) -> None:
        """Ends the call while another thread waits for its next piece, which then fails."""
        self._line.cut()


def _cut(events: Any) -> None:
    """The reader of a socket that is shut down finds its end; whoever writes to the other end is told at once.

    Neither botocore nor urllib3 offers this, so anything may be otherwise than here: then the call goes on until it
    yields. A response without a connection has given it back, and another call may have it.
    """
    with suppress(Exception):
        raw = events._raw_stream
        if raw.connection is not None:
            # Not the method of an SSLSocket, which would have its reader go on without decryption.
            socket.socket.shutdown(raw.connection.sock, socket.SHUT_RDWR)
